import { InvalidArgumentError, Option } from "commander";
import { createModel, loadModel, type Model } from "../index.js";

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly threads?: number;
  readonly build?: "auto" | "simd" | "relaxed";
}

export function commonOptions(): Option[] {
  return [
    new Option("--threads <n>", "threads of the engine; default all cores, at most 8").argParser(wholeNumber(1)),
    new Option("--build <name>", "kernels: auto takes the fastest, simd gives the same bits everywhere").choices(["auto", "simd", "relaxed"]),
    new Option("--json", "machine-readable output, one JSON value a line"),
  ];
}

/** Parses a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`expected a whole number of ${least} or more.`);
    return value;
  };
}

/** Parses a number of at least `least`. */
export function number(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < least) throw new InvalidArgumentError(`expected a number of ${least} or more.`);
    return value;
  };
}

/** A model file of ours, or a name with weights that ship with the package. */
export async function openModel(source: string, { threads, build }: CommonOptions): Promise<Model> {
  const isFile = /[./\\]/.test(source);
  return isFile ? loadModel(source, { threads, build }) : createModel(source, { pretrained: true, threads, build });
}
