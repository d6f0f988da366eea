import { ArgumentError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import type { Canvas, Raster } from "./canvas.js";
import { type Interpolation, interpolations } from "./resample.js";

/** A step of a pipeline as plain data: it can be posted to a worker, written into a recipe and read back by `parsePipeline`. */
export interface Transform {
  readonly name: string;
}

/** A transform with its parameters. */
export type Described<P> = Transform & Readonly<P>;

/** What sampling may know of an image. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** What one transform is: its parameters, what it draws, what it does. */
export interface Definition<P extends object, S> {
  readonly name: string;
  /** Every parameter with its default; `undefined` where one must be given. */
  readonly defaults: { readonly [K in keyof P]: P[K] | undefined };
  /** Runs on bytes only, so it must come before `Normalize`. */
  readonly bytesOnly: boolean;
  /** @throws {ArgumentError} naming the parameter */
  check(parameters: P): void;
  /** Draws what is random, in torchvision's order; the same draws give the same sample. `undefined` leaves the image as it is. */
  sample(parameters: P, image: ImageSize, random: () => Random): S | undefined;
  apply(canvas: Canvas, image: Raster, sample: S, parameters: P): Raster;
}

/** What of a definition says which parameters there are. */
export type DescribedDefinition<P extends object> = Pick<Definition<P, never>, "name" | "defaults" | "check">;

/** A checked description. @throws {ArgumentError} for a parameter that is missing, unknown or out of range */
export function describe<P extends object>(definition: DescribedDefinition<P>, given: object): Described<P> {
  const { name, defaults } = definition;
  const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  for (const parameter of Object.keys(values)) {
    if (!Object.hasOwn(defaults, parameter)) throw new ArgumentError(`${name}: expected the parameters ${Object.keys(defaults).join(", ")}, got ${parameter}`);
  }
  const parameters = { ...defaults, ...values } as P;
  for (const [parameter, value] of Object.entries(parameters)) {
    if (value === undefined) throw new ArgumentError(`${name}: ${parameter} is missing`);
  }
  definition.check(parameters);
  return Object.freeze({ name, ...parameters });
}

/** Bounds of a number; `least` and `most` are allowed, `above` is not. */
export interface Bounds {
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly whole?: boolean;
}

function fits(value: unknown, { least = -Infinity, most = Infinity, above = -Infinity, whole = false }: Bounds): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return value >= least && value <= most && value > above && (!whole || Number.isInteger(value));
}

function say({ least, most, above, whole }: Bounds, plural: boolean): string {
  const kind = `${plural ? "" : "a "}${whole ? "whole " : ""}number${plural ? "s" : ""}`;
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  if (least !== undefined) return `${kind} of at least ${least}`;
  return above !== undefined ? `${kind} above ${above}` : kind;
}

function refuse(where: string, expected: string, got: unknown): never {
  throw new ArgumentError(`${where}: expected ${expected}, got ${JSON.stringify(got)}`);
}

export function checkNumber(where: string, value: unknown, bounds: Bounds): void {
  if (!fits(value, bounds)) refuse(where, say(bounds, false), value);
}

/** A list of numbers whose length is one of `lengths`. */
export function checkNumbers(where: string, value: unknown, lengths: readonly number[], bounds: Bounds): void {
  if (!Array.isArray(value) || !lengths.includes(value.length) || !value.every((entry) => fits(entry, bounds))) {
    refuse(where, `a list of ${lengths.join(" or ")} ${say(bounds, true)}`, value);
  }
}

/** `[low, high]` with low <= high. */
export function checkRange(where: string, value: unknown, bounds: Bounds): void {
  checkNumbers(where, value, [2], bounds);
  const [low, high] = value as [number, number];
  if (low > high) refuse(where, "[low, high] with low <= high", value);
}

/** A number, or a list of one of `lengths`. */
export function checkNumberOrNumbers(where: string, value: unknown, lengths: readonly number[], bounds: Bounds): void {
  if (Array.isArray(value)) checkNumbers(where, value, lengths, bounds);
  else checkNumber(where, value, bounds);
}

export function checkChoice(where: string, value: unknown, choices: readonly string[]): void {
  if (typeof value !== "string" || !choices.includes(value)) refuse(where, choices.map((choice) => `"${choice}"`).join(" or "), value);
}

export function checkFlag(where: string, value: unknown): void {
  if (typeof value !== "boolean") refuse(where, "true or false", value);
}

export function checkProbability(where: string, value: unknown): void {
  checkNumber(where, value, { least: 0, most: 1 });
}

export function checkInterpolation(where: string, value: unknown, choices: readonly string[] = interpolations): asserts value is Interpolation {
  checkChoice(where, value, choices);
}

export type WarpInterpolation = "nearest" | "bilinear" | "bicubic";

/** Filters of warps, which are not antialiased. */
export const warpInterpolations: readonly string[] = ["nearest", "bilinear", "bicubic"];

/** A height and a width: one number for both, or two. */
export type SizeParameter = number | readonly [height: number, width: number];

/** Whole pixels, one number for a square or `[height, width]`. */
export function checkSize(where: string, value: unknown): void {
  checkNumberOrNumbers(where, value, [2], { least: 1, whole: true });
}

export function sizePair(size: SizeParameter): readonly [height: number, width: number] {
  return typeof size === "number" ? [size, size] : size;
}

/** Colour of what lies outside an image: one level for all channels or one for each. */
export type Fill = number | readonly number[];

export function checkFill(where: string, value: unknown): void {
  checkNumberOrNumbers(where, value, [1, 3], { least: 0, most: 255 });
}

/** A fill as the 4 bytes of a pixel; fractions are cut off, as Pillow does. */
export function fillPixel(fill: Fill): number {
  const [red, green = red, blue = red] = typeof fill === "number" ? [fill] : fill;
  return Math.trunc(red) | (Math.trunc(green) << 8) | (Math.trunc(blue) << 16) | (255 << 24);
}
