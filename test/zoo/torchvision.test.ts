import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { costOf } from "../../src/nn/cost.js";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { asset } from "../assets.js";
import { classifier, networkOf, writeStateDict } from "./build.js";
import { relativeError, stateDict, toNhwc, uniform, withGain } from "./recipe.js";

/** See scripts/fixtures/zoo-torchvision.py. */
interface Network {
  readonly published: { readonly parameters: number; readonly gigaMultiplyAdds: number };
  readonly size: number;
  readonly gain: number;
  readonly logits: readonly number[];
  readonly photos: readonly (readonly number[])[];
}
interface Fixture {
  readonly classes: number;
  readonly networks: Record<string, Network>;
}
const { classes, networks }: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-torchvision.json", import.meta.url), "utf8"));

/** One of each kind whose weights are no larger than need be; `OCELLI_WHOLE_ZOO=1` runs them all, in some minutes. */
const chosen = [
  "alexnet",
  "densenet121",
  "efficientnet_b0",
  "efficientnet_v2_s",
  "googlenet",
  "inception_v3",
  "mobilenet_v2",
  "mobilenet_v3_small",
  "regnet_x_400mf",
  "regnet_y_400mf",
  "resnet18",
  "resnext50_32x4d",
  "shufflenet_v2_x0_5",
  "squeezenet1_0",
  "squeezenet1_1",
];
/** And on photos, of more pixels. */
const chosenForPhotos = ["efficientnet_b0", "googlenet", "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1"];
const isRun = (names: readonly string[], name: string) => names.includes(name) || process.env.OCELLI_WHOLE_ZOO !== undefined;

const photos = [0, 1].map((i) => asset(`weights/mobilenet_v2_1.0_224_coral_tf2ptq/input_${i}.f32`));
const hasPhotos = photos.every((path) => path !== undefined);
if (!hasPhotos) console.warn("skipped: the networks of torchvision on photos; weights/mobilenet_v2_1.0_224_coral_tf2ptq is not in the assets folder");

/** Logits of images [3, size, size] with the recipe's weights. */
async function logitsOf(name: string, gain: number, size: number, images: readonly ArrayLike<number>[]): Promise<Float32Array[]> {
  const graph = classifier(await networkOf("torchvision", name), { size, classes });
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  await writeStateDict(session, graph, withGain(stateDict(stateDictShapes(graph)), gain));
  const found: Float32Array[] = [];
  for (const image of images) found.push(((await program.run({ x: toNhwc(image, [1, 3, size, size]) })).logits as Float32Array).slice());
  session.close();
  return found;
}

describe.each(Object.entries(networks))("%s", (name, expected) => {
  test("costs what is published", async () => {
    const network = await networkOf("torchvision", name);
    const { parameters, multiplyAdds } = costOf(classifier(network));
    // What is published of GoogLeNet and Inception v3 counts the heads that only training uses.
    if (!network.unused) expect(parameters).toBe(expected.published.parameters);
    const { gigaMultiplyAdds } = expected.published;
    expect(Math.abs(multiplyAdds / 1e9 - gigaMultiplyAdds)).toBeLessThan(Math.max(0.01 * gigaMultiplyAdds, 5.1e-4));
  });

  if (isRun(chosen, name)) {
    test("computes torchvision's logits", async () => {
      const [logits] = await logitsOf(name, expected.gain, expected.size, [uniform(0, 3 * expected.size * expected.size)]);
      expect(relativeError(logits, expected.logits)).toBeLessThan(1e-4);
    });
  }

  if (isRun(chosenForPhotos, name)) {
    test.skipIf(!hasPhotos)("computes torchvision's logits of two photos", async () => {
      const images = photos.map((path) => new Float32Array(new Uint8Array(readFileSync(path as string)).buffer));
      const found = await logitsOf(name, expected.gain, 224, images);
      found.forEach((logits, i) => expect(relativeError(logits, expected.photos[i])).toBeLessThan(1e-4));
    });
  }
});
