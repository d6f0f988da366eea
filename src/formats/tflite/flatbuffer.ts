/**
 * Tables of a FlatBuffer, field by field: nothing is read that does not lie in the file, and not much more than the file in all, so
 * that offsets which point to the same bytes again and again cannot make a small file large.
 *
 * @see flatbuffers "Internals", for tables, vtables and vectors
 */
import { FormatError } from "../../core/errors.js";

/** A file's bytes may be read this often. Writers share equal strings and vectors, but not without end. */
const mostSharing = 16;

class Source {
  readonly view: DataView;
  private left: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly format: string,
    readonly file: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.left = mostSharing * bytes.byteLength + 65536;
  }

  /** Checks that `length` bytes lie at `at`. */
  check(at: number, length: number): number {
    this.left -= length;
    if (!(at >= 0 && at + length <= this.bytes.byteLength)) this.fail(`expected ${length} bytes at byte ${at}, the file has ${this.bytes.byteLength}`);
    if (this.left < 0) this.fail("its parts lie over one another");
    return at;
  }

  fail(message: string): never {
    throw new FormatError(`${this.format}: ${message} (${this.file})`);
  }
}

/** Fields are counted from 0 in the order of the schema; a union takes two, its type and its value. Those that are absent have their default. */
export class Table {
  private readonly fields: number;
  private readonly count: number;

  private constructor(
    private readonly source: Source,
    private readonly at: number,
  ) {
    this.fields = source.check(at, 4) - source.view.getInt32(at, true);
    const length = source.view.getUint16(source.check(this.fields, 4), true);
    source.check(this.fields, length);
    this.count = (length - 4) >> 1;
  }

  /** The table that a file begins with. @throws {FormatError} for bytes that do not say `identifier` */
  static root(bytes: Uint8Array, identifier: string, format: string, file: string): Table {
    const source = new Source(bytes, format, file);
    const found = String.fromCharCode(...bytes.subarray(4, 8));
    if (found !== identifier) source.fail(`expected ${identifier} at byte 4, got ${JSON.stringify(found)}`);
    return new Table(source, source.view.getUint32(source.check(0, 8), true));
  }

  int8(field: number, otherwise = 0): number {
    const at = this.find(field, 1);
    return at === undefined ? otherwise : this.source.view.getInt8(at);
  }

  uint8(field: number): number {
    const at = this.find(field, 1);
    return at === undefined ? 0 : this.source.view.getUint8(at);
  }

  flag(field: number): boolean {
    return this.uint8(field) !== 0;
  }

  int32(field: number, otherwise = 0): number {
    const at = this.find(field, 4);
    return at === undefined ? otherwise : this.source.view.getInt32(at, true);
  }

  uint32(field: number): number {
    const at = this.find(field, 4);
    return at === undefined ? 0 : this.source.view.getUint32(at, true);
  }

  uint64(field: number): bigint {
    const at = this.find(field, 8);
    return at === undefined ? 0n : this.source.view.getBigUint64(at, true);
  }

  float32(field: number): number {
    const at = this.find(field, 4);
    return at === undefined ? 0 : this.source.view.getFloat32(at, true);
  }

  text(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  table(field: number): Table | undefined {
    const at = this.find(field, 4);
    return at === undefined ? undefined : new Table(this.source, this.follow(at));
  }

  tables(field: number): Table[] {
    return this.vector(field, 4, (at) => new Table(this.source, this.follow(at)));
  }

  ints(field: number): number[] {
    return this.vector(field, 4, (at) => this.source.view.getInt32(at, true));
  }

  floats(field: number): number[] {
    return this.vector(field, 4, (at) => this.source.view.getFloat32(at, true));
  }

  /** 64-bit numbers, exact up to 2^53. */
  longs(field: number): number[] {
    return this.vector(field, 8, (at) => Number(this.source.view.getBigInt64(at, true)));
  }

  /** A vector of bytes as it lies in the file; `undefined` where it is absent. */
  data(field: number): Uint8Array | undefined {
    return this.has(field) ? this.bytes(field) : undefined;
  }

  has(field: number): boolean {
    return this.find(field, 1) !== undefined;
  }

  private bytes(field: number): Uint8Array {
    const [start, length] = this.extent(field, 1);
    return this.source.bytes.subarray(start, start + length);
  }

  private vector<T>(field: number, bytes: number, read: (at: number) => T): T[] {
    const [start, length] = this.extent(field, bytes);
    return Array.from({ length }, (_, i) => read(start + i * bytes));
  }

  /** Where a vector's elements begin, and how many there are. */
  private extent(field: number, bytes: number): [start: number, length: number] {
    const at = this.find(field, 4);
    if (at === undefined) return [0, 0];
    const start = this.follow(at);
    const length = this.source.view.getUint32(this.source.check(start, 4), true);
    this.source.check(start + 4, length * bytes);
    return [start + 4, length];
  }

  private follow(at: number): number {
    return at + this.source.view.getUint32(at, true);
  }

  private find(field: number, bytes: number): number | undefined {
    if (field >= this.count) return undefined;
    const offset = this.source.view.getUint16(this.fields + 4 + 2 * field, true);
    return offset === 0 ? undefined : this.source.check(this.at + offset, bytes);
  }
}
