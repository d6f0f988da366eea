import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unlessAborted } from "../../src/core/abort.js";
import type { FileSource } from "../../src/core/file-store.js";
import * as ocelli from "../../src/index.js";
import { createModel, type Dataset, ImageFolder, ImageList, type Model, TarShards, Trainer } from "../../src/index.js";
import { saveSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.js";
import { type GraphModel, loadForeign, openOnnx, readOnnx } from "../../src/onnx.js";
import { memory } from "../../src/storage/index.js";
import { loadTfjs, openTfjs, type TfjsArtifacts } from "../../src/tfjs.js";
import { openTflite } from "../../src/tflite.js";
import { augmentedSamples, calibrate, EmbeddingIndex, type Explanation, exportPage, explain, mistakes, overlay, recognize } from "../../src/vision/index.js";
import { tar } from "../data/make-tar.js";
import { asynchronousFunctions } from "./public.js";
import { Work } from "./work.js";

const reason = new Error("enough");
/** Units that a call may begin after its abort: what is under way on a few threads, and the end of a step. */
const allowed = 12;
/** What puts weights back in any case may begin more: some for each tensor. */
const putsBack: Record<string, number> = { lrFind: 100 };

const side = 28;
const picture = (seed: number) => ({
  data: Uint8Array.from({ length: side * side }, (_, i) => (seed * 37 + i * seed) % 256),
  width: side,
  height: side,
  channels: 1 as const,
});
const pictures = Array.from({ length: 1000 }, (_, i) => picture(i));

const work = new Work();
/** Each item that is asked for is a unit. */
const watched = (data: Dataset): Dataset => ({
  classes: data.classes,
  length: data.length,
  item: (index) => (work.begin(), data.item(index)),
  subset: (indices) => watched(data.subset(indices)),
});
/** A file that is asked for and never comes. */
const never: FileSource = {
  store: {
    place: "a store that does not answer",
    open: () => {
      work.begin();
      return new Promise(() => {});
    },
  },
  name: "model.onnx",
};

const folder = mkdtempSync(join(tmpdir(), "ocelli-abort-"));
const data = watched(ImageList.from(pictures.map((image, i) => ({ image, label: "ab"[i % 2] }))));
const tensors = Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, dtype: "F16" as const, shape: [100], data: new Float32Array(100).fill(i) }));
let model: Model;
let branches: Model;
let safetensors: Uint8Array;
let onnx: Uint8Array<ArrayBuffer>;
let graph: GraphModel;
let index: EmbeddingIndex;
let indexFile: Uint8Array;
let explanation: Explanation;
let calibrated: Model;
let server: Server;
let silent: string;

beforeAll(async () => {
  const options = { labels: ["a", "b"], seed: 1, threads: 1 };
  model = await createModel("small_cnn", options);
  branches = await createModel("mobileone_s0", { ...options, imageSize: 64 });
  safetensors = await branches.save();
  onnx = (await branches.save(undefined, { format: "onnx" })) as Uint8Array<ArrayBuffer>;
  graph = await openOnnx(onnx, { threads: 1 });
  index = new EmbeddingIndex();
  for (let i = 0; i < 10_000; i++) index.add(`${i}`, Float32Array.of(1, i, i % 7));
  indexFile = await index.save();
  explanation = await explain(branches, photo);
  calibrated = await createModel("small_cnn", options);
  await calibrate(calibrated, data.subset([0, 1, 2, 3, 4, 5, 6, 7]));
  server = createServer(work.begin); // it never answers
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  silent = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
  for (let i = 0; i < 50; i++) mkdirSync(join(folder, "photos", `${i}`), { recursive: true });
});
afterAll(() => {
  for (const each of [model, branches, calibrated, graph]) each.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const photo = { data: new Uint8Array(64 * 400 * 3).fill(90), width: 64, height: 400, channels: 3 as const };
const archive = new Blob([tar(Array.from({ length: 200 }, (_, i) => `${"ab"[i % 2]}/${i}.png`))]);

/** A Keras network of one dense layer, as TF.js holds it in memory. */
const artifacts: TfjsArtifacts = {
  modelTopology: {
    class_name: "Sequential",
    config: {
      name: "small",
      layers: [
        { class_name: "Flatten", config: { name: "flatten", batch_input_shape: [null, 8, 8, 3] } },
        { class_name: "Dense", config: { name: "dense", units: 2 } },
      ],
    },
    keras_version: "2.15.0",
  },
  weightSpecs: [
    { name: "dense/kernel", shape: [192, 2], dtype: "float32" },
    { name: "dense/bias", shape: [2], dtype: "float32" },
  ],
  weightData: new Float32Array(386).buffer,
};

type Call = (signal: AbortSignal) => Promise<unknown>;

/** What takes long, by its public name, and in which units it is stopped. */
const long: Record<string, Call | [call: Call, ...at: number[]]> = {
  createModel: (signal) => createModel("mobilenet_v2", { seed: 1, signal }),
  "createModel, pretrained": [(signal) => createModel("resnet18", { pretrained: never, signal }), 1],
  loadModel: (signal) => ocelli.loadModel(safetensors, { signal }),
  "loadModel, ONNX": (signal) => ocelli.loadModel(onnx, { signal }),
  "loadModel, a file that does not come": [(signal) => ocelli.loadModel(never, { signal }), 1],
  "loadModel, a server that does not answer": [(signal) => ocelli.loadModel(silent, { signal }), 1],
  downloadWeights: [(signal) => ocelli.downloadWeights(silent, { signal }), 1],
  loadForeign: (signal) => loadForeign({ graph: readOnnx(onnx, "model.onnx") }, { signal }),
  loadTfjs: [(signal) => loadTfjs(artifacts, { signal }), 1, 5],
  openOnnx: [(signal) => openOnnx(never, { signal }), 1],
  openTfjs: [(signal) => openTfjs(never, { signal }), 1],
  openTflite: [(signal) => openTflite(never, { signal }), 1],
  modelFormat: [(signal) => ocelli.modelFormat(never, { signal }), 1],
  quantize: (signal) => ocelli.quantize(model, data, { images: 1000, signal, onReport: () => {} }),
  reparameterize: (signal) => ocelli.reparameterize(branches, { signal }),
  fineTune: (signal) => ocelli.fineTune(model, { train: data }, { epochs: 100, signal }),
  lrFind: (signal) => ocelli.lrFind(model, { train: data }, { steps: 1000, batchSize: 32, signal }),
  unreadable: (signal) => ocelli.unreadable(data, { signal }),
  trainingReport: [
    async (signal) =>
      ocelli.trainingReport({
        ...{ model, records: [], trainImages: 1, seconds: 1, title: "photos", validation: data, signal },
        evaluation: await model.evaluate(data.subset([0, 1, 2, 3, 4, 5, 6, 7]), { signal }),
      }),
    1,
  ],
  saveSafetensors: (signal) => saveSafetensors({ store: memory(), name: "tensors" }, tensors, {}, { signal }),
  writeSafetensors: (signal) => writeSafetensors(tensors, {}, { sha256: true, signal }),
  "ImageFolder.open": [(signal) => ImageFolder.open(join(folder, "photos"), { signal }), 0],
  "ImageList.fromAsync": (signal) => ImageList.fromAsync(endless(), { signal }),
  "TarShards.open": (signal) => TarShards.open(archive, { signal }),
  "TarShards.openSplit": (signal) => TarShards.openSplit(archive, { signal }),
  "Model.classify": (signal) => model.classify(pictures, { signal }),
  "Model.embed": (signal) => model.embed(pictures, { signal }),
  "Model.forward": (signal) => branches.forward({ data: new Float32Array(7 * 64 * 64 * 3), shape: [7, 64, 64, 3] }, { signal }),
  "Model.evaluate": (signal) => model.evaluate(data, { signal }),
  "Model.parameters": (signal) => branches.parameters({ signal }),
  "Model.replaceHead": (signal) => branches.replaceHead(3, { signal }),
  "Model.save": (signal) => branches.save(undefined, { signal }),
  "Model.save, float16": (signal) => branches.save({ store: memory(), name: "model" }, { dtype: "float16", signal }),
  "Model.save, ONNX": (signal) => branches.save(undefined, { format: "onnx", signal }),
  "GraphModel.run": [(signal) => graph.run({ [graph.inputs[0].name]: { data: new Float32Array(64 * 64 * 3), shape: [1, 3, 64, 64] } }, { signal }), 1],
  "Trainer.fit": (signal) => new Trainer(model, { train: data }, { epochs: 100, batchSize: 32, signal }).fit(),
  "Trainer.memory": (signal) => new Trainer(branches, { train: data }, { signal }).memory(),
  augmentedSamples: [(signal) => augmentedSamples(branches, photo, { count: 64, signal }), 1],
  explain: (signal) => explain(branches, photo, { signal }),
  "explain, a graph": (signal) => explain(graph, photo, { preprocessing: "imagenet", signal }),
  overlay: (signal) => overlay(photo, explanation, { signal }),
  mistakes: (signal) => mistakes(model, data, { signal }),
  calibrate: (signal) => calibrate(model, data, { signal }),
  recognize: (signal) => recognize(calibrated, pictures, { signal }),
  exportPage: (signal) => exportPage(branches, { signal }),
  "EmbeddingIndex.build": (signal) => EmbeddingIndex.build(model, data, { signal }),
  "EmbeddingIndex.addImages": (signal) => new EmbeddingIndex().addImages(model, data, { signal }),
  "EmbeddingIndex.load": (signal) => EmbeddingIndex.load(indexFile, { signal }),
  "EmbeddingIndex.save": (signal) => index.save(undefined, { signal }),
  "EmbeddingIndex.search": (signal) => index.search({ id: "7" }, { signal }),
  "EmbeddingIndex.searchImage": (signal) => new EmbeddingIndex().searchImage(model, picture(3), { signal }),
  "EmbeddingIndex.duplicates": (signal) => index.duplicates({ signal }),
};

async function* endless() {
  for (let i = 0; ; i++) {
    work.begin();
    yield { image: picture(i), label: i % 2 };
  }
}

/** What is done soon, and why, or who hears the signal instead. */
const short: Record<string, string> = {
  "ByteSource.read": "one read; who reads on hears the signal",
  "ByteSource.close": "lets go of a file",
  "FileStore.list": "asks for names",
  "FileStore.remove": "removes a name",
  "FileStore.open": "opens a file, and reads nothing",
  "FileStore.write": "ends where its chunks throw, as those of an aborted call do",
  "ReadableStore.open": "as FileStore.open",
  "WritableStore.write": "as FileStore.write",
  "ImageList.fromCsv": "reads one text of at most limits.textBytes",
  splitDataset: "draws numbers",
  openSafetensors: "reads a header; its signal is for what is read then",
  readHeader: "reads a header",
  "SafetensorsFile.read": "one tensor, by the signal of openSafetensors",
  "SafetensorsFile.readFloat32": "one tensor, by the signal of openSafetensors",
  "SafetensorsFile.close": "lets go of a file",
  "Model.setParameters": "copies, and half a network is none",
  "Model.initialize": "draws a network's numbers, and half a network is none",
  "Trainer.resume": "copies, and half a checkpoint is none",
  describeArchitecture: "counts shapes",
  "GraphModel.open": "starts a session; its callers openOnnx, openTfjs and openTflite hear the signal",
  readTfjsArtifacts: "looks through what is in memory",
};

const found = asynchronousFunctions();
/** `Trainer.fit` of `Trainer.fit, with a teacher`. */
const functionOf = (name: string) => name.split(", ")[0];
const measured = new Set(Object.keys(long).map(functionOf));

test("of every public asynchronous function it is known whether it takes long", () => {
  const unknown = [...found.keys()].filter((name) => !measured.has(name) && !(name in short));
  expect(unknown, "give them a signal and a case in `long`, or a reason in `short`").toEqual([]);
  expect(
    [...found].filter(([name, takesSignal]) => takesSignal && !measured.has(name) && name !== "openSafetensors"),
    "these take a signal: give them a case in `long`",
  ).toEqual([]);
  expect(
    [...measured, ...Object.keys(short)].filter((name) => !found.has(name)),
    "there are none of these names",
  ).toEqual([]);
});

test.each(Object.keys(long))("%s stops where it is when it is aborted", async (name) => {
  const [call, ...at] = [long[name]].flat() as [Call, ...number[]];
  for (const unit of at.length > 0 ? at : [1, 25]) {
    const { thrown, settled, behind } = await work.abort(unit, reason, call);
    expect(thrown).toBe(reason);
    expect(settled, "units until it settled").toBeLessThanOrEqual(putsBack[name] ?? allowed);
    expect(behind, "units that went on behind it").toBeLessThanOrEqual(putsBack[name] ?? allowed);
  }
  const [best] = await model.classify(picture(7));
  expect(best.score).toBeGreaterThan(0);
});

test("what does not stop would be seen", async () => {
  const deaf = await work.abort(25, reason, () => model.evaluate(data));
  expect(deaf.thrown).toBeUndefined();
  expect(deaf.settled).toBeGreaterThan(data.length - 100);
  const hidden = await work.abort(25, reason, (signal) => unlessAborted(model.evaluate(data), signal));
  expect(hidden.thrown).toBe(reason);
  expect(hidden.behind).toBeGreaterThan(data.length - 100);
});
