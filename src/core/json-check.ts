import { FormatError } from "./errors.js";

/** Looks through a value of a JSON file. @param at where it stands: `training.phases[0].lr` @throws what `fail` makes */
export type Check = (value: unknown, at: string, fail: (at: string, expected: string, found: unknown) => never) => void;

const is =
  (expected: string, fits: (value: unknown) => boolean): Check =>
  (value, at, fail) =>
    void (fits(value) || fail(at, expected, value));

export const aString = is("a string", (value) => typeof value === "string");
export const aBoolean = is("true or false", (value) => typeof value === "boolean");
export const anObject = is("an object", isObject);
export const aNumber = (low: number, high: number) =>
  is(`a number from ${low} to ${high}`, (value) => typeof value === "number" && value >= low && value <= high);
export const aWhole = (low: number, high = Number.MAX_SAFE_INTEGER) =>
  is(`a whole number from ${low} to ${high}`, (value) => Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high);
export const oneOf = (...values: readonly unknown[]) => is(values.map((value) => JSON.stringify(value)).join(" or "), (value) => values.includes(value));

export function listOf(each: Check, least = 0): Check {
  return (value, at, fail) => {
    if (!Array.isArray(value) || value.length < least) fail(at, least > 0 ? `a list of ${least} or more` : "a list", value);
    (value as unknown[]).forEach((item, i) => each(item, `${at}[${i}]`, fail));
  };
}

/** An object with these members and no others; names that end in `!` must be there. */
export function record(members: Readonly<Record<string, Check>>): Check {
  const checks = new Map(Object.entries(members).map(([name, check]) => [name.replace("!", ""), check]));
  const needed = Object.keys(members).flatMap((name) => (name.endsWith("!") ? name.slice(0, -1) : []));
  return (value, at, fail) => {
    if (!isObject(value)) fail(at, "an object", value);
    const prefix = at && `${at}.`;
    for (const name of needed) if (!Object.hasOwn(value as object, name)) fail(prefix + name, "a value", undefined);
    for (const [name, member] of Object.entries(value as object)) {
      const check = checks.get(name);
      if (!check) fail(prefix + name, `one of ${[...checks.keys()].join(", ")}`, member);
      check?.(member, prefix + name, fail);
    }
  };
}

/** The first of these whose kind of value it is. */
export function byKind(kinds: {
  readonly string?: Check;
  readonly number?: Check;
  readonly object?: Check;
  readonly list?: Check;
  readonly boolean?: Check;
}): Check {
  return (value, at, fail) => {
    const kind = Array.isArray(value) ? "list" : isObject(value) ? "object" : typeof value;
    const check = kinds[kind as keyof typeof kinds];
    return check ? check(value, at, fail) : fail(at, Object.keys(kinds).join(" or "), value);
  };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON file's value. @throws {FormatError} saying where in the file what was expected and found */
export function parseJson(text: string, check: Check, { what, name }: { readonly what: string; readonly name: string }): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${what}: no readable JSON: ${(cause as Error).message} (${name})`, { cause });
  }
  check(value, "", (at, expected, found) => {
    const said = found === undefined ? "nothing" : (JSON.stringify(found).slice(0, 80) ?? "nothing");
    throw new FormatError(`${what}: ${at || "the file"}: expected ${expected}, found ${said} (${name})`);
  });
  return value;
}
