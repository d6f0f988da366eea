export { runtimesPage } from "./page.js";
export { benchRuntimes } from "./run.js";
export { runtimesTable } from "./table.js";
