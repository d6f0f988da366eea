import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Job, Side } from "../job.js";
import { type Litert, litertSide } from "./litert-side.js";
import { load, packageFolder, versionOf } from "./load.js";
import { modelFile } from "./network.js";

const name = "@litertjs/core";

/** A copy of the package's scripts that Node takes for CommonJS, which they are: its threads would not start otherwise. */
function scripts(): string {
  const folder = modelFile("litert-wasm");
  if (!existsSync(`${folder}/package.json`)) {
    cpSync(`${packageFolder(name)}/wasm`, folder, { recursive: true });
    writeFileSync(`${folder}/package.json`, '{ "type": "commonjs" }');
  }
  return folder;
}

/** The package loads its Wasm by a script element or `importScripts`; Node has neither. */
function letItLoadScripts(): void {
  const importScripts = (path: string) => {
    const require = createRequire(path);
    const run = new Function("require", "__filename", "__dirname", `${readFileSync(path, "utf8")}\nreturn ModuleFactory;`);
    Object.assign(globalThis, { ModuleFactory: run(require, path, dirname(path)) });
  };
  Object.assign(globalThis, { self: globalThis, importScripts });
}

export async function litert(job: Job): Promise<Side> {
  letItLoadScripts();
  const file = readFileSync(modelFile(`${job.model}.tflite`));
  return litertSide(await load<Litert>(name), { scripts: scripts(), version: versionOf(name), file }, job);
}
