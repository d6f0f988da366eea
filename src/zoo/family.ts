import { ArgumentError } from "../core/errors.js";
import type { ArchitectureOptions, Network } from "../nn/architecture.js";

/** How one family of networks is built from its options. */
export interface Family<O extends ArchitectureOptions = ArchitectureOptions> {
  /** Every option and its value where `given` has none. */
  defaults(given: Partial<O>): O;
  /** Values that a text option may have. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  build(options: O): Network;
  /** For families known under two namings: a tensor that only that naming has. */
  readonly namings?: Readonly<Record<string, string>>;
  /** For families whose branches can be fused: a tensor that only that form has, by the value of the option `form`. */
  readonly forms?: Readonly<Record<string, string>>;
}

/** All options of a family. @throws {ArgumentError} for an unknown option or value, naming those that exist */
export function resolveOptions(name: string, family: Family, given: ArchitectureOptions): ArchitectureOptions {
  const options: ArchitectureOptions = { ...family.defaults(given), ...given };
  const known = family.defaults({});
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, key)) {
      throw new ArgumentError(`${name}: expected options ${Object.keys(known).join(", ") || "none"}, got "${key}"`);
    }
    const choices = family.choices?.[key];
    if (choices && !choices.includes(value as string)) throw new ArgumentError(`${name}: ${key} expected ${choices.join(" or ")}, got "${value}"`);
    if (!choices && !(typeof value === "number" && value >= 0 && Number.isFinite(value))) {
      throw new ArgumentError(`${name}: ${key} expected a number of 0 or more, got ${typeof value === "object" ? "an object" : JSON.stringify(value)}`);
    }
  }
  return options;
}
