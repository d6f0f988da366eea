import type { Value } from "../graph/graph.js";
import type { Scope } from "./scope.js";

/** What an image goes through before the network where the checkpoint says nothing else. Sizes in pixels, mean and std of values 0..1. */
export interface PreprocessingDefaults {
  /** The shorter side after resizing. */
  readonly resize: number;
  /** Side of the square cut from the centre. */
  readonly crop: number;
  readonly interpolation: "bilinear" | "bicubic";
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Default 3. */
  readonly channels?: 3 | 1;
}

/** Choices an architecture leaves open; plain, so that a file's metadata can carry them. */
export type ArchitectureOptions = Readonly<Record<string, number | string>>;

/**
 * A classifier in two parts: the backbone from images to what the head takes, and the head from there to logits, so
 * that the backbone's result can be computed once and kept while a head learns.
 */
export interface Network {
  /** From x [N, H, W, C] to what the head takes. */
  backbone(net: Scope, x: Value): Value;
  /** From the backbone's result to logits [N, numClasses]. */
  head(net: Scope, features: Value, numClasses: number): Value;
  /** Pooled features [N, D] of the backbone's result. */
  embedding(features: Value): Value;
  /** Checkpoint names of the parameters that depend on the number of classes. */
  readonly classifier: readonly string[];
  /** Names of tensors that checkpoints have and inference does not need, such as auxiliary heads'. Default none. */
  readonly unused?: RegExp;
  /** Whole numbers that PyTorch's state_dict has besides and that follow from the network, by name: files get them. Default none. */
  readonly indices?: ReadonlyMap<string, BigInt64Array>;
}

/** A network with what is known of its input and classes. */
export interface Architecture extends Network {
  readonly name: string;
  /** Height and width in pixels that it was designed for, or the side of a square. */
  readonly inputSize: number | readonly [height: number, width: number];
  /** Of the image: 3 for RGB, 1 for grey. */
  readonly channels: 3 | 1;
  readonly defaultClasses: number;
  /** Where a checkpoint says nothing else. */
  readonly preprocessing?: PreprocessingDefaults;
  /** Every option with its value: `architecture(name, options)` gives the same network again. */
  readonly options: ArchitectureOptions;
  /** No published checkpoint has been run: names and results are those of the library that has it. */
  readonly unverified?: true;
  /** Of a network that came in a file: its graph without the weights, from which a saved file makes it again. */
  definition?(numClasses: number): Uint8Array;
  /** Of a network that ends without a classifier: the same with one. */
  withClassifier?(numClasses: number): Architecture;
}

/** A network that `src/zoo/` knows by name. */
export interface NamedArchitecture extends Architecture {
  /** File of `src/zoo/` that it is built in. */
  readonly family: string;
  readonly inputSize: number;
  readonly preprocessing: PreprocessingDefaults;
}
