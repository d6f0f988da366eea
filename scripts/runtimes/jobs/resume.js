import { createModel, ImageList, Trainer } from "ocelli";
import { indexedDb, opfs } from "ocelli/storage";

const classes = ["dark", "middle", "bright"];
const items = Array.from({ length: 12 }, (_, i) => {
  const data = Uint8Array.from({ length: 12 * 12 * 3 }, (_, at) => 40 + 70 * (i % 3) + ((i * 7919 + at * 104_729) % 60));
  return { image: { data, width: 12, height: 12, channels: 3 }, label: classes[i % 3] };
});
/** Three steps an epoch, a checkpoint after each. */
const settings = { epochs: 7, batchSize: 4, lr: 0.01, seed: 3 };
const file = "run.checkpoint";
const forever = () => new Promise(() => {});

/** Trains to the end, from the checkpoint where there is one. @returns the hash of the weights */
async function train(options, checkpoint) {
  const model = await createModel("small_cnn", { labels: classes, imageSize: 12, channels: 3, build: "simd", threads: 2, seed: 1 });
  const trainer = new Trainer(model, { train: ImageList.from(items, { classes }) }, { ...settings, ...options });
  if (checkpoint && (await checkpoint.store.list()).includes(file)) await trainer.resume(checkpoint);
  await trainer.fit();
  const digest = await crypto.subtle.digest("SHA-256", await model.save());
  model.close();
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Trains with checkpoints in a store of the browser until, at step `at`, it fetches `milestone` to be killed in a step or in the middle
 * of writing the checkpoint, or reloads its page; after that to its end, and once more without any of it.
 */
export default async function resume({ store: name, end, at, milestone }) {
  const store = { opfs, indexedDb }[name]("training");
  const firstSteps = JSON.parse(sessionStorage.getItem("firstSteps") ?? "[]");
  const isReloaded = firstSteps.length > 0;
  let isFirst = true;
  let step = 0;
  let isOver = false; // no checkpoint is kept any more
  const onProgress = (progress) => {
    step = progress.step;
    if (isFirst) firstSteps.push(step);
    isFirst = false;
    if (isReloaded || step !== at || isOver || end === "write") return;
    isOver = true;
    if (end === "step") return void fetch(milestone);
    sessionStorage.setItem("firstSteps", JSON.stringify(firstSteps));
    location.reload();
  };
  async function* cutShort(chunks) {
    let isHalf = false;
    for await (const chunk of chunks) {
      yield chunk;
      if (isHalf) {
        await fetch(milestone);
        await forever();
      }
      isHalf = true;
    }
  }
  const watched = {
    ...store,
    async write(name, chunks) {
      if (isOver) await forever();
      return store.write(name, end === "write" && name === file && step === at ? cutShort(chunks) : chunks);
    },
  };
  const resumed = await train({ checkpoint: { store: watched, name: file }, onProgress }, { store, name: file });
  return { firstSteps, resumed, whole: await train({}), names: await store.list() };
}
