import { host } from "./host.js";

/** Bundles that workers import: what they do with images, the decoders, and the steps that only training takes. Each is loaded when it is first asked for. */
const embedded = {
  tasks: async () => (await import("../generated/tasks-source.js")).tasksSource,
  decoders: async () => (await import("../generated/decoders-source.js")).decodersSource,
  augmentations: async () => (await import("../generated/augmentations-source.js")).augmentationsSource,
};

export type ScriptName = keyof typeof embedded;

/** Whether workers have all bundles in their own file. */
let brought = false;

/** Workers come from a URL, and need no addresses of more. */
export function workersBringScripts(): void {
  brought = true;
}

const urls = new Map<ScriptName, Promise<string>>();

export function isScript(name: string): name is ScriptName {
  return name in embedded;
}

/** An address under which a worker can import a bundle, the same for all workers; empty where they have it. */
export function scriptUrl(name: ScriptName): Promise<string> {
  if (brought) return Promise.resolve("");
  const url = urls.get(name) ?? addressOf(name);
  urls.set(name, url);
  url.catch(() => urls.delete(name)); // a chunk that did not load may do so the next time
  return url;
}

async function addressOf(name: ScriptName): Promise<string> {
  const [{ moduleUrl }, source] = await Promise.all([host(), embedded[name]()]);
  return moduleUrl(source);
}
