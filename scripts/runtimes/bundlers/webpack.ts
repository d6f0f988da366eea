import { type Bundler, runTool } from "./bundler.js";
import { staticSite } from "./static-site.js";

interface Stats {
  readonly errors: readonly { readonly message: string }[];
  readonly warnings: readonly { readonly message: string }[];
}

/** The weights that the package carries are files of 2.4 MiB and 579 KiB, which webpack tells of because a page could ask for them. */
const known = /^asset size limit: [^:]+:?[^:]*Assets: (\n {2}\w+\.safetensors \((2\.\d+ MiB|579 KiB)\)){2}$/;

/** `webpack --mode production`, with no configuration but the pages. */
export const webpack: Bundler = {
  name: "webpack",
  packages: { webpack: "5.112.2", "webpack-cli": "6.0.1" },
  async build(project) {
    const said = await runTool(project, "webpack/bin/webpack.js", ["--mode", "production", "--json", "--config", "webpack.config.js"]);
    const { errors, warnings } = JSON.parse(said.slice(said.indexOf("{"))) as Stats;
    return {
      warnings: [...errors, ...warnings].map(({ message }) => message).filter((message) => !known.test(message)),
      serve: staticSite(`${project}/built/webpack`),
    };
  },
};
