/** Reads JSON of unknown form by what it should hold: own properties only, null counts as absent, errors name the place. */
import { brief } from "../core/brief.js";
import { FormatError } from "../core/errors.js";

export class Fields {
  private readonly value: object;

  /**
   * @param where what this is, such as `layer "conv1"`
   * @throws {FormatError} for what is no object
   */
  constructor(
    value: unknown,
    readonly where: string,
    readonly file: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new FormatError(`${where}: expected an object, got ${brief(value)} (${file})`);
    this.value = value;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.value, key) ? ((this.value as Record<string, unknown>)[key] ?? undefined) : undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  keys(): string[] {
    return Object.keys(this.value);
  }

  number(key: string, otherwise?: number): number {
    return this.checked(key, otherwise, "a number", (value): value is number => typeof value === "number" && Number.isFinite(value));
  }

  whole(key: string, otherwise?: number): number {
    return this.checked(key, otherwise, "a whole number", isWhole);
  }

  text(key: string, otherwise?: string): string {
    return this.checked(key, otherwise, "text", (value): value is string => typeof value === "string");
  }

  flag(key: string, otherwise?: boolean): boolean {
    return this.checked(key, otherwise, "true or false", (value): value is boolean => typeof value === "boolean");
  }

  list(key: string, otherwise?: readonly unknown[]): readonly unknown[] {
    return this.checked(key, otherwise, "a list", (value): value is readonly unknown[] => Array.isArray(value));
  }

  /** Whole numbers; one number stands for `length` of them. */
  wholes(key: string, length: number, otherwise?: readonly number[]): readonly number[] {
    const value = this.get(key) ?? otherwise;
    const values = isWhole(value) ? new Array<number>(length).fill(value) : value;
    if (Array.isArray(values) && values.length === length && values.every(isWhole)) return values;
    return this.fail(`"${key}" expects ${length} whole numbers, got ${brief(value)}`);
  }

  fields(key: string, where = `${this.where} ${key}`): Fields {
    return new Fields(this.get(key), where, this.file);
  }

  fail(message: string): never {
    throw new FormatError(`${this.where}: ${message} (${this.file})`);
  }

  private checked<T>(key: string, otherwise: T | undefined, expected: string, is: (value: unknown) => value is T): T {
    const value = this.get(key) ?? otherwise;
    return is(value) ? value : this.fail(`"${key}" expects ${expected}, got ${brief(value)}`);
  }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
