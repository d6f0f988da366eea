import type { Preprocessing } from "../data/preprocessing.js";
import type { OnnxModel } from "./onnx/read-model.js";

/** A network out of a file of another program, in the one form that all become, with what the file says besides. */
export interface ForeignModel {
  readonly graph: OnnxModel;
  readonly labels?: readonly string[];
  /** What the file says that its images go through; absent where it does not say. */
  readonly preprocessing?: Preprocessing;
  /** For people: where it comes from, under which terms. */
  readonly notes?: Readonly<Record<string, string>>;
}

/** The file that a model was opened by. */
export interface ForeignFile {
  /** Path, URL or file name, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Another file of the same folder by its plain name; absent where there is no folder, as with bytes and Blobs.
   *
   * @throws {FormatError} for what is no plain name, such as a path; {DataError} where it cannot be read
   */
  readonly beside?: (name: string) => Promise<Uint8Array<ArrayBuffer>>;
}

/** What callers may ask of a reader; each heeds what concerns its format. */
export interface ForeignOptions {
  /**
   * What becomes of the quantisation of activations in a TFLite file. `"drop"` (default): they are float32, weights dequantised, so that the
   * network can be trained further. `"exact"`: each is rounded to the file's levels, as its own integer arithmetic does to within a level.
   */
  readonly quantized?: "drop" | "exact";
}

/** @throws {FormatError | LimitError | UnsupportedOpError} and nothing else for a file that it cannot read */
export type ForeignReader = (file: ForeignFile, options?: ForeignOptions) => Promise<ForeignModel>;
