import { appendFileSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Real weights and images for tests: `OCELLI_TEST_ASSETS`, else `../shared/assets` beside the checkout. */
export const assetsFolder = process.env.OCELLI_TEST_ASSETS ?? resolve(import.meta.dirname, "../../shared/assets");

/**
 * Path of an asset, or `undefined` (after saying so) where the folder is absent.
 * With `OCELLI_TEST_ASSETS` set, a missing file is an error: the tests were asked to run.
 * Paths found are appended to the file `OCELLI_ASSET_LOG`, from which `.ci/run` counts.
 */
export function asset(path: string): string | undefined {
  const file = join(assetsFolder, path);
  if (existsSync(file)) {
    if (process.env.OCELLI_ASSET_LOG) appendFileSync(process.env.OCELLI_ASSET_LOG, `${file}\n`);
    return file;
  }
  if (process.env.OCELLI_TEST_ASSETS) throw new Error(`asset ${path} is missing from OCELLI_TEST_ASSETS`);
  return undefined;
}
