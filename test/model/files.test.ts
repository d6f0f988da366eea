import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ArgumentError, DataError, FormatError, StorageError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import { openSafetensors, saveSafetensors, type TensorToWrite } from "../../src/formats/safetensors/index.js";
import { inferenceGraph } from "../../src/model/graphs.js";
import type { Model } from "../../src/model/model.js";
import { counterNames, stateDictShapes } from "../../src/nn/state-dict.js";
import { createModel } from "../../src/zoo/create-model.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { architecture } from "../../src/zoo/registry.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-model-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `model-${files++}.safetensors`);
const inline = { inline: true, build: "simd" } as const;
const labels = ["cat", "dog", "bird"];

/** A model whose every tensor is random, running statistics too. */
async function randomModel(name = "resnet20"): Promise<Model> {
  const model = await createModel(name, { ...inline, labels, imageSize: name === "small_cnn" ? 12 : 8 });
  const tensors = await model.parameters();
  for (const [key, { data }] of tensors) {
    const random = new Random(1, key.length);
    data.forEach((_, i) => {
      data[i] = key.endsWith("running_var") ? random.uniform(0.5, 2) : random.normal(0, 0.1);
    });
  }
  await model.setParameters(tensors);
  model.batchesTracked = 1234567;
  return model;
}

const valuesOf = async (model: Model) => new Map([...(await model.parameters())].map(([name, { data }]) => [name, data]));
/** The largest difference of two models' tensors, as a share of the value, or of `least` where that is larger. */
async function difference(a: Model, b: Model, least: number): Promise<number> {
  const other = await valuesOf(b);
  let most = 0;
  for (const [name, data] of await valuesOf(a)) {
    data.forEach((value, i) => {
      most = Math.max(most, Math.abs(value - (other.get(name)?.[i] as number)) / Math.max(Math.abs(value), least));
    });
  }
  return most;
}

describe("save, then load", () => {
  test.each(["resnet20", "small_cnn"])("%s: is the identity, from a path, a file URL, a Blob and bytes", async (name) => {
    const model = await randomModel(name);
    const path = newFile();
    await model.save(path);
    const bytes = await model.save();
    for (const source of [path, new URL(`file://${path}`), new Blob([bytes as BlobPart]), bytes, bytes.slice().buffer]) {
      const copy = await loadModel(source, inline);
      expect(await difference(model, copy, 1)).toBe(0);
      expect(Buffer.compare(await copy.save(), bytes)).toBe(0);
      expect([copy.labels, copy.preprocessing, copy.batchesTracked, copy.architecture.name]).toEqual([
        labels,
        model.preprocessing,
        name === "small_cnn" ? 0 : 1234567,
        name,
      ]);
      expect(copy.facts.trained).toBe(true);
      copy.close();
    }
    model.close();
  });

  /** Half a unit in the last place: 11 and 8 bits of precision; below float16's normal numbers (6.1e-5) an absolute step. */
  test.each([
    ["float16", 2 ** -11, 6.2e-5, 0.5],
    ["bfloat16", 2 ** -8, 1e-30, 0.5],
  ] as const)("%s: within rounding, in half the bytes", async (dtype, share, least, size) => {
    const model = await randomModel();
    const [whole, half] = [await model.save(undefined, { dtype: "float32" }), await model.save(undefined, { dtype })];
    expect(half.length / whole.length).toBeLessThan(size + 0.05);
    const copy = await loadModel(half, inline);
    const found = await difference(model, copy, least);
    expect(found).toBeLessThanOrEqual(share);
    expect(found).toBeGreaterThan(share / 4);
    expect(Buffer.compare(await copy.save(undefined, { dtype }), half)).toBe(0);
    for (const each of [model, copy]) each.close();
  });

  test("an unknown dtype is refused, and what cannot be written is said", async () => {
    const model = await randomModel();
    await expect(model.save(undefined, { dtype: "int4" as "float16" })).rejects.toThrow(
      new ArgumentError('save: dtype expected float32, float16 or bfloat16, got "int4"'),
    );
    await expect(model.save(join(folder, "nowhere", "model.safetensors"))).rejects.toThrow(StorageError);
    model.close();
  });
});

describe("the file is a state_dict of PyTorch", () => {
  test.each(["resnet20", "small_cnn", "mobilenet_v2"])("%s: names, shapes and num_batches_tracked", async (name) => {
    const network = await architecture(name);
    const model = await createModel(name, { ...inline, numClasses: 3 });
    const size = network.inputSize;
    const expected = stateDictShapes(inferenceGraph(network, 3, { batch: 1, height: size, width: size }, "logits"));
    const file = await openSafetensors(await model.save());
    const counters = counterNames(expected.keys());
    expect([...file.tensors.keys()].sort()).toEqual([...expected.keys(), ...counters].sort());
    for (const [tensor, shape] of expected) expect(file.tensors.get(tensor), tensor).toMatchObject({ dtype: "F32", shape });
    for (const counter of counters) expect(file.tensors.get(counter), counter).toMatchObject({ dtype: "I64", shape: [] });
    expect(counters.length).toBe(name === "small_cnn" ? 0 : [...expected.keys()].filter((key) => key.endsWith("running_var")).length);
    expect(file.metadata.get("format")).toBe("pt");
    model.close();
  });

  test("convolutions are OIHW and dense weights [out, in] in the file, HWIO and [in, out] in memory", async () => {
    const model = await createModel("small_cnn", { ...inline, labels, imageSize: 12 });
    const file = (await model.parameters()).get("conv2.weight")?.data as Float32Array;
    const memory = await model.session.read("conv2.weight");
    const [outs, ins, kernel] = [64, 32, 3];
    for (const [o, i, y, x] of [
      [0, 0, 0, 0],
      [5, 3, 2, 1],
      [63, 31, 2, 2],
      [17, 30, 0, 2],
    ]) {
      expect(file[((o * ins + i) * kernel + y) * kernel + x]).toBe(memory[((y * kernel + x) * ins + i) * outs + o]);
    }
    model.close();
  });
});

const whole = randomModel().then((model) => model.save());

/** A saved model, changed. */
async function changed(change: (metadata: Map<string, string>, tensors: Map<string, TensorToWrite>) => void): Promise<string> {
  const file = await openSafetensors(await whole);
  const metadata = new Map(file.metadata);
  metadata.delete("ocelli.sha256");
  const tensors = new Map<string, TensorToWrite>();
  for (const name of file.tensors.keys()) tensors.set(name, { name, ...(await file.read(name)) });
  change(metadata, tensors);
  const path = newFile();
  await saveSafetensors(path, tensors.values(), metadata);
  return path;
}

describe("tensors that do not fit", () => {
  const zeros = (name: string, shape: number[]): TensorToWrite => ({ name, dtype: "F32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
  test.each<[string, Parameters<typeof changed>[0], string]>([
    ["missing", (_, tensors) => tensors.delete("conv1.weight"), "1 missing: conv1.weight [16,3,3,3]"],
    ["unexpected", (_, tensors) => tensors.set("extra", zeros("extra", [2, 5])), "1 unexpected: extra [2,5]"],
    ["of another shape", (_, tensors) => tensors.set("bn1.bias", zeros("bn1.bias", [17])), "1 of another shape: bn1.bias expected [16], found [17]"],
    [
      "a head of another size",
      (_, tensors) => tensors.set("linear.weight", zeros("linear.weight", [4, 64])),
      "1 of another shape: linear.weight expected [3,64], found [4,64]",
    ],
    ["a head that is missing", (_, tensors) => tensors.delete("linear.bias"), "1 missing: linear.bias [3]"],
  ])("%s", async (_, change, message) => {
    const path = await changed(change);
    for (const load of [() => loadModel(path, inline), () => createModel("resnet20", { ...inline, pretrained: path })]) {
      const error = await load().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(FormatError);
      expect(error.message).toBe(`state_dict does not fit resnet20 (${path}): ${message}`);
    }
  });

  test("all kinds of misfits are told at once, the first five of each", async () => {
    const path = await changed((_, tensors) => {
      for (const name of [...tensors.keys()].filter((key) => key.startsWith("layer2."))) tensors.delete(name);
      tensors.set("extra", zeros("extra", [1]));
      tensors.set("conv1.weight", zeros("conv1.weight", [16, 1, 3, 3]));
    });
    await expect(loadModel(path, inline)).rejects.toThrow(
      /: 30 missing: (layer2[^,]+ \[[\d,]+\], ){5}\.\.\.; 1 unexpected: extra \[1\]; 1 of another shape: conv1\.weight expected \[16,3,3,3\], found \[16,1,3,3\]$/,
    );
  });
});

describe("files that are no classifier: each has its own error, with the file's name", () => {
  const write = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  test("truncated, in the data and in the header", async () => {
    const bytes = await whole;
    for (const length of [bytes.length - 1, 5000, 7]) {
      const path = write(`cut-${length}.safetensors`, bytes.subarray(0, length));
      const error = await loadModel(path, inline).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(FormatError);
      expect(error.message).toContain(path);
    }
  });

  test("zero bytes, a picture, text, a folder, nothing", async () => {
    await expect(loadModel(write("empty.safetensors", new Uint8Array()), inline)).rejects.toThrow(/empty\.safetensors/);
    await expect(loadModel(write("picture.png", Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13)), inline)).rejects.toThrow(
      /^load: expected safetensors, ONNX, .* begins with 89 50 4e 47 \(.*picture\.png\)/,
    );
    await expect(loadModel(write("notes.txt", new TextEncoder().encode("these are not the weights you are looking for")), inline)).rejects.toThrow(
      /^load: expected safetensors, ONNX, .* \(.*notes\.txt\)/,
    );
    await expect(loadModel(folder, inline)).rejects.toThrow(`${folder} has none of model.safetensors, onnx/model.onnx, model.onnx: it has `);
    await expect(loadModel(join(folder, "nowhere"), inline)).rejects.toThrow(DataError);
  });

  test("one flipped bit", async () => {
    const bytes = (await whole).slice();
    bytes[bytes.length - 77] ^= 1;
    await expect(loadModel(write("flipped.safetensors", bytes), inline)).rejects.toThrow(/sha256 .*, expected .*flipped\.safetensors/);
  });

  test.each<[string, Parameters<typeof changed>[0], RegExp]>([
    [
      "no architecture",
      (metadata) => metadata.delete("ocelli.architecture"),
      /^load: the file has weights but does not say of which architecture; use createModel\(name, \{ pretrained: ".*" \}\)/,
    ],
    [
      "an unknown architecture",
      (metadata) => metadata.set("ocelli.architecture", '{"name":"resnet19"}'),
      /^load: unknown architecture "resnet19": did you mean resnet18\?/,
    ],
    ["an unknown option", (metadata) => metadata.set("ocelli.architecture", '{"name":"resnet20","options":{"depth":3}}'), /^load: .*depth/],
    ["no JSON", (metadata) => metadata.set("ocelli.architecture", "resnet20"), /^load: metadata "ocelli\.architecture" is not JSON/],
    [
      "architecture as a list",
      (metadata) => metadata.set("ocelli.architecture", "[1]"),
      /^load: metadata "ocelli\.architecture" has an unexpected form: \[1\]/,
    ],
    ["labels as numbers", (metadata) => metadata.set("ocelli.labels", "[1,2,3]"), /^load: metadata "ocelli\.labels" has an unexpected form: \[1,2,3\]/],
    ["more labels than classes", (metadata) => metadata.set("ocelli.labels", '["a","b","c","d"]'), /linear\.weight expected \[4,64\], found \[3,64\]/],
    [
      "preprocessing without a crop",
      (metadata) => metadata.set("ocelli.preprocessing", '{"resize":8,"interpolation":"bilinear","mean":[0],"std":[1]}'),
      /^load: metadata "ocelli\.preprocessing" has an unexpected form/,
    ],
    [
      "a negative crop",
      (metadata) => metadata.set("ocelli.preprocessing", '{"resize":8,"crop":-8,"interpolation":"bilinear","mean":[0],"std":[1]}'),
      /^load: metadata "ocelli\.preprocessing" has an unexpected form/,
    ],
    [
      "std 0",
      (metadata) => metadata.set("ocelli.preprocessing", '{"resize":8,"crop":8,"interpolation":"bilinear","mean":[0],"std":[0]}'),
      /^load: metadata "ocelli\.preprocessing" has an unexpected form/,
    ],
    [
      "an unknown filter",
      (metadata) => metadata.set("ocelli.preprocessing", '{"resize":8,"crop":8,"interpolation":"psychic","mean":[0],"std":[1]}'),
      /^load: metadata "ocelli\.preprocessing" has an unexpected form/,
    ],
    ["null as notes", (metadata) => metadata.set("ocelli.notes", "null"), /^load: metadata "ocelli\.notes" has an unexpected form: null/],
  ])("metadata: %s", async (_, change, message) => {
    const path = await changed(change);
    const error = await loadModel(path, inline).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
  });

  test("an image too large for any memory", async () => {
    const path = await changed((metadata) =>
      metadata.set("ocelli.preprocessing", '{"resize":8,"crop":1000000000,"interpolation":"bilinear","mean":[0],"std":[1]}'),
    );
    await expect(loadModel(path, inline)).rejects.toThrow(/^shape \[1,1000000000,1000000000,3\] has more than \d+ elements/);
  });
});

describe("createModel", () => {
  test("with another number of classes starts the head anew from the seed, and only that", async () => {
    const source = await randomModel();
    const bytes = await source.save();
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => createModel("resnet20", { ...inline, pretrained: bytes, numClasses: 5, seed })));
    const [before, after, again, differing] = await Promise.all([source, one, same, other].map(valuesOf));
    for (const [name, data] of after) {
      const head = name.startsWith("linear.");
      if (!head) expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from((before.get(name) as Float32Array).buffer)), name).toBe(0);
      expect(again.get(name), name).toEqual(data);
      if (name === "linear.weight") expect(differing.get(name)).not.toEqual(data);
    }
    expect(after.get("linear.weight")?.length).toBe(5 * 64);
    expect(one.labels).toEqual(["0", "1", "2", "3", "4"]);
    expect(one.preprocessing).toEqual(source.preprocessing);
    for (const model of [source, one, same, other]) model.close();
  });

  test("other labels of the same number start the head anew, the same labels keep it", async () => {
    const source = await randomModel();
    const bytes = await source.save();
    const before = (await valuesOf(source)).get("linear.weight");
    const head = async (given: readonly string[]) => {
      const model = await createModel("resnet20", { ...inline, pretrained: bytes, labels: given });
      expect(model.labels).toEqual(given);
      const values = (await valuesOf(model)).get("linear.weight");
      model.close();
      return values;
    };
    expect(await head(labels)).toEqual(before);
    expect(await head(["ox", "ant", "owl"])).not.toEqual(before);
    source.close();
  });

  test("the same seed gives the same weights, another one others", async () => {
    const [a, b, c] = await Promise.all([7, 7, 8].map((seed) => createModel("resnet20", { ...inline, seed }).then((model) => model.save())));
    expect(Buffer.compare(a, b)).toBe(0);
    expect(Buffer.compare(a, c)).not.toBe(0);
  });

  test.each<[Parameters<typeof createModel>[1], string]>([
    [{ numClasses: 0 }, "createModel: numClasses expected a whole number of 1 or more, got 0"],
    [{ numClasses: 2, labels }, "createModel: 3 labels for 2 classes"],
    [{ imageSize: 2.5 }, "createModel: imageSize expected a whole number of 1 or more, got 2.5"],
    [{ preprocessing: { resize: 8, crop: 0, interpolation: "bilinear", mean: [0], std: [1] } }, "CenterCrop: size: expected"],
    [{ options: { depth: 3 } }, "depth"],
  ])("refuses %o", async (options, message) => {
    await expect(createModel("resnet20", { ...inline, ...options })).rejects.toThrow(ArgumentError);
    await expect(createModel("resnet20", { ...inline, ...options })).rejects.toThrow(message);
  });

  test("names what there is, for an unknown name and for one without weights", async () => {
    await expect(createModel("resnet19")).rejects.toThrow(/^unknown architecture "resnet19": .*resnet18/);
    await expect(createModel("resnet19", { pretrained: true })).rejects.toThrow(/^unknown architecture "resnet19"/);
    await expect(createModel("small_cnn", { pretrained: true })).rejects.toThrow(/^no weights are known for small_cnn/);
  });
});
