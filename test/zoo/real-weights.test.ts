import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/index.js";
import type { ArchitectureOptions } from "../../src/nn/architecture.js";
import { hasIdentityNorms, matchStateDict, stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { architectureFor } from "../../src/zoo/registry.js";
import { asset } from "../assets.js";
import { classifier, writeStateDict } from "./build.js";
import { relativeError, toNhwc } from "./recipe.js";

interface Checkpoint {
  readonly folder: string;
  readonly name: string;
  readonly options?: ArchitectureOptions;
  readonly identityNorms?: boolean;
}

const checkpoints: Checkpoint[] = [
  { folder: "mobilenet_v2_1.0_224_coral_tf2ptq", name: "mobilenet_v2", options: { padding: "same" }, identityNorms: true },
  { folder: "mobilenet_v1_0.25_128_coral_qat", name: "mobilenet_v1", options: { padding: "same", width: 0.25 }, identityNorms: true },
  { folder: "squeezenet1_0_deepcompression", name: "squeezenet1_0" },
  { folder: "cifar_resnet20", name: "resnet20" },
  { folder: "mobilenet_v3_small_random", name: "mobilenet_v3_small" },
];

describe("real weights give the logits of PyTorch", () => {
  for (const { folder, name, options, identityNorms = false } of checkpoints) {
    const paths = ["model.safetensors", "reference.json", "input_0.f32", "input_1.f32"].map((file) => asset(`weights/${folder}/${file}`));
    const isThere = paths.every((path) => path !== undefined);
    if (!isThere) console.warn(`skipped: weights/${folder} is not in the assets folder`);

    test.skipIf(!isThere)(folder, async () => {
      const [weights, reference, ...inputs] = paths as string[];
      const file = await openSafetensors(weights);
      const expected: { logits: number[][] } = JSON.parse(readFileSync(reference, "utf8"));
      const network = await architectureFor(name, file.tensors.keys(), options);
      const pixels = inputs.map((path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer));
      const size = Math.sqrt(pixels[0].length / network.channels);
      const graph = classifier(network, { size, classes: expected.logits[0].length });
      const found = new Map([...file.tensors].map(([tensor, { shape }]) => [tensor, shape]));
      const { load } = matchStateDict(stateDictShapes(graph), found, { network: name });
      const tensors = new Map<string, Float32Array>();
      for (const tensor of load) tensors.set(tensor, await file.readFloat32(tensor));
      await file.close();
      expect(hasIdentityNorms(tensors)).toBe(identityNorms);

      const session = await Session.open({ build: "simd", threads: 1, inline: true });
      const program = await session.prepare(graph);
      await writeStateDict(session, graph, tensors);
      for (const [i, data] of pixels.entries()) {
        const { logits } = await program.run({ x: toNhwc(data, [1, network.channels, size, size]) });
        const error = relativeError(logits, expected.logits[i]);
        console.log(`${folder} input_${i}: max|a - b| = ${error.toExponential(1)} max|b|`);
        expect(error).toBeLessThanOrEqual(1e-4);
      }
      session.close();
    });
  }
});
