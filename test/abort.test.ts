import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as ocelli from "../src/index.js";
import { createModel, type Dataset, ImageList, type Model, Trainer } from "../src/index.js";
import { Model as ModelClass } from "../src/model/model.js";
import { GraphModel } from "../src/zoo/imported/graph-model.js";

const reason = new Error("enough");
/** Milliseconds from the abort to the rejection, at a step of ordinary size. */
const prompt = 200;
const side = 28;
const image = (value: number) => ({ data: new Uint8Array(side * side).fill(value), width: side, height: side, channels: 1 as const });
const items = Array.from({ length: 3000 }, (_, i) => ({ image: image(i % 256), label: "ab"[i % 2] }));

let model: Model;
let branches: Model;
let data: Dataset;
let server: Server;
let silent: string;

beforeAll(async () => {
  model = await createModel("small_cnn", { labels: ["a", "b"], seed: 1, threads: 1 });
  branches = await createModel("mobileone_s0", { seed: 1, numClasses: 2, threads: 1 });
  data = ImageList.from(items);
  server = createServer(() => {}); // it never answers
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  silent = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
});
afterAll(() => {
  model.close();
  branches.close();
  server.closeAllConnections();
  server.close();
});

/** What takes long, by its public name, and the milliseconds after which it is stopped: 0 for what may be done soon. */
const long: Record<string, [after: number, call: (signal: AbortSignal) => Promise<unknown>]> = {
  createModel: [30, (signal) => createModel("resnet50", { seed: 1, signal })],
  loadModel: [30, (signal) => ocelli.loadModel(silent, { signal })],
  downloadWeights: [30, (signal) => ocelli.downloadWeights(silent, { signal })],
  modelFormat: [30, (signal) => ocelli.modelFormat(silent, { signal })],
  quantize: [30, (signal) => ocelli.quantize(model, data, { images: 3000, signal, onReport: () => {} })],
  reparameterize: [0, (signal) => ocelli.reparameterize(branches, { signal })],
  fineTune: [30, (signal) => ocelli.fineTune(model, { train: data }, { epochs: 100, signal })],
  lrFind: [100, (signal) => ocelli.lrFind(model, { train: data }, { steps: 1000, batchSize: 32, signal })],
  unreadable: [10, (signal) => ocelli.unreadable(data, { signal })],
  "Model.classify": [
    30,
    (signal) =>
      model.classify(
        items.map(({ image }) => image),
        { signal },
      ),
  ],
  "Model.embed": [
    30,
    (signal) =>
      model.embed(
        items.map(({ image }) => image),
        { signal },
      ),
  ],
  "Model.forward": [0, (signal) => model.forward({ data: new Float32Array(64 * side * side), shape: [64, side, side, 1] }, { signal })],
  "Model.evaluate": [30, (signal) => model.evaluate(data, { signal })],
  "Model.parameters": [0, (signal) => model.parameters({ signal })],
  "Model.replaceHead": [0, (signal) => model.replaceHead(3, { signal })],
  "Model.save": [0, (signal) => model.save(undefined, { signal })],
  "Trainer.fit": [100, (signal) => new Trainer(model, { train: data }, { epochs: 100, batchSize: 32, signal }).fit()],
};

/** What is done soon, and why. */
const short: Record<string, string> = {
  describeArchitecture: "counts shapes",
  openSafetensors: "reads a header",
  splitDataset: "draws numbers",
  trainingReport: "writes a page",
  "Model.initialize": "draws a network's numbers, and half a network is none",
  "Model.setParameters": "copies, and half a network is none",
  "Model.compute": "internal: has the signal of its callers",
  "Model.computeEach": "internal: has the signal of its callers",
  "Model.computeScores": "internal: has the signal of its callers",
  "Model.room": "internal",
  "Model.program": "internal",
  "Trainer.resume": "copies, and half a checkpoint is none",
  "Trainer.memory": "counts",
  "GraphModel.run": "one run: see graph-model.test.ts",
  "GraphModel.prepared": "internal",
  "GraphModel.prepare": "internal",
};

const isAsync = (value: unknown) => typeof value === "function" && value.constructor.name === "AsyncFunction";
const methodsOf = (name: string, { prototype }: { prototype: object }) =>
  Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([key, { value }]) => (isAsync(value) ? `${name}.${key}` : []));

test("of every public asynchronous function it is known whether it takes long", () => {
  const exported = Object.entries(ocelli).flatMap(([name, value]) => (isAsync(value) ? name : []));
  const internal = methodsOf("Trainer", Trainer).filter((name) => !["Trainer.fit", "Trainer.resume", "Trainer.memory"].includes(name));
  const found = [...exported, ...methodsOf("Model", ModelClass), ...methodsOf("Trainer", Trainer), ...methodsOf("GraphModel", GraphModel)];
  const unknown = found.filter((name) => !internal.includes(name) && !(name in long) && !(name in short));
  expect(unknown, "give them a signal and a case in `long`, or a reason in `short`").toEqual([]);
});

test.each(Object.keys(long))("%s stops at once when it is aborted, with the reason", async (name) => {
  const [after, call] = long[name];
  let fastest = Number.POSITIVE_INFINITY;
  // A machine that has more to do may be late once; what is late every time is not prompt.
  for (let tries = 0; tries < 3 && fastest >= prompt; tries++) {
    const controller = new AbortController();
    const settled = call(controller.signal).then(
      () => "nothing",
      (error) => error,
    );
    if (after > 0) await new Promise((resolve) => setTimeout(resolve, after));
    const start = performance.now();
    controller.abort(reason);
    expect(await settled).toBe(reason);
    fastest = Math.min(fastest, performance.now() - start);
  }
  expect(fastest).toBeLessThan(prompt);
  const [best] = await model.classify(image(7));
  expect(best.score).toBeGreaterThan(0);
});
