import { host } from "./host.js";

/** Bundles that workers import: what they do with images, the decoders, and the steps that only training takes. Each is loaded when it is first asked for. */
const embedded = {
  tasks: async () => (await import("../generated/tasks-source.js")).tasksSource,
  decoders: async () => (await import("../generated/decoders-source.js")).decodersSource,
  augmentations: async () => (await import("../generated/augmentations-source.js")).augmentationsSource,
};

export type ScriptName = keyof typeof embedded;

/** A worker's own module, beside which the bundles lie; where there is none, they are made of texts. */
let beside: string | URL | undefined;

/** Takes bundles from the folder of a worker's module, for pages whose policy forbids scripts from blobs. */
export function takeScriptsBeside(worker: string | URL): void {
  beside = worker;
  urls.clear();
}

const urls = new Map<ScriptName, Promise<string>>();

export function isScript(name: string): name is ScriptName {
  return name in embedded;
}

/** An address under which a worker can import a bundle; the same for all workers. */
export function scriptUrl(name: ScriptName): Promise<string> {
  const url = urls.get(name) ?? addressOf(name);
  urls.set(name, url);
  url.catch(() => urls.delete(name)); // a chunk that did not load may do so the next time
  return url;
}

async function addressOf(name: ScriptName): Promise<string> {
  if (beside !== undefined) return new URL(`./${name}.js`, new URL(beside, globalThis.location?.href)).href;
  const [{ moduleUrl }, source] = await Promise.all([host(), embedded[name]()]);
  return moduleUrl(source);
}
