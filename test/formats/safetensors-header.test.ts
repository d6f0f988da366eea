import { describe, expect, it } from "vitest";
import { FormatError, LimitError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import { openSafetensors, readHeader, writeSafetensors } from "../../src/formats/safetensors/index.js";
import { attacks, file } from "./attacks/safetensors.js";

describe("safetensors header", () => {
  it("reads names, places and metadata, in the order of the bytes", async () => {
    const bytes = file(
      { b: { dtype: "F16", shape: [2, 1], data_offsets: [4, 8] }, a: { dtype: "F32", shape: [], data_offsets: [0, 4] }, __metadata__: { format: "pt" } },
      8,
    );
    const { tensors, metadata } = await readHeader(bytes);
    expect([...metadata]).toEqual([["format", "pt"]]);
    expect([...tensors]).toEqual([
      ["a", { dtype: "F32", shape: [], offset: bytes.length - 8, length: 4 }],
      ["b", { dtype: "F16", shape: [2, 1], offset: bytes.length - 4, length: 4 }],
    ]);
  });

  it("reads a file without tensors, names like those of Object's members, fields it does not know, and padding", async () => {
    expect((await readHeader(file("{}"))).tensors.size).toBe(0);
    const odd = `{"__proto__":{"dtype":"U8","shape":[0,${2 ** 40}],"data_offsets":[0,0],"more":"{\\"[,"},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}\n  `;
    const { tensors } = await readHeader(file(odd, 1));
    expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
    expect(tensors.get("__proto__")?.shape).toEqual([0, 2 ** 40]);
  });

  it.each(attacks)("refuses: $name", async ({ bytes, error, message }) => {
    const thrown = await openSafetensors(bytes).catch((reason) => reason);
    expect(thrown).toBeInstanceOf(error === "LimitError" ? LimitError : FormatError);
    expect(thrown.message).toContain(message);
    expect(thrown.message).toMatch(/^safetensors: .* \(bytes in memory\)$/s);
  });

  it("throws nothing but FormatError and LimitError on 2,000 damaged files", async () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const whole = await writeSafetensors(
      [
        { name: "layer.weight", dtype: "F32", shape: [3, 4], data },
        { name: "layer.bias", dtype: "BF16", shape: [4], data: data.slice(0, 4) },
        { name: "mean", dtype: "F16", shape: [], data: data.slice(0, 1) },
      ],
      { format: "pt", labels: '["a","b"]' },
      { sha256: true },
    );
    const header = Number(new DataView(whole.buffer).getBigUint64(0, true)) + 8;
    const random = new Random(1);
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 2000; round++) {
      let bytes = whole.slice(0, round % 10 === 0 ? random.integer(whole.length) : whole.length);
      if (round % 10 === 1) bytes = new Uint8Array([...bytes, ...new Uint8Array(1 + random.integer(40))]);
      const characters = '{}[]",:0123456789eE.-\\u ';
      for (let edits = random.integer(4); edits >= 0 && bytes.length > 0; edits--) {
        const at = random.integer(round % 3 === 0 ? bytes.length : Math.min(header, bytes.length));
        bytes[at] = round % 2 === 0 ? random.integer(256) : characters.charCodeAt(random.integer(characters.length));
      }
      try {
        const opened = await openSafetensors(bytes);
        for (const name of opened.tensors.keys()) await opened.readFloat32(name);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
        outcomes.refused++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(10);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });
});
