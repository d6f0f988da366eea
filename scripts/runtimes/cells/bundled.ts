import { build } from "esbuild";
import { type Cell, expectEqual, type Setting } from "../cell.js";
import { networkOf, type Results } from "./basics.js";

/** The page as esbuild makes it, with no options but the platform, gives what plain modules give. */
export function* bundled({ project, programs }: Setting): Iterable<Cell> {
  for (const installed of programs.filter(({ runtime }) => runtime.name === "Chromium"))
    for (const isolated of [true, false])
      yield {
        name: `${installed.name}, ${isolated ? "" : "not "}cross-origin isolated, bundled by esbuild`,
        async run() {
          const outdir = "bundled/esbuild";
          await build({
            absWorkingDir: project.folder,
            entryPoints: ["jobs/basics.js"],
            outdir,
            bundle: true,
            splitting: true,
            format: "esm",
            platform: "browser",
            logLevel: "silent",
          });
          const input = { ...networkOf(project), threads: [2] };
          const of = async (module: string) => (await installed.run(module, input, { isolated })) as Results;
          const [plain, made] = [await of("jobs/basics.js"), await of(`${outdir}/basics.js`)];
          expectEqual(made, plain, "scores, logits, loss or weights");
          return "as plain modules";
        },
      };
}
