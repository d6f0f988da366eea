import type { KernelTest } from "./turbo.js";

/** V8's option, which exists for x64 since Node 24's V8. */
const option = "--experimental-wasm-revectorize";
/** How long the test in a child process may take, in milliseconds. */
const patience = 30_000;

/**
 * Run by `node -e`: makes the calls of a `KernelTest` without and with the option, on the same numbers, and prints why
 * `turbo` should not be used, or nothing. An empty custom section makes V8 take the binary for another module.
 */
const childScript = `
const { setFlagsFromString } = require("node:v8");
const { binary, kernels, calls, bytes } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
setFlagsFromString("--no-liftoff");
const run = (section) => {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536), maximum: 65536 });
  const module = new WebAssembly.Module(Buffer.concat([Buffer.from(binary, "base64"), Buffer.from(section)]));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const floats = new Float32Array(memory.buffer);
  let fastest = Infinity;
  for (let turn = 0; turn < 12; turn++) {
    for (let i = 16384; i < floats.length; i++) floats[i] = ((i * 7919) % 256) / 256 - 0.45;
    const start = performance.now();
    for (const [kernel, ...args] of calls) exports[kernels[kernel]](...args);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return { memory: Buffer.from(memory.buffer), fastest };
};
const apart = run([0, 2, 1, 97]);
setFlagsFromString("${option}");
const joined = run([]);
if (!joined.memory.equals(apart.memory)) process.stdout.write("its self-test gave other numbers than without joined vectors");
else if (joined.fastest > 0.8 * apart.fastest) process.stdout.write("this CPU does not run it faster");
`;

/** `joinVectors` for Node. */
export async function joinVectorsInNode(test: () => Promise<KernelTest>): Promise<string | undefined> {
  const { versions, arch } = process;
  if (versions.bun || versions.deno || versions.electron || Number.parseInt(versions.node, 10) < 24)
    return `it needs Node 24 or newer, and this is ${engine()}`;
  if (arch !== "x64") return `it needs an x64 CPU, and this is ${arch}`;
  const failure = await verdict(JSON.stringify(await test().then(({ binary, ...rest }) => ({ ...rest, binary: Buffer.from(binary).toString("base64") }))));
  if (failure === "") process.getBuiltinModule("node:v8").setFlagsFromString(option);
  return failure || undefined;
}

function engine(): string {
  const { bun, deno, electron, node } = process.versions;
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : electron ? `Electron ${electron}` : `Node ${node}`;
}

/** What the child says, kept in the user's cache folder for this Node, this CPU and these kernels. */
async function verdict(test: string): Promise<string> {
  const { createHash } = process.getBuiltinModule("node:crypto");
  const { cpus, homedir } = process.getBuiltinModule("node:os");
  const { join } = process.getBuiltinModule("node:path");
  const { mkdir, readFile, writeFile } = process.getBuiltinModule("node:fs/promises");
  const key = createHash("sha256").update([process.version, cpus()[0]?.model, childScript, test].join("\0")).digest("hex").slice(0, 16);
  const folder = join(process.env.XDG_CACHE_HOME || process.env.LOCALAPPDATA || join(homedir(), ".cache"), "ocelli");
  const file = join(folder, `turbo-${process.version}-${key}.json`);
  try {
    const known = JSON.parse(await readFile(file, "utf8"));
    if (typeof known.failure === "string") return known.failure;
  } catch {
    // Not tested yet, or not readable: test.
  }
  const { failure, lasting } = await inChild(test);
  if (lasting) {
    await mkdir(folder, { recursive: true })
      .then(() => writeFile(file, JSON.stringify({ failure })))
      .catch(() => {}); // A folder that cannot be written costs a test each time, nothing else.
  }
  return failure;
}

function inChild(test: string): Promise<{ failure: string; lasting: boolean }> {
  const { execFile } = process.getBuiltinModule("node:child_process");
  return new Promise((done) => {
    const child = execFile(process.execPath, ["-e", childScript], { env: { ...process.env, NODE_OPTIONS: "" }, timeout: patience }, (error, stdout) => {
      if (error) done({ failure: `its self-test in a child process failed: ${error.message.split("\n")[0]}`, lasting: false });
      else done({ failure: stdout, lasting: true });
    });
    child.stdin?.on("error", () => {}); // The child is gone, which the callback tells.
    child.stdin?.end(test);
  });
}
