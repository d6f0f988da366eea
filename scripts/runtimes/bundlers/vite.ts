import { type Bundler, runTool, warningsIn } from "./bundler.js";
import { staticSite } from "./static-site.js";

/** `vite build`, with the two pages that a user's configuration would name. */
export const vite: Bundler = {
  name: "Vite",
  packages: { vite: "8.3.8" },
  async build(project) {
    const said = await runTool(project, "vite/bin/vite.js", ["build", "--outDir", "built/vite"]);
    return { warnings: warningsIn(said), serve: staticSite(`${project}/built/vite`) };
  },
};
