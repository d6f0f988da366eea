import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of a package of `bench/peers/package.json`. */
export const packageFolder = (name: string): string => fileURLToPath(new URL(`./node_modules/${name}`, import.meta.url));

/** A package of `bench/peers/package.json`, as what of its types is used here: the real ones are missing where it is not installed. */
export async function load<T>(name: string): Promise<T> {
  const { default: whole, ...names } = await import(name);
  return { ...whole, ...names } as T;
}

export function versionOf(name: string): string {
  return JSON.parse(readFileSync(`${packageFolder(name)}/package.json`, "utf8")).version;
}
