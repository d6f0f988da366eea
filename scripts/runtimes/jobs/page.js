import { jpeg, png } from "./images.js";

/** Milliseconds for which the page is held on purpose, to know that it would be seen. */
const held = 120;
/** Milliseconds from which on a task is long. */
const long = 50;
/** Milliseconds that are worked between two messages, and altogether, where the page does what long work is compared with. */
const slice = 8;
const compared = 3000;

/**
 * The longest time, in milliseconds, for which this page's thread was busy at a stretch during some work: by the browser's record of
 * long tasks (from 50 ms on, else 0), or by the gaps between messages that the page sends itself. Where that is long, `sliced` is the same while it
 * works in short slices, for nothing: what else the machine does holds that too.
 */
async function longestTask(work) {
  await new Promise((resolve) => setTimeout(resolve, 0)); // what the caller did before is no part of the first task
  const watch = PerformanceObserver.supportedEntryTypes.includes("longtask") ? watchLongTasks : watchGaps;
  const stop = watch();
  await work();
  const longest = await stop();
  return { longest, sliced: longest > long ? await longestSlice(watch) : 0 };
}

async function longestSlice(watch) {
  const stops = [watch(), watchGaps(slice)];
  await new Promise((resolve) => setTimeout(resolve, compared));
  const [longest] = await Promise.all(stops.map((stop) => stop()));
  return longest;
}

function watchLongTasks() {
  let longest = 0;
  const take = (entries) => {
    for (const { duration } of entries) longest = Math.max(longest, duration);
  };
  const observer = new PerformanceObserver((list) => take(list.getEntries()));
  observer.observe({ type: "longtask" });
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 100)); // the record comes after the task
    take(observer.takeRecords());
    observer.disconnect();
    return longest;
  };
}

/** @param busy milliseconds to be busy between two messages */
function watchGaps(busy = 0) {
  const { port1, port2 } = new MessageChannel();
  let longest = 0;
  let last = performance.now();
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    hold(busy);
    port2.postMessage(null);
  };
  port2.postMessage(null);
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    port1.close();
    return longest;
  };
}

function hold(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

async function holdThePage() {
  await new Promise((resolve) => setTimeout(resolve, 0));
  hold(held);
}

/** What a policy forbids that this package must not need. */
function evaluates() {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
}

/**
 * Makes networks, classifies, trains with augmentation, saves and loads, and says how long each held the page.
 *
 * @param networks `{ name, imageSize, steps, batchSize, formats }`, made from a seed: how many steps to train, and as what to save and load
 * @param files paths of models to load
 */
export default async function page({ from = "ocelli", workerUrl, networks, files = [], photo }, { base }) {
  const { createModel, ImageList, init, loadModel, Trainer, trainingTransforms } = await import(from);
  const said = [];
  console.warn = (...words) => said.push(words.join(" "));
  if (workerUrl) init({ workerUrl: new URL(workerUrl, base) });
  const found = {};
  const during = async (what, work) => {
    performance.mark(what); // for whoever looks at a trace
    let result;
    found[what] = await longestTask(async () => {
      result = await work();
    });
    return result;
  };
  await during("held", holdThePage);
  const image = photo ? await (await fetch(new URL(photo, base))).blob() : jpeg;
  const images = [image, jpeg, png, image];
  const losses = [];
  for (const { name, steps = 0, batchSize = 4, formats = ["safetensors"], checkpointing, ...options } of networks) {
    const called = options.imageSize ? `${name} at ${options.imageSize}` : name;
    const model = await during(`${called}, create`, () => createModel(name, { labels: ["a", "b"], seed: 1, ...options }));
    await during(`${called}, classify`, () => model.classify(images));
    if (steps > 0) {
      const train = ImageList.from(Array.from({ length: steps * batchSize }, (_, i) => ({ image: images[i % 4], label: "ab"[i % 2] })));
      const settings = { epochs: 1, batchSize, lr: 0.01, transforms: trainingTransforms(model.preprocessing), seed: 1 };
      const trainer = new Trainer(model, { train }, { ...settings, gradientCheckpointing: checkpointing });
      await during(`${called}, count memory`, () => trainer.memory());
      const [{ loss }] = await during(`${called}, train`, () => trainer.fit());
      losses.push(loss);
    }
    for (const format of formats) {
      const bytes = await during(`${called}, save ${format}`, () => model.save(undefined, { format }));
      const file = new Blob([bytes]); // which copies
      const loaded = await during(`${called}, load ${format}`, () => loadModel(file, { preprocessing: model.preprocessing }));
      const [best] = await loaded.classify(image);
      if (!(best.score > 0)) throw new Error(`a score of ${best.score}`);
      loaded.close();
    }
    model.close();
  }
  for (const file of files) {
    const model = await during(`load ${file.split("/").at(-2)}`, () => loadModel(new URL(file, base), { preprocessing: "imagenet" }));
    await during(`classify with ${file.split("/").at(-2)}`, () => model.classify(image));
    model.close();
  }
  return { found, losses, isolated: crossOriginIsolated, evaluates: evaluates(), said };
}
