import { type Command, InvalidArgumentError, Option } from "commander";
import { listBundled, type PreprocessingName, preprocessingNames } from "../index.js";
import type { BuildChoice } from "../runtime/choose-build.js";

/** Options that every command has. */
export interface OutputOptions {
  readonly json?: boolean;
}

/** Options of commands that run a model. */
export interface EngineOptions extends OutputOptions {
  readonly threads?: number;
  readonly build?: BuildChoice;
}

/** What commands that use a model take. */
export const modelArgument = "model file, folder, URL, hf-hub:owner/name, or an architecture with the weights that its name stands for";

export function addOutputOptions(command: Command): Command {
  return command.option("--json", "machine-readable output, one JSON value a line; errors too, on stderr");
}

export function addThreadsOption(command: Command): Command {
  return command.option("--threads <n>", "threads of the engine (default: all cores, at most 8)", wholeNumber(1));
}

/** @param build where none is named; default what `init` and the environment say */
export function addBuildOption(command: Command, build?: BuildChoice): Command {
  const option = new Option("--build <name>", "kernels: auto takes the fastest, simd gives the same bits everywhere, turbo is for Node 24").choices([
    "auto",
    "simd",
    "relaxed",
    "turbo",
  ]);
  return command.addOption(build ? option.default(build) : option);
}

const views = { flip: "flip", "five-crop": "fiveCrop", "ten-crop": "tenCrop", scales: "scales" } as const;

/** Options of commands that show images to a model. */
export interface ScoringOptions extends EngineOptions, InputOptions {
  readonly tta?: (typeof views)[keyof typeof views];
}

export function addScoringOptions(command: Command): Command {
  const names = Object.keys(views);
  return addEngineOptions(addInputOptions(command)).option(
    "--tta <views>",
    `test-time augmentation, averages the scores of views of each image: ${names.join(", ")}`,
    (text) => {
      if (!Object.hasOwn(views, text)) throw new InvalidArgumentError(`expected ${names.join(", ")}`);
      return views[text as keyof typeof views];
    },
  );
}

/** What a user may know of a network that its file does not say. */
export interface InputOptions {
  readonly preprocessing?: PreprocessingName;
  readonly size?: number;
}

export function preprocessingOption(): Option {
  return new Option(
    "--preprocessing <name>",
    "of a network whose file does not say how images are prepared: imagenet, caffe, or the range of its levels",
  ).choices(preprocessingNames);
}

/** What a network to train starts as. */
export interface NetworkOptions extends InputOptions {
  readonly model?: string;
  readonly weights?: string;
}

/** Options of commands that train. */
export function addNetworkOptions(command: Command): Command {
  return command
    .optionsGroup("Network:")
    .option("-m, --model <name>", `architecture (default: that of --weights, else ${listBundled()[0]})`)
    .option(
      "-w, --weights <name>",
      "to start from: a safetensors file (a model of ours or PyTorch's names), a folder, hf-hub:owner/name, a URL or a name with a tag; random for none (default: those of --model)",
    )
    .option("--size <pixels>", "side of the network's input (default: that of the weights)", wholeNumber(1))
    .addOption(preprocessingOption());
}

/** Options of commands that take networks of other programs. */
export function addInputOptions(command: Command): Command {
  return command.addOption(preprocessingOption()).option("--size <pixels>", "side of the network's input (default: that of the file)", wholeNumber(1));
}

export function addEngineOptions(command: Command): Command {
  return addOutputOptions(addBuildOption(addThreadsOption(command)));
}

/** Parses a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least) throw new InvalidArgumentError(`expected a whole number of ${least} or more`);
    return value;
  };
}

/** Parses a number from `least` to `most`. */
export function numberWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) throw new InvalidArgumentError(`expected a number from ${least} to ${most}`);
    return value;
  };
}

/** Parses a number of at least `least`, and below `end`. */
export function number(least: number, end = Number.POSITIVE_INFINITY): (text: string) => number {
  const range = end === Number.POSITIVE_INFINITY ? `of ${least} or more` : `from ${least} up to but not including ${end}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value < end)) throw new InvalidArgumentError(`expected a number ${range}`);
    return value;
  };
}

/** Parses a time as seconds: `90s`, `110m`, `2h`. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  const seconds = Number(amount) * { s: 1, m: 60, h: 3600 }[(unit ?? "s") as "s" | "m" | "h"];
  if (!(seconds > 0)) throw new InvalidArgumentError("expected a time such as 90s, 110m or 2h");
  return seconds;
}
