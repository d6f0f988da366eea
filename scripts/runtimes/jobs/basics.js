import { createModel, ImageList, loadModel, Trainer } from "ocelli";
import { jpeg, png } from "./images.js";

const sha256 = async (...arrays) => {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const largest = (numbers) => numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);

/**
 * Classifies real images, trains a step, saves, loads and cancels, with `threads` threads.
 *
 * @returns `same`: equal in every runtime. `auto`: how far the default build's logits are from simd's, as a share of the largest
 */
async function use({ network, weights, options, preprocessing, image, size, threads }, base) {
  const pretrained = new URL(weights, base);
  const photo = image ? await (await fetchOrRead(new URL(image, base))).arrayBuffer() : jpeg;
  const create = (build) => createModel(network, { pretrained, options, preprocessing, build, threads, seed: 1 });
  const model = await create("simd");
  const pictures = [photo, jpeg, png];
  const scores = await model.classify(pictures, { topK: 3 });
  const input = { data: Float32Array.from({ length: 2 * size * size * 3 }, (_, i) => ((i * 7919) % 255) / 128 - 1), shape: [2, size, size, 3] };
  const { data: logits } = await model.forward(input);

  const fast = await create("auto");
  const { data: others } = await fast.forward(input);
  const auto = { build: fast.describe().build, difference: largest(others.map((value, i) => value - logits[i])) / largest(logits) };
  const [[best]] = await fast.classify([photo]);
  if (best.label !== scores[0][0].label) throw new Error(`build "${auto.build}" says ${best.label}, simd ${scores[0][0].label}`);
  fast.close();

  // Right after its start, and from within: data sets and transforms are the caller's, so that the abort comes while the call is at work.
  const many = ImageList.from(
    Array.from({ length: 64 }, (_, i) => ({ image: pictures[i % 3], label: model.labels[i % 3] })),
    { classes: model.labels },
  );
  for (const after of [0, 5]) {
    const cancelled = new AbortController();
    let asked = 0;
    const abort = () => cancelled.abort(new Error("never mind"));
    const data = { classes: many.classes, length: many.length, item: (index) => (++asked === after && abort(), many.item(index)) };
    const waiting = after === 0 ? model.classify(pictures, { signal: cancelled.signal }) : model.evaluate(data, { signal: cancelled.signal });
    if (after === 0) abort();
    const reason = await waiting.then(
      () => undefined,
      (error) => error,
    );
    if (reason !== cancelled.signal.reason) throw new Error(`a cancelled call gave ${reason ?? "a result"}`);
    if (asked >= many.length) throw new Error(`a call that was cancelled at the fifth image asked for ${asked}`);
  }

  const weightsOf = async () => [...(await model.parameters())].filter(([name]) => !/running_|num_batches/.test(name)).map(([, { data }]) => data);
  const before = await weightsOf();
  const train = ImageList.from(
    pictures.map((image, i) => ({ image, label: model.labels[i] })),
    { classes: model.labels },
  );
  const [{ loss }] = await new Trainer(model, { train }, { epochs: 1, batchSize: 3, lr: 0.01, schedule: "constant", seed: 1 }).fit();
  const after = await weightsOf();
  if (!Number.isFinite(loss) || !after.every((data) => data.every(Number.isFinite))) throw new Error("after a step a weight or the loss is not finite");
  if (after.some((data, i) => data.every((value, at) => value === before[i][at]))) throw new Error("a step left a tensor of weights as it was");

  const trained = await model.classify(pictures);
  const loaded = await loadModel(await model.save(), { build: "simd", inline: true });
  const again = await loaded.classify(pictures);
  if (JSON.stringify(again) !== JSON.stringify(trained))
    throw new Error(`saved and loaded, the model gave ${JSON.stringify(again)}, expected ${JSON.stringify(trained)}`);
  const used = model.describe().threads;
  model.close();
  loaded.close();
  return { same: { scores, logits: await sha256(logits), loss, weights: await sha256(...after) }, auto, threads: used };
}

/** Bytes of a file, as a user's own code would get them. */
async function fetchOrRead(url) {
  if (url.protocol !== "file:") return fetch(url);
  const { readFile } = process.getBuiltinModule("node:fs/promises");
  return new Response(await readFile(url));
}

/** `use` once for each number of threads, with what the package said on the console and, in a page, what it asked of servers. */
export default async function basics({ threads, ...network }, { base }) {
  const said = [];
  for (const level of ["warn", "error"]) console[level] = (...words) => said.push(words.join(" "));
  const results = [];
  for (const count of threads) results.push(await use({ ...network, threads: count }, base));
  const requests = typeof document === "object" ? performance.getEntriesByType("resource").filter(({ name }) => name.startsWith("http")) : [];
  const strange = requests.filter(({ name, responseStatus }) => !name.startsWith(base) || responseStatus >= 400).map(({ name }) => name);
  return { results, said, strange };
}
