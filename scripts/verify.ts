/** What the scripts that measure promises have in common: parts by name, progress, a table. */
import type { Progress } from "../src/index.js";

/** A promise and what was measured. */
export interface Check {
  readonly what: string;
  readonly measured: number;
  readonly bar: number;
  /** The bar is what it may be at most, not at least. */
  readonly most?: boolean;
}

/** Prints a line at most every ten seconds, and one an epoch. */
export function line(part: string): (progress: Progress) => void {
  let next = 0;
  return ({ phase, epoch, epochs, step, steps, loss, accuracy, validation, imagesPerSecond, endOfEpoch }) => {
    if (!endOfEpoch && performance.now() < next) return;
    next = performance.now() + 10_000;
    const measured = validation ? `, validation ${validation.loss.toFixed(3)} ${(100 * validation.accuracy).toFixed(1)} %` : "";
    say(
      `${part}: ${phase}, epoch ${epoch}/${epochs}, step ${step}/${steps}, loss ${loss.toFixed(3)}, ${(100 * accuracy).toFixed(1)} %${measured}, ${imagesPerSecond.toFixed(0)} images/s`,
    );
  };
}

export function say(text: string): void {
  console.error(text);
}

/** Measures the parts that the command line names, or all; prints a table and sets the exit code. */
export async function verify(script: string, parts: Readonly<Record<string, () => Promise<Check[]>>>): Promise<void> {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) throw new Error(`${script}: expected some of ${Object.keys(parts).join(", ")}, got ${unknown.join(", ")}`);

  let failed = 0;
  const rows: string[][] = [["", "measured", "bar", "minutes", ""]];
  for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
    const started = performance.now();
    const checks = await parts[name]().catch((error: Error): Check[] => {
      say(`${name}: ${error.stack}`);
      return [{ what: `${name}: ${error.message}`, measured: Number.NaN, bar: Number.NaN }];
    });
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    for (const { what, measured, bar, most } of checks) {
      const passed = most ? measured <= bar : measured >= bar;
      if (!passed) failed++;
      rows.push([what, measured.toFixed(2), `${most ? "<=" : ">="} ${bar.toFixed(2)}`, minutes, passed ? "passed" : "FAILED"]);
    }
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  "));
  console.log(`${rows.length - 1 - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
