import { FormatError, LimitError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { formatShape } from "../../core/shape.js";
import { type ByteSource, openBytes } from "../../core/byte-source.js";
import { bytesOf, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes } from "./dtype.js";
import { scanJson } from "./scan-json.js";

/** Where one tensor is and what it holds; checked against the file's size. */
export interface TensorInfo {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

export interface Header {
  /** The file's `__metadata__`. */
  readonly metadata: Map<string, string>;
  /** Name -> tensor, in the order of the bytes in the file. */
  readonly tensors: Map<string, TensorInfo>;
}

/** Bytes of the header's length at the start of a file. */
export const PREFIX_BYTES = 8;
const FIELDS_PER_TENSOR = 32;
const HEADER_DEPTH = 3;

/**
 * Reads and validates a header; tensor data stays where it is.
 * @throws {FormatError | LimitError} for anything that `validate` or the first eight bytes get wrong
 */
export async function readHeader(from: ByteSource | Uint8Array): Promise<Header> {
  const source = from instanceof Uint8Array ? openBytes(from) : from;
  const { name, size } = source;
  if (size < PREFIX_BYTES) throw new FormatError(`safetensors: expected at least ${PREFIX_BYTES} bytes, got ${size} (${name})`);
  const prefix = await source.read(0, PREFIX_BYTES);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > limits.safetensorsHeaderBytes) {
    throw new LimitError(`safetensors: header of ${length} bytes is longer than ${limits.safetensorsHeaderBytes}; is this a safetensors file? (${name})`);
  }
  const end = PREFIX_BYTES + Number(length);
  if (end > size) throw new FormatError(`safetensors: header ends at byte ${end}, after the file's ${size} (${name})`);
  return validate(await source.read(PREFIX_BYTES, Number(length)), size, name);
}

/**
 * The whole format in one place: JSON without repeated keys; known dtypes; whole sizes; tensors that lie one after the
 * other, without overlap or hole, up to the last byte of the file.
 *
 * @param header the bytes after the length
 * @param fileBytes size of the whole file
 * @param file its name, for messages
 */
export function validate(header: Uint8Array, fileBytes: number, file: string): Header {
  const fail = (message: string): never => {
    throw new FormatError(`safetensors: ${message} (${file})`);
  };
  const start = PREFIX_BYTES + header.byteLength;
  const entries = Object.entries(parse(header, file, fail));
  if (entries.length > limits.tensors + 1) throw new LimitError(`safetensors: ${entries.length} entries are more than ${limits.tensors} tensors (${file})`);

  const metadata = new Map<string, string>();
  const tensors: [string, TensorInfo][] = [];
  for (const [name, value] of entries) {
    if (!isRecord(value)) fail(`entry ${quote(name)} is no object`);
    if (name !== "__metadata__") tensors.push([name, tensorInfo(name, value as Record<string, unknown>, start, fileBytes, file, fail)]);
    else
      for (const [key, text] of Object.entries(value as object))
        metadata.set(key, typeof text === "string" ? text : fail(`metadata ${quote(key)} is no string`));
  }

  tensors.sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length);
  let at = start;
  for (const [name, { offset, length }] of tensors) {
    if (offset < at) fail(`tensor ${quote(name)} begins at byte ${offset}, inside the one before, which ends at ${at}`);
    if (offset > at) fail(`tensor ${quote(name)} begins at byte ${offset}, leaving a hole after byte ${at}`);
    at = offset + length;
  }
  if (at !== fileBytes) fail(`tensors end at byte ${at}, before the file's ${fileBytes}`);
  return { metadata, tensors: new Map(tensors) };
}

type Fail = (message: string) => never;

function parse(header: Uint8Array, file: string, fail: Fail): Record<string, unknown> {
  if (header[0] !== 0x7b) fail(`header begins with ${header.length === 0 ? "nothing" : `byte 0x${header[0].toString(16).padStart(2, "0")}`}, expected "{"`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    return fail("header is no valid UTF-8");
  }
  const scan = scanJson(text, HEADER_DEPTH);
  if (scan.tooDeep !== undefined) fail(`header is nested more than ${HEADER_DEPTH} deep at character ${scan.tooDeep}`);
  if (scan.repeatedKey !== undefined) fail(`header has the key ${quote(scan.repeatedKey)} twice`);
  const most = FIELDS_PER_TENSOR * limits.tensors;
  if (scan.values > most) throw new LimitError(`safetensors: header has ${scan.values} values, more than ${most} (${file})`);
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`header is no valid JSON: ${(error as Error).message}`);
  }
}

function tensorInfo(
  name: string,
  { dtype, shape, data_offsets }: Record<string, unknown>,
  start: number,
  fileBytes: number,
  file: string,
  fail: Fail,
): TensorInfo {
  const tensor = `tensor ${quote(name)}`;
  if (!isSafetensorsDtype(dtype)) return fail(`${tensor} has dtype ${show(dtype)}, expected one of ${safetensorsDtypes.join(" ")}`);
  if (!isSizes(shape)) return fail(`${tensor} has shape ${show(shape)}, expected whole sizes of 0 or more`);
  if (!isSizes(data_offsets) || data_offsets.length !== 2) return fail(`${tensor} has data_offsets ${show(data_offsets)}, expected two whole numbers`);
  const [begin, end] = data_offsets;
  if (end < begin) fail(`${tensor} has data_offsets [${begin},${end}] that end before they begin`);
  if (start + end > fileBytes) fail(`${tensor} ends at byte ${start + end}, after the file's ${fileBytes}`);
  const elements = shape.includes(0) ? 0 : shape.reduce((product, axis) => Math.min(product * axis, Number.MAX_SAFE_INTEGER), 1);
  if (elements > limits.elements)
    throw new LimitError(`safetensors: ${tensor} has shape ${formatShape(shape)} of more than ${limits.elements} elements (${file})`);
  const length = elements * bytesOf(dtype);
  if (end - begin !== length) fail(`${tensor} has ${end - begin} bytes, expected ${length} for ${dtype} ${formatShape(shape)}`);
  return { dtype, shape, offset: start + begin, length };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

const quote = JSON.stringify;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
