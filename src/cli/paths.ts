import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ArgumentError, DataError } from "../index.js";

/** Whether the name is one that a viewer opens as what is written there. @throws {ArgumentError} for another ending */
export function checkPng(path: string): void {
  if (!/\.png$/i.test(path)) throw new ArgumentError(`--output: expected a file that ends in .png, got ${path}`);
}

/** Whether a file can be written there, asked before the work whose result it is to hold. @throws {DataError} saying why not */
export function checkWritable(path: string): void {
  const fail = (why: string, cause?: unknown): never => {
    throw new DataError(`cannot write ${path}: ${why}`, { cause });
  };
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) fail(`there is no folder ${folder}`);
  if (existsSync(path) && statSync(path).isDirectory()) fail("it is a folder");
  const probe = `${path}.${process.pid}.tmp`;
  try {
    closeSync(openSync(probe, "w"));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    fail(code === "EACCES" || code === "EPERM" ? `no permission to write in ${folder}` : message.split(", ")[0], cause);
  }
  rmSync(probe);
}

/** The images that arguments name: a folder stands for all images in it and below. @throws {DataError} for a folder without any */
export function listImages(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
    const images = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(
      (name) => /\.(jpe?g|png|bmp|gif|tiff?|webp)$/i.test(name) && !/(^|[/\\])\./.test(name),
    );
    if (images.length === 0) throw new DataError(`${path}: the folder has no images (jpg, png, bmp, gif, tiff, webp)`);
    return images.sort().map((name) => join(path, name));
  });
}
