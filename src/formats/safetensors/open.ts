import { ArgumentError, FormatError } from "../../core/errors.js";
import type { FileSource } from "../../core/file-store.js";
import { inPieces } from "../../core/slices.js";
import { openSource } from "../../core/source.js";
import { arrayTypes, type SafetensorsDtype, type TensorArray, toFloat32 } from "./dtype.js";
import { type Header, readHeader, type TensorInfo } from "./header.js";
import { readSha256, sha256 } from "./sha256.js";

/** One tensor's elements, row-major, in memory of their own. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: TensorArray;
}

/** An open file; only the header has been read. */
export interface SafetensorsFile extends Header {
  /** Path, URL or file name, for messages. */
  readonly name: string;
  /** Elements as the file has them. @throws {FormatError} when their digest is not the recorded one */
  read(name: string): Promise<SafetensorsTensor>;
  /** Elements as float32, whatever the dtype; 64-bit ones are rounded. */
  readFloat32(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** The same for several tensors, in the order of the file, in few reads; each array may share its buffer with others. */
  readAllFloat32(names: Iterable<string>): AsyncGenerator<readonly [name: string, data: Float32Array<ArrayBuffer>]>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and reads no more of it than is asked for: by file handle, `Blob.slice` or HTTP Range
 * (a server without it sends the whole body once).
 *
 * @param options.verify compare what is read with the file's `ocelli.sha256` where it has one (default true)
 * @param options.signal ends what reads of the file with its reason
 * @throws {FormatError | LimitError} when the header is not valid, {DataError} when the source cannot be opened
 * @see https://github.com/huggingface/safetensors#format
 */
export async function openSafetensors(from: FileSource, { verify = true, signal }: { verify?: boolean; signal?: AbortSignal } = {}): Promise<SafetensorsFile> {
  const source = await openSource(from);
  try {
    const header = await readHeader(source);
    const digests = verify ? readSha256(header, source.name) : undefined;
    const infoOf = (name: string): TensorInfo => {
      const info = header.tensors.get(name);
      if (!info) throw new ArgumentError(`safetensors: there is no tensor ${JSON.stringify(name)} among the ${header.tensors.size} of ${source.name}`);
      return info;
    };
    const verified = async (name: string, bytes: Bytes): Promise<TensorArray> => {
      signal?.throwIfAborted();
      const expected = digests?.get(name);
      const found = expected && (await sha256(bytes, signal));
      if (found !== expected) throw new FormatError(`safetensors: tensor ${JSON.stringify(name)} has sha256 ${found}, expected ${expected} (${source.name})`);
      return arrayOf(infoOf(name).dtype, bytes);
    };
    const read = async (name: string): Promise<SafetensorsTensor> => {
      const { dtype, shape, offset, length } = infoOf(name);
      return { dtype, shape, data: await verified(name, await source.read(offset, length)) };
    };
    const readFloat32 = async (name: string) => {
      const { dtype, data } = await read(name);
      return floatsOf(dtype, data, signal);
    };
    async function* readAllFloat32(names: Iterable<string>) {
      const spans = spansOf([...names].map((name) => [name, infoOf(name)]));
      const readSpan = (span: Span | undefined) => {
        const bytes = span && source.read(span.start, span.end - span.start);
        bytes?.catch(() => {}); // awaited when its turn comes; a failure of an earlier one must not leave it unheard
        return bytes;
      };
      let next = readSpan(spans[0]);
      for (let i = 0; i < spans.length; i++) {
        const { start, tensors } = spans[i];
        const bytes = (await next) as Bytes;
        next = readSpan(spans[i + 1]);
        const arrays = await Promise.all(tensors.map(([name, { offset, length }]) => verified(name, bytes.subarray(offset - start, offset - start + length))));
        for (const [k, [name, { dtype }]] of tensors.entries()) yield [name, await floatsOf(dtype, arrays[k], signal)] as const;
      }
    }
    return { ...header, name: source.name, read, readFloat32, readAllFloat32, close: source.close };
  } catch (error) {
    await source.close();
    throw error;
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Tensors that one read brings, in the order of the file. */
interface Span {
  readonly start: number;
  end: number;
  readonly tensors: (readonly [name: string, info: TensorInfo])[];
}

/** Bytes of a read of several tensors at most; and of those in between that nobody asked for, such as counters. */
const largestSpan = 4 * 2 ** 20;
const largestGap = 4096;

function spansOf(tensors: (readonly [string, TensorInfo])[]): Span[] {
  const spans: Span[] = [];
  for (const tensor of tensors.sort(([, a], [, b]) => a.offset - b.offset)) {
    const { offset, length } = tensor[1];
    const last = spans.at(-1);
    const end = offset + length;
    if (last && offset - last.end <= largestGap && end - last.start <= largestSpan) {
      last.end = end;
      last.tensors.push(tensor);
    } else spans.push({ start: offset, end, tensors: [tensor] });
  }
  return spans;
}

/** A view where the bytes lie as the type asks, else a copy. */
function arrayOf(dtype: SafetensorsDtype, bytes: Bytes): TensorArray {
  const { BYTES_PER_ELEMENT } = arrayTypes[dtype];
  const { buffer, byteOffset } = bytes.byteOffset % BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new arrayTypes[dtype](buffer, byteOffset, bytes.length / BYTES_PER_ELEMENT);
}

async function floatsOf(dtype: SafetensorsDtype, data: TensorArray, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
  if (dtype === "F32") return data as Float32Array<ArrayBuffer>;
  return inPieces(new Float32Array(data.length), data.length, (from, to) => toFloat32(dtype, data.subarray(from, to)), signal);
}
