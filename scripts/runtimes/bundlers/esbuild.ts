import { type Bundler, runTool, warningsIn } from "./bundler.js";
import { staticSite } from "./static-site.js";

/**
 * `esbuild --bundle --splitting`: without splitting, all that may be loaded later is in the one file. A build a page: what pages of one
 * build import it puts together by files, and `ocelli` imports all of its own.
 */
export const esbuild: Bundler = {
  name: "esbuild",
  packages: { esbuild: "0.28.2" },
  async build(project) {
    const warnings: string[] = [];
    for (const page of ["scenario-page.js", "classify-page.js"]) {
      const said = await runTool(project, "esbuild/bin/esbuild", [page, "--bundle", "--splitting", "--format=esm", "--minify", "--outdir=built/esbuild"]);
      warnings.push(...warningsIn(said));
    }
    return { warnings, serve: staticSite(`${project}/built/esbuild`) };
  },
};
