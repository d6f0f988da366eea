/** One process of cold-start.ts: prints the milliseconds from before the import of an engine to its first answer. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const peers = new URL("./peers/", import.meta.url);
const pathOf = (name) => new URL(name, peers).pathname;
const side = 224;
const image = Float32Array.from({ length: side * side * 3 }, (_, i) => ((i * 40503) % 65521) / 32768 - 1);

async function ours(options) {
  const { createModel } = await import("../dist/index.js");
  const model = await createModel("mobilenet_v2", { pretrained: pathOf("models/mobilenet_v2.safetensors"), ...options });
  return (await model.forward({ data: image, shape: [1, side, side, 3] })).data;
}

const engines = {
  ocelli: () => ours({}),
  "ocelli-inline": () => ours({ inline: true }),
  async litert() {
    // As in peers/litert.ts: it loads its Wasm by a script element or `importScripts`, and Node has neither.
    const importScripts = (path) => {
      const load = new Function("require", "__filename", "__dirname", `${readFileSync(path, "utf8")}\nreturn ModuleFactory;`);
      Object.assign(globalThis, { ModuleFactory: load(createRequire(path), path, dirname(path)) });
    };
    Object.assign(globalThis, { self: globalThis, importScripts });
    const { Tensor, loadLiteRt, loadAndCompile } = await import(pathOf("node_modules/@litertjs/core/dist/index.js"));
    await loadLiteRt(pathOf("models/litert-wasm"), { threads: false });
    const model = await loadAndCompile(readFileSync(pathOf("models/mobilenet_v2.tflite")), { accelerator: "wasm" });
    const [y] = await model.run(new Tensor(image, [1, side, side, 3]));
    return y.data();
  },
  async "onnxruntime-web"() {
    const { env, Tensor, InferenceSession } = await import(createRequire(peers).resolve("onnxruntime-web"));
    env.wasm.numThreads = 1;
    const session = await InferenceSession.create(readFileSync(pathOf("models/mobilenet_v2.onnx")), { executionProviders: ["wasm"] });
    return (await session.run({ x: new Tensor("float32", image, [1, 3, side, side]) })).logits.data;
  },
};

const start = performance.now();
const logits = await engines[process.argv[2]]();
const time = performance.now() - start;
if (logits.length !== 1000 || !logits.every(Number.isFinite)) throw new Error(`expected 1000 logits, got ${logits.length}`);
process.stdout.write(String(time));
process.exit();
