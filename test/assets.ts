import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Real weights and images for tests: `OCELLI_TEST_ASSETS`, else `../shared/assets` beside the checkout. */
export const assetsFolder = process.env.OCELLI_TEST_ASSETS ?? resolve(import.meta.dirname, "../../shared/assets");

/**
 * Path of an asset, or `undefined` (after saying so) where the folder is absent.
 * With `OCELLI_TEST_ASSETS` set, a missing file is an error: the tests were asked to run.
 */
export function asset(path: string): string | undefined {
  const file = join(assetsFolder, path);
  if (existsSync(file)) return file;
  if (process.env.OCELLI_TEST_ASSETS) throw new Error(`asset ${path} is missing from OCELLI_TEST_ASSETS`);
  return undefined;
}
