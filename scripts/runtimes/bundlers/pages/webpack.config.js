import { resolve } from "node:path";

export default {
  entry: { "scenario-page": "./scenario-page.js", "classify-page": "./classify-page.js" },
  output: { path: resolve("built/webpack") },
};
