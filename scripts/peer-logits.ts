/** What the scripts have in common that hold our logits against those of a library of Python's: a child process makes files, one network a line. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { relativeError } from "../test/zoo/recipe.js";

/** Runs a script with the first Python (OCELLI_PYTHON, python3, then `others`) that has these modules. */
export class Python {
  private readonly path: string;

  constructor(modules: string, others: readonly string[] = []) {
    const paths = [process.env.OCELLI_PYTHON, "python3", ...others];
    const path = paths.find((name) => name && spawnSync(name, ["-c", `import ${modules}`]).status === 0);
    if (!path) throw new Error(`no Python with ${modules} found among ${paths.filter(Boolean).join(", ")}`);
    this.path = path;
  }

  start(script: string, args: readonly string[], errors: "inherit" | "ignore" = "inherit") {
    return spawn(this.path, [script, ...args], { stdio: ["pipe", "pipe", errors] });
  }

  /** The fields of each line that a script prints. @throws when it ends with another code than 0 */
  async *lines(script: string, args: readonly string[], errors?: "inherit" | "ignore"): AsyncGenerator<string[]> {
    const child = this.start(script, args, errors);
    const exit = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) yield line.split("\t");
    const [code] = await exit;
    if (code !== 0) throw new Error(`${basename(script)} ended with ${code}`);
  }
}

export function floatsOf(path: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(path)).buffer);
}

/** Counts checks and prints a line for each. */
export class Tally {
  private passed = 0;
  private failed = 0;

  say(ok: boolean, text: string): void {
    ok ? this.passed++ : this.failed++;
    console.log(`${ok ? "ok    " : "FAILED"} ${text}`);
  }

  /** Whether logits lie within a tolerance, a share of the largest, of those expected. */
  async logits(title: string, expected: Float32Array, tolerance: number, run: () => Promise<Float32Array>): Promise<void> {
    try {
      const found = await run();
      const error = relativeError(found, expected);
      this.say(error <= tolerance && found.length === expected.length, `${title}: logits differ by ${error.toExponential(1)} of the largest`);
    } catch (error) {
      this.say(false, `${title}: ${(error as Error).message}`);
    }
  }

  exit(): never {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed > 0 ? 1 : 0);
  }
}
