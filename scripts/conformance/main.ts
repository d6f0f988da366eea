/**
 * Runs the ONNX backend tests: `npm run conformance`, or those whose name contains a word: `npm run conformance -- resize`.
 *
 * Reads Debian's package `libonnx-testdata` (or `OCELLI_ONNX_TESTS`). A test counts if all its operators are ours; those in
 * `skips.json` must fail, for the reason given there, and the list only shrinks. Others are tried too, for the number of all node tests that pass.
 * Exit code 1 where anything failed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { supportedOperators } from "../../src/formats/onnx/build/index.js";
import { operatorsOf, runCase } from "./case.js";

const data = process.env.OCELLI_ONNX_TESTS ?? "/usr/share/libonnx-testdata/data";
const groups = ["node", "pytorch-converted", "pytorch-operator", "simple"];
const reasons = ["a data type: string", "a data type: sequence", "a data type: complex", "a random training mask", "a tensor of rank above 6"];

/** How many there were last; to be lowered with the list. */
const mostSkips = 12;
const skips: Record<string, string> = JSON.parse(readFileSync(join(import.meta.dirname, "skips.json"), "utf8"));
const word = process.argv[2] ?? "";
if (!existsSync(join(data, "node"))) {
  console.error(`conformance: no tests in ${data}; install Debian's libonnx-testdata or set OCELLI_ONNX_TESTS`);
  process.exit(1);
}
for (const [name, reason] of Object.entries(skips)) {
  if (!reasons.includes(reason)) throw new Error(`skips.json: "${name}" has the reason "${reason}"`);
  if (!groups.some((group) => existsSync(join(data, group, name)))) throw new Error(`skips.json: there is no test "${name}"`);
}
if (Object.keys(skips).length > mostSkips) throw new Error(`skips.json: ${Object.keys(skips).length} tests, more than ${mostSkips}: the list only shrinks`);

const supported = new Set(supportedOperators);
const count = { passed: 0, failed: 0, skipped: 0 };
const all = { node: 0, nodePassed: 0, onEngine: 0 };
const missing = new Map<string, number>();

/** Whether a test counts: all of its operators are ours. */
function counts(folder: string): boolean {
  const others = [...operatorsOf(folder)].filter((op) => !supported.has(op));
  for (const op of others) missing.set(op, (missing.get(op) ?? 0) + 1);
  return others.length === 0;
}

for (const group of groups) {
  for (const name of readdirSync(join(data, group)).sort()) {
    if (!name.includes(word)) continue;
    const folder = join(data, group, name);
    const own = counts(folder);
    let error: Error | undefined;
    try {
      if ((await runCase(folder)) === "engine") all.onEngine++;
    } catch (cause) {
      error = cause as Error;
    }
    if (group === "node") {
      all.node++;
      if (!error) all.nodePassed++;
    }
    if (!error && name in skips) {
      count.failed++;
      console.log(`FAILED ${group}/${name}: it passes, take it out of skips.json`);
    } else if (!error) {
      if (own) count.passed++;
    } else if (name in skips) count.skipped++;
    else if (own) {
      count.failed++;
      console.log(`FAILED ${group}/${name}: ${error.message}`);
    }
  }
}

const others = [...missing].sort((a, b) => b[1] - a[1]).map(([op, tests]) => `${op} ${tests}`);
console.log(`operators that are not ours, with the tests that use them: ${others.join(", ")}`);
console.log(`${all.nodePassed} of all ${all.node} node tests pass; ${all.onEngine} tests ran on the engine, the others, of other types, in the evaluator`);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;
