import { type Bundler, runTool, warningsIn } from "./bundler.js";
import { staticSite } from "./static-site.js";

/** Rollup with the two plugins without which it finds no package. */
export const rollup: Bundler = {
  name: "Rollup",
  packages: { rollup: "4.68.7", "@rollup/plugin-node-resolve": "16.0.3", "@rollup/plugin-commonjs": "29.0.3" },
  async build(project) {
    const said = await runTool(project, "rollup/dist/bin/rollup", ["--config", "rollup.config.js"]);
    return { warnings: warningsIn(said), serve: staticSite(`${project}/built/rollup`) };
  },
};
