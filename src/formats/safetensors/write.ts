import { brief } from "../../core/brief.js";
import { joined } from "../../core/chunks.js";
import { ArgumentError } from "../../core/errors.js";
import { formatShape, sizeOf } from "../../core/shape.js";
import { giveWay, inPieces } from "../../core/slices.js";
import { arrayTypes, bytesOf, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes, type TensorArray } from "./dtype.js";
import { float32ToBfloat16, float32ToFloat16 } from "./half.js";
import { PREFIX_BYTES } from "./header.js";
import { SHA256_KEY, sha256 } from "./sha256.js";

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Row-major elements in the dtype's own array; for F16 and BF16 their bits, or a Float32Array to be rounded (to nearest, ties to even). */
  readonly data: TensorArray;
}

export interface WriteOptions {
  /** Record each tensor's SHA-256 in the metadata, to be verified when it is read (default false). */
  sha256?: boolean;
  /** Ends the writing with its reason. */
  signal?: AbortSignal;
}

/** What goes into `__metadata__`: texts by name. */
export type Metadata = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** A whole file in memory. @throws {ArgumentError} for a repeated name, or data that does not fit dtype and shape */
export async function writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: Metadata = {},
  options: WriteOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return joined(safetensorsChunks(tensors, metadata, options), options.signal);
}

/**
 * The file in pieces: header, then one piece a tensor, widest dtypes first and then by name, as the reference
 * implementation orders them; the header is padded with spaces so that the data begins at a multiple of 8 bytes.
 */
export async function* safetensorsChunks(
  tensors: Iterable<TensorToWrite>,
  metadata: Metadata = {},
  { sha256: digested, signal }: WriteOptions = {},
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  const sorted = [...tensors].sort((a, b) => safetensorsDtypes.indexOf(a.dtype) - safetensorsDtypes.indexOf(b.dtype) || (a.name < b.name ? -1 : 1));
  const fields = new Map(metadata instanceof Map ? metadata : Object.entries(metadata));
  for (const [key, text] of fields)
    if (typeof text !== "string") throw new ArgumentError(`safetensors: metadata ${JSON.stringify(key)} expects a string, got ${brief(text)}`);
  const names = new Set<string>();
  for (const tensor of sorted) check(tensor, names);
  if (digested) {
    const digests: string[] = [];
    for (const tensor of sorted) digests.push(member(tensor.name, await sha256(await encode(tensor, signal), signal)));
    fields.set(SHA256_KEY, `{${digests.join()}}`);
  }
  yield header(sorted, fields);
  for (const tensor of sorted) {
    yield await encode(tensor, signal);
    signal?.throwIfAborted();
  }
}

function check({ name, dtype, shape, data }: TensorToWrite, names: Set<string>): void {
  const tensor = `safetensors: tensor ${JSON.stringify(name)}`;
  if (name === "__metadata__") throw new ArgumentError(`${tensor}: this name is the format's own`);
  if (names.has(name)) throw new ArgumentError(`${tensor} is given twice`);
  names.add(name);
  if (!isSafetensorsDtype(dtype)) throw new ArgumentError(`${tensor} has dtype ${dtype}, expected one of ${safetensorsDtypes.join(" ")}`);
  const rounds = (dtype === "F16" || dtype === "BF16") && data instanceof Float32Array;
  if (!rounds && !(data instanceof arrayTypes[dtype]))
    throw new ArgumentError(`${tensor} of ${dtype} expects ${arrayTypes[dtype].name}, got ${data?.constructor.name}`);
  if (data.length !== sizeOf(shape)) throw new ArgumentError(`${tensor} of shape ${formatShape(shape)} expects ${sizeOf(shape)} elements, got ${data.length}`);
}

/** JSON written member by member: an object would reorder names that look like numbers and lose `__proto__`. */
function header(tensors: readonly TensorToWrite[], metadata: Map<string, string>): Uint8Array {
  const members: string[] = [];
  if (metadata.size > 0) members.push(`"__metadata__":{${[...metadata].map(([key, text]) => member(key, text)).join()}}`);
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const begin = end;
    end += data.length * bytesOf(dtype);
    members.push(member(name, { dtype, shape, data_offsets: [begin, end] }));
  }
  const text = new TextEncoder().encode(`{${members.join()}}`);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, PREFIX_BYTES);
  return bytes;
}

function member(key: string, value: unknown): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

/** A tensor's bytes in the file. */
async function encode({ dtype, data }: TensorToWrite, signal?: AbortSignal): Promise<Uint8Array> {
  await giveWay(signal);
  const round = { F16: float32ToFloat16, BF16: float32ToBfloat16 }[dtype as string];
  const stored =
    round && data instanceof Float32Array
      ? await inPieces(new Uint16Array(data.length), data.length, (from, to) => round(data.subarray(from, to)), signal)
      : data;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
