import { createModel, env } from "ocelli";

const architecture = "resnet18";

const factsOf = async (model) => {
  const input = { data: Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => ((i * 7919) % 255) / 128 - 1), shape: [1, 32, 32, 3] };
  const { data } = await model.forward(input);
  model.close();
  return { logits: [...data] };
};

/** Folder of every piece of a file, whole or not, that is in the place. */
async function pieces(place) {
  const { indexedDb, opfs } = await import("ocelli/storage");
  const names = await { OPFS: opfs, IndexedDB: indexedDb }[place]("ocelli-hub").list();
  return names.map((name) => name.split("/")[0]).filter((folder) => ["pieces", "unfinished"].includes(folder));
}

/**
 * A model of weights by name from the hub at `host`; with `path` makes such weights instead.
 *
 * @param input.place the best that the browser is to have
 * @param input.killAt bytes after which `milestone` is fetched
 * @returns its logits, and with `isFull` what the place has
 */
export default async function hub({ host, place, killAt, milestone, isFull, offline = false, path }) {
  const options = { numClasses: 10, imageSize: 32, build: "simd", threads: 1 };
  if (path) {
    const model = await createModel(architecture, { ...options, seed: 1 });
    await model.save(path);
    return factsOf(model);
  }
  if (place === "IndexedDB") Object.defineProperty(navigator.storage, "getDirectory", { value: undefined });
  env.remoteHost = host;
  env.allowRemote = !offline;
  if (isFull) await fetch(milestone);
  const onProgress = ({ file, loaded }) => {
    if (file === "model.safetensors" && loaded >= killAt) fetch(milestone);
  };
  const facts = await factsOf(await createModel(architecture, { ...options, pretrained: "hf-hub:a/net", onProgress }));
  return isFull ? { ...facts, left: await pieces(place) } : facts;
}
