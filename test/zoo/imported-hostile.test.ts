import { expect, test } from "vitest";
import { FormatError, LimitError, UnsupportedOpError } from "../../src/core/errors.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { writeSafetensors } from "../../src/formats/safetensors/index.js";
import { attacks, sound } from "../formats/attacks/definition.js";
import { attacks as savedAttacks } from "../formats/attacks/saved.js";

const inline = { inline: true, build: "simd" } as const;

test("the sound file loads", async () => {
  const model = await loadModel(await sound(), inline);
  expect(model.labels).toHaveLength(5);
  model.close();
});

const oneTensor = (metadata: Readonly<Record<string, string>>) =>
  writeSafetensors([{ name: "a", dtype: "F32", shape: [1], data: new Float32Array(1) }], metadata);

test.each([...attacks, ...savedAttacks.map((attack) => ({ ...attack, bytes: () => oneTensor(attack.metadata) }))])(
  "refuses: $name",
  async ({ bytes, message }) => {
    const file = await bytes();
    const error = await loadModel(file, inline).then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(
      [FormatError, LimitError, UnsupportedOpError].some((kind) => error instanceof kind),
      String(error),
    ).toBe(true);
    expect(error.message).toMatch(message);
  },
);
