import { FormatError } from "../core/errors.js";
import type { FileSource } from "../core/file-store.js";
import { openSource } from "../core/source.js";
import { type Interpolation, interpolations } from "../data/transforms/resample.js";
import { brief } from "../core/brief.js";

/** Most pixels of a side that a description may ask for: far beyond any network, and nothing is allocated from it here. */
const mostPixels = 16_384;

/** An object of a JSON file written by strangers, whose fields are checked as they are read; `undefined` and `null` are absent. */
export class Fields {
  private readonly values: ReadonlyMap<string, unknown>;

  /** @param where the file and place, for messages */
  constructor(
    readonly where: string,
    value: unknown,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FormatError(`expected an object, got ${show(value)} (${where})`);
    this.values = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return (this.values.get(name) ?? undefined) !== undefined;
  }

  text(name: string): string | undefined {
    return this.as(name, "a text", (value) => typeof value === "string" && value.length <= 10_000);
  }

  flag(name: string): boolean | undefined {
    return this.as(name, "true or false", (value) => typeof value === "boolean");
  }

  number(name: string, expected = "a finite number", isRight: (value: number) => boolean = () => true): number | undefined {
    return this.as(name, expected, (value) => isFinite(value) && isRight(value));
  }

  /** Pixels of a side. */
  pixels(name: string): number | undefined {
    return this.number(name, "a number of pixels", isPixels);
  }

  /** One number a channel. */
  channels(name: string, expected = "1 to 4 finite numbers", isRight: (value: number) => boolean = () => true): readonly number[] | undefined {
    const are = (value: unknown) => Array.isArray(value) && value.length >= 1 && value.length <= 4 && value.every((each) => isFinite(each) && isRight(each));
    return this.as(name, expected, are);
  }

  texts(name: string): readonly string[] | undefined {
    return this.as(name, "a list of texts", (value) => Array.isArray(value) && value.every((each) => typeof each === "string"));
  }

  interpolation(name: string): Interpolation | undefined {
    return this.as(name, interpolations.join(", "), (value) => (interpolations as readonly unknown[]).includes(value));
  }

  /** An object, as fields of its own. */
  object(name: string): Fields | undefined {
    return this.has(name) ? new Fields(`${name} of ${this.where}`, this.values.get(name)) : undefined;
  }

  isList(name: string): boolean {
    return Array.isArray(this.values.get(name));
  }

  isNumber(name: string): boolean {
    return typeof this.values.get(name) === "number";
  }

  entries(): [string, unknown][] {
    return [...this.values];
  }

  as<T>(name: string, expected: string, isRight: (value: unknown) => boolean): T | undefined {
    const value = this.values.get(name) ?? undefined;
    if (value !== undefined && !isRight(value)) throw new FormatError(`${name}: expected ${expected}, got ${show(value)} (${this.where})`);
    return value as T | undefined;
  }
}

/** @throws {FormatError} where the file is no JSON object */
export async function readFields(source: FileSource, name: string): Promise<Fields> {
  const text = await readText(source);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`expected JSON, got ${JSON.stringify(text.slice(0, 60))} (${name})`, { cause });
  }
  return new Fields(name, value);
}

export async function readText(source: FileSource): Promise<string> {
  const file = await openSource(source);
  try {
    return new TextDecoder().decode(await file.read(0, file.size));
  } finally {
    await file.close();
  }
}

export function isPixels(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= mostPixels;
}

const isFinite = (value: unknown): value is number => Number.isFinite(value);

/** A value for a message; of strangers' lists and objects, which may be nested without end, only short flat ones are written out. */
function show(value: unknown): string {
  const isFlat = Array.isArray(value) && value.length <= 8 && value.every((each) => typeof each !== "object");
  return isFlat ? JSON.stringify(value).slice(0, 80) : brief(value);
}
