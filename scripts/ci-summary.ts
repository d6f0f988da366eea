/** Last words of `.ci/run`: assets used, tests skipped, checks that failed, and `N passed, N failed`. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const [testReport, runtimesReport, studioReport, assetLog, ...failedChecks] = process.argv.slice(2);
const read = (file: string): Record<string, number> => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {});
const tests = read(testReport);
const runtimes = read(runtimesReport);
const studio = read(studioReport);

/** Files at the asset paths that tests asked for and found; a folder counts with all its files. */
function assetFiles(): number {
  if (!existsSync(assetLog)) return 0;
  const files = new Set<string>();
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) add(join(path, name));
    else files.add(path);
  };
  for (const path of new Set(readFileSync(assetLog, "utf8").trim().split("\n"))) add(path);
  return files.size;
}

const passed = (tests.numPassedTests ?? 0) + (runtimes.passed ?? 0) + (studio.passed ?? 0);
const failed = Math.max((tests.numFailedTests ?? 0) + (runtimes.failed ?? 0) + (studio.failed ?? 0), failedChecks.length);
const skipped = (tests.numPendingTests ?? 0) + (tests.numTodoTests ?? 0);
console.log(
  `\n${assetFiles()} asset files used, ${skipped} tests skipped, ${runtimes.passed ?? 0} cells of runtimes and ${studio.passed ?? 0} scenarios of the studio passed`,
);
for (const name of failedChecks) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
