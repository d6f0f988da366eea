import type { RunOptions } from "../../../src/cli/runtimes/index.js";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";
import type { Project } from "../project.js";

/** What `jobs/basics.js` gives. */
export interface Results {
  /** By number of threads. */
  readonly results: readonly { readonly same: unknown; readonly auto: { readonly build: string; readonly difference: number }; readonly threads: number }[];
  /** On the console. */
  readonly said: readonly string[];
  /** Requests of a page that failed or left its origin. */
  readonly strange: readonly string[];
}

/** MobileNetV2 with real weights on a photo where there are assets, else the network that the package brings. */
export function networkOf(project: Project): { network: string; weights: string; image?: string; size: number } & Record<string, unknown> {
  const folder = "weights/mobilenet_v2_1.0_224_coral_tf2ptq";
  const weights = project.asset(`${folder}/model.safetensors`);
  const image = project.asset("images/imagenet-sample-images/n01440764_tench.JPEG");
  if (weights === undefined || image === undefined)
    return { network: "resnet20", weights: "node_modules/ocelli/models/resnet20-tiny-imagenet/model.safetensors", size: 32 };
  const preprocessing = { resize: 256, crop: 224, interpolation: "bilinear", mean: [0.5], std: [0.5] };
  return { network: "mobilenet_v2", weights, image, size: 224, options: { padding: "same" }, preprocessing };
}

/** Of the largest logit: what `auto` may differ from `simd`. */
const tolerance = 1e-4;

/** Every runtime classifies a photo, trains a step, saves, loads and is cancelled, with equal bits in `simd` and near ones in `auto`. */
export function* basics({ project, programs }: Setting): Iterable<Cell> {
  const network = networkOf(project);
  let expected: unknown;

  const cell = (installed: Installed, asked: readonly number[], how = "", { isolated = true, flags }: RunOptions = {}): Cell => ({
    name: `${installed.name}${how}`,
    async run() {
      const { results, said, strange } = (await installed.run("jobs/basics.js", { ...network, threads: asked }, { isolated, flags })) as Results;
      for (const { same } of results) expectEqual(same, (expected ??= same), "scores, logits, loss or weights");
      expectEqual(
        results.map(({ threads }) => threads),
        isolated ? asked : asked.map(() => 1),
        "threads",
      );
      for (const { auto } of results)
        if (!(auto.difference <= tolerance)) throw new Error(`build "${auto.build}" differs from simd by ${auto.difference} of the largest logit`);
      expectEqual(strange, [], "requests that failed or left the origin");
      const warnings = said.filter((text) => isolated || !text.includes("Cross-Origin-Opener-Policy"));
      expectEqual(warnings, [], "words on the console");
      expectEqual(said.length, isolated ? 0 : 1, "warnings about threads");
      const [{ auto }] = results;
      return `${asked.length > 1 ? `threads ${asked.join(" and ")}` : "1 thread"}, ${auto.build} within ${auto.difference.toExponential(1)}`;
    },
  });

  for (const installed of programs) {
    const { threads, name } = installed.runtime;
    yield cell(installed, threads ? [1, 2] : [1]);
    if (name === "Chromium" || name === "Firefox") yield cell(installed, [2], ", not cross-origin isolated", { isolated: false });
    if (name === "workerd") yield cell(installed, [1], ", without Node's modules", { flags: ["no_nodejs_compat", "no_nodejs_compat_v2"] });
  }
}
