/**
 * Reads broken files with every reader of strangers' files: `npm run fuzz -- [reader ...] [--cases 200000] [--from 0] [--seed n]`. With
 * --seed, reads only that file and prints what it throws.
 */
import { parseArgs } from "node:util";
import { fileOf, fuzz } from "../test/fuzz/run.js";
import { targets } from "../test/fuzz/targets/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: "string", default: "200000" }, from: { type: "string", default: "0" }, seed: { type: "string" } },
});
const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0) throw new Error(`fuzz: expected some of ${targets.map(({ name }) => name).join(", ")}, got ${positionals.join(", ")}`);

let [passed, failed] = [0, 0];
for (const target of chosen) {
  if (values.seed !== undefined) {
    const bytes = fileOf(target, Number(values.seed));
    const start = performance.now();
    await Promise.resolve()
      .then(() => target.read(bytes))
      .then(
        () => console.log(`${target.name}: taken`),
        (error: unknown) => console.log(error),
      );
    console.log(`${bytes.length} bytes, ${Math.round(performance.now() - start)} ms`);
    continue;
  }
  const { cases, counts, findings, slowest, growth } = await fuzz(target, Number(values.cases), Number(values.from));
  for (const { seed, problem } of findings.slice(0, 20)) console.log(`FAILED ${target.name}, --seed ${seed}: ${problem}`);
  findings.length === 0 ? passed++ : failed++;
  const outcomes = [...counts].map(([what, count]) => `${what} ${count}`).join(", ");
  const slow = `slowest ${Math.round(slowest.milliseconds)} ms (--seed ${slowest.seed})`;
  console.log(`${target.name}: ${cases} files: ${outcomes}; ${slow}; grew by ${Math.max(0, Math.round(growth / 2 ** 20))} MB; ${findings.length} findings`);
}
if (values.seed === undefined) console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
