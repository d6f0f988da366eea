import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { modelFile } from "./network.js";
import { comparedSteps, type Job, learningRate, momentum, type Side, weightsOf } from "../job.js";

/** The first Python that imports torch, of `OCELLI_PYTHON`, `python3` and `/usr/bin/python3`. */
export function findPython(): string | undefined {
  return [process.env.OCELLI_PYTHON, "python3", "/usr/bin/python3"].find((python) => {
    try {
      execFileSync(python as string, ["-c", "import torch, torchvision"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

/** PyTorch in a process of its own, which works only while it is asked to. */
export async function torch(job: Job): Promise<Side> {
  const python = findPython();
  if (!python) throw new Error("no Python that imports torch and torchvision: tried OCELLI_PYTHON, python3, /usr/bin/python3");
  const start = { ...job, weights: modelFile(weightsOf(job)), comparedSteps, learningRate, momentum };
  const trial = worker(python);
  const { variant } = await trial.ask<{ variant: string }>(start);
  trial.end();
  const { ask, end } = worker(python);
  const { version, capability } = await ask<{ version: string; capability: string }>({ ...start, variant });
  return {
    engine: `PyTorch ${version}`,
    build: variant,
    runtime: capability,
    outputs: async () => (await ask<number[][]>({ ask: "outputs" })).map((values) => Float32Array.from(values)),
    run: (count) => ask<number[]>({ ask: "run", count }),
    peakRss: () => ask<number>({ ask: "rss" }),
    close: end,
  };
}

function worker(python: string): { ask<T>(question: object): Promise<T>; end(): void } {
  const child = spawn(python, [fileURLToPath(new URL("./torch_worker.py", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask<T>(question: object): Promise<T> {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("PyTorch's process ended");
      return JSON.parse(value) as T;
    },
    end: () => void child.stdin.end(),
  };
}
