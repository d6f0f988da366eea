/**
 * `npm start`: fine-tunes the network that comes with the package on the photos of clothes in examples/fashion, predicts
 * a few of the images that it never saw, and fails below 75 % accuracy. It runs the command line as a user would.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { styled } from "../src/cli/output.js";

const root = resolve(import.meta.dirname, "..");
const photos = relative("", join(root, "examples/fashion"));
const model = "fashion.safetensors";
const enough = 0.75;
const started = performance.now();

// Three epochs of all layers, for a quick start: most of what can be learnt is in the head already.
await ocelli("train", photos, "-o", model, "--report", "fashion.html", "--epochs", "3");
const unseen = ["ankle-boot", "dress", "shirt", "trouser"].map((name) => join(photos, "val", name, readdirSync(join(photos, "val", name)).sort()[0]));
await ocelli("predict", model, ...unseen);
const { accuracy } = JSON.parse(await ocelli("eval", model, photos, "--json")) as { accuracy: number };

const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  `\nAll of this took ${seconds} s. Look at fashion.html, and try your own photos, a folder for each class:\n  npx ocelli train my-photos -o mine.safetensors`,
);
if (accuracy < enough) {
  console.error(`quick start: expected an accuracy of at least ${enough}, got ${accuracy}`);
  process.exit(1);
}

/** Runs the built command, showing it and what it prints; with `--json` gives what it prints instead. */
function ocelli(...args: string[]): Promise<string> {
  const quiet = args.includes("--json");
  if (!quiet) console.log(`\n${styled("bold", `$ ocelli ${args.join(" ")}`)}`);
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args], { stdio: ["inherit", quiet ? "pipe" : "inherit", "inherit"] });
  let printed = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  return new Promise((done) => {
    child.on("close", (code) => {
      if (code !== 0) process.exit(code ?? 1);
      done(printed);
    });
  });
}
