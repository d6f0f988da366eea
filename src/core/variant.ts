import { ArgumentError } from "./errors.js";

/** What an option may be: a number (or numbers) from low to high, or one of some words. Options without a rule are true or false. */
export type Rules = Readonly<Record<string, readonly [low: number, high: number] | readonly string[]>>;

/** One of several things that are told by name, each with options of its own: all of them, those that were not given by their defaults. */
export type Whole<V> = V extends unknown ? { readonly [K in keyof V]-?: Exclude<V[K], undefined> } : never;

/** What is told by name, with every option that it has. */
export type Variants<V extends { readonly name: string }> = { readonly [N in V["name"]]: Whole<Extract<V, { readonly name: N }>> | Whole<V> };

/** A variant with every option, unchecked: what `checkedVariant` has passed before. */
export function wholeVariant<V extends { readonly name: string }>(given: V["name"] | V, defaults: Variants<V>): Whole<V> {
  if (typeof given === "string") return defaults[given] as Whole<V>;
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults[given.name as V["name"]], ...Object.fromEntries(said) } as Whole<V>;
}

/**
 * A variant with every option.
 *
 * @param what for messages: "train: loss"
 * @throws {ArgumentError} for a name or an option that there is not, or a value that its rule does not allow
 */
export function checkedVariant<V extends { readonly name: string }>(what: string, given: V["name"] | V, defaults: Variants<V>, rules: Rules): Whole<V> {
  const name = (typeof given === "string" ? given : given?.name) as V["name"];
  if (!Object.hasOwn(defaults, name)) throw new ArgumentError(`${what} expected ${Object.keys(defaults).join(" or ")}, got ${JSON.stringify(name)}`);
  const whole = wholeVariant<V>(given, defaults);
  for (const [option, value] of Object.entries(whole)) {
    if (option === "name") continue;
    const at = `${what} ${name}: ${option}`;
    if (!(option in defaults[name])) {
      const known = Object.keys(defaults[name]).filter((key) => key !== "name");
      throw new ArgumentError(`${at} is no option of it; those are ${known.join(", ") || "none"}`);
    }
    const expected = misfit(value, (defaults[name] as Record<string, unknown>)[option], rules[option]);
    if (expected) throw new ArgumentError(`${at} expected ${expected}, got ${JSON.stringify(value)}`);
  }
  return whole;
}

/** What was expected in the place of a value, if it does not fit. */
function misfit(value: unknown, usual: unknown, rule: Rules[string] | undefined): string | undefined {
  if (!rule) return typeof value === "boolean" ? undefined : "true or false";
  if (typeof rule[0] === "string") return (rule as readonly unknown[]).includes(value) ? undefined : rule.join(" or ");
  const [low, high] = rule as readonly [number, number];
  const fits = (number: unknown) => typeof number === "number" && number >= low && number <= high;
  const range = high === Number.MAX_VALUE ? `of ${low} or more` : `from ${low} to ${high}`;
  if (!Array.isArray(usual)) return fits(value) ? undefined : `a number ${range}`;
  const count = usual.length || undefined; // a list that is empty where nothing is said takes any number of them
  const whole = Array.isArray(value) && value.length === (count ?? value.length) && value.every(fits);
  return whole ? undefined : `${count ?? "a list of"} numbers ${range}`;
}
