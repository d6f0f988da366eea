/** The steps of pipelines that only training takes, as a bundle of its own for workers: it comes with the first pipeline that has one. */
export { takeModulesFrom } from "../runtime/modules.js";
export { definitions } from "./transforms/augment/index.js";
