import { type Bundler, runTool, warningsIn } from "./bundler.js";
import { staticSite } from "./static-site.js";

/** Said of one file of @bufbuild/protobuf, which ONNX files are read with. */
const known = /"this" has been rewritten to "undefined"|troubleshooting\/#error-this-is-undefined/;

/** Rollup with the two plugins without which it finds no package. */
export const rollup: Bundler = {
  name: "Rollup",
  packages: { rollup: "4.68.7", "@rollup/plugin-node-resolve": "16.0.3", "@rollup/plugin-commonjs": "29.0.3" },
  async build(project) {
    const said = await runTool(project, "rollup/dist/bin/rollup", ["--config", "rollup.config.js"]);
    const rewritten = said.includes('"this" has been rewritten') && !/node_modules\/@bufbuild\/protobuf/.test(said) ? ['"this" rewritten'] : [];
    return { warnings: [...rewritten, ...warningsIn(said, known)], serve: staticSite(`${project}/built/rollup`) };
  },
};
