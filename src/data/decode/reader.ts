import { FormatError } from "../../core/errors.js";

/** Reads numbers from an image file; every read is checked against its end, and every error names format, place and file. */
export class ImageReader {
  littleEndian = false;
  private readonly view: DataView;

  /**
   * @param format what errors begin with, such as "jpeg"
   * @param name path, URL or another name of the file, for errors
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly format: string,
    readonly name: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number, place: string): number {
    this.need(at, 1, place);
    return this.bytes[at];
  }

  u16(at: number, place: string): number {
    this.need(at, 2, place);
    return this.view.getUint16(at, this.littleEndian);
  }

  u32(at: number, place: string): number {
    this.need(at, 4, place);
    return this.view.getUint32(at, this.littleEndian);
  }

  i32(at: number, place: string): number {
    this.need(at, 4, place);
    return this.view.getInt32(at, this.littleEndian);
  }

  /** A view of `length` bytes from byte `at`. */
  part(at: number, length: number, place: string): Uint8Array {
    this.need(at, length, place);
    return this.bytes.subarray(at, at + length);
  }

  /** Bytes `at` to `at + length` as Latin-1 text. */
  text(at: number, length: number, place: string): string {
    return String.fromCharCode(...this.part(at, length, place));
  }

  /** @throws {FormatError} where the file ends before byte `at + length` */
  need(at: number, length: number, place: string): void {
    if (at + length > this.bytes.length) throw this.ends(place);
  }

  ends(place: string): FormatError {
    return this.error(`file ends at byte ${this.bytes.length}, inside ${place}`);
  }

  error(problem: string, cause?: unknown): FormatError {
    return new FormatError(`${this.format}: ${problem} (${this.name})`, { cause });
  }
}
