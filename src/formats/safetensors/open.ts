import { ArgumentError, FormatError } from "../../core/errors.js";
import { openSource, type SourceLike } from "../../core/source.js";
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
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and reads no more of it than is asked for: by file handle, `Blob.slice` or HTTP Range
 * (a server without it sends the whole body once).
 *
 * @param options.verify compare what is read with the file's `ocelli.sha256` where it has one (default true; needs WebCrypto)
 * @throws {FormatError | LimitError} when the header is not valid, {DataError} when the source cannot be opened
 * @see https://github.com/huggingface/safetensors#format
 */
export async function openSafetensors(from: SourceLike, { verify = true } = {}): Promise<SafetensorsFile> {
  const source = await openSource(from);
  try {
    const header = await readHeader(source);
    const digests = verify ? readSha256(header, source.name) : undefined;
    const bytesOf = async (name: string): Promise<[TensorInfo, Uint8Array<ArrayBuffer>]> => {
      const info = header.tensors.get(name);
      if (!info) throw new ArgumentError(`safetensors: there is no tensor ${JSON.stringify(name)} among the ${header.tensors.size} of ${source.name}`);
      const bytes = await source.read(info.offset, info.length);
      const expected = digests?.get(name);
      const found = expected && (await sha256(bytes));
      if (found !== expected) throw new FormatError(`safetensors: tensor ${JSON.stringify(name)} has sha256 ${found}, expected ${expected} (${source.name})`);
      return [info, bytes];
    };
    const read = async (name: string): Promise<SafetensorsTensor> => {
      const [{ dtype, shape }, bytes] = await bytesOf(name);
      return { dtype, shape, data: new arrayTypes[dtype](bytes.buffer) };
    };
    const readFloat32 = async (name: string) => {
      const { dtype, data } = await read(name);
      return toFloat32(dtype, data);
    };
    return { ...header, name: source.name, read, readFloat32, close: source.close };
  } catch (error) {
    await source.close();
    throw error;
  }
}
