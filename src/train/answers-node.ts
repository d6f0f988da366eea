import { ArgumentError, FormatError, StorageError } from "../core/errors.js";
import { reason } from "../core/file-node.js";
import type { Answers } from "./answers.js";

const mark = "ocelli-answers-1";
/** The mark, 16 hexadecimal digits of what the answers are of, and how many numbers an answer has. */
const headerBytes = 36;
const scannedBytes = 2 ** 22;

/**
 * In a file, which other trainings of the same teacher, pictures and views go on with. Behind a header come records: the key, the
 * answer, and a check of both, little-endian. What a killed training left unfinished at the end is cut off.
 */
export class AnswerFile implements Answers {
  /** Places of records. */
  private readonly places = new Map<number, number>();
  private readonly recordBytes: number;

  private constructor(
    private readonly path: string,
    private readonly handle: Awaited<ReturnType<ReturnType<typeof fileSystem>["open"]>>,
    private readonly width: number,
  ) {
    this.recordBytes = 8 + 2 * width;
  }

  /**
   * @param identity 16 hexadecimal digits that change with whatever changes an answer
   * @param width numbers of an answer
   * @throws {ArgumentError} for a file of other answers, {FormatError} for one of something else, {StorageError} when it cannot be read or written
   */
  static async open(path: string, identity: string, width: number): Promise<AnswerFile> {
    const { open } = fileSystem();
    const handle = await open(path, "r+")
      .catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? open(path, "wx+") : Promise.reject(error)))
      .catch((cause) => {
        throw failed(path, cause);
      });
    try {
      const file = new AnswerFile(path, handle, width);
      await file.start(identity);
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  has(key: number): boolean {
    return this.places.has(key);
  }

  async get(keys: readonly number[]): Promise<readonly Uint16Array[]> {
    return Promise.all(
      keys.map(async (key) => {
        const record = await this.read(headerBytes + (this.places.get(key) as number) * this.recordBytes, this.recordBytes);
        if (!isWhole(record, key)) throw new FormatError(`distillation: answers: the record of ${key} is damaged (${this.path})`);
        return new Uint16Array(record.slice(4, -4).buffer);
      }),
    );
  }

  async add(keys: readonly number[], answers: readonly Uint16Array[]): Promise<void> {
    const fresh = keys.map((key, i) => ({ key, answer: answers[i] })).filter(({ key }, i) => !this.places.has(key) && keys.indexOf(key) === i);
    const bytes = new Uint8Array(fresh.length * this.recordBytes);
    fresh.forEach(({ key, answer }, i) => {
      const record = bytes.subarray(i * this.recordBytes, (i + 1) * this.recordBytes);
      const view = new DataView(record.buffer, record.byteOffset, record.length);
      view.setUint32(0, key, true);
      record.set(new Uint8Array(answer.buffer, answer.byteOffset, answer.byteLength), 4);
      view.setUint32(record.length - 4, checkOf(record), true);
    });
    const first = this.places.size;
    await this.write(bytes, headerBytes + first * this.recordBytes);
    fresh.forEach(({ key }, i) => void this.places.set(key, first + i));
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** Reads or writes the header, finds the whole records and cuts off the rest. */
  private async start(identity: string): Promise<void> {
    const header = new Uint8Array(headerBytes);
    header.set(new TextEncoder().encode(mark + identity));
    new DataView(header.buffer).setUint32(headerBytes - 4, this.width, true);
    const { size } = await this.handle.stat();
    if (size < headerBytes) return this.write(header, 0);
    const found = await this.read(0, headerBytes);
    if (new TextDecoder().decode(found.subarray(0, mark.length)) !== mark)
      throw new FormatError(`distillation: answers: the file holds none of a teacher (${this.path})`);
    if (found.some((byte, i) => byte !== header[i]))
      throw new ArgumentError(`distillation: answers: the file's are of another teacher, other images, views or pictures; name another file (${this.path})`);
    const records = Math.floor((size - headerBytes) / this.recordBytes);
    const atOnce = Math.max(1, Math.floor(scannedBytes / this.recordBytes));
    for (let first = 0; first < records; first += atOnce) {
      const count = Math.min(atOnce, records - first);
      const bytes = await this.read(headerBytes + first * this.recordBytes, count * this.recordBytes);
      for (let i = 0; i < count; i++) {
        const record = bytes.subarray(i * this.recordBytes, (i + 1) * this.recordBytes);
        const key = new DataView(record.buffer, record.byteOffset).getUint32(0, true);
        if (this.places.has(key) || !isWhole(record, key)) return this.cut(first + i);
        this.places.set(key, first + i);
      }
    }
    await this.cut(records);
  }

  private async cut(records: number): Promise<void> {
    await this.handle.truncate(headerBytes + records * this.recordBytes);
  }

  private async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await this.handle.read(bytes, 0, length, offset).catch((cause) => {
      throw failed(this.path, cause);
    });
    if (bytesRead < length) throw new FormatError(`distillation: answers: the file became shorter while it was used (${this.path})`);
    return bytes;
  }

  private async write(bytes: Uint8Array, offset: number): Promise<void> {
    await this.handle.write(bytes, 0, bytes.length, offset).catch((cause) => {
      throw failed(this.path, cause);
    });
  }
}

const fileSystem = () => process.getBuiltinModule("node:fs/promises");

const failed = (path: string, cause: Error) => new StorageError(`distillation: answers: cannot use ${path}: ${reason(cause)}`, { cause });

function isWhole(record: Uint8Array, key: number): boolean {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  return view.getUint32(0, true) === key && view.getUint32(record.length - 4, true) === checkOf(record);
}

/** FNV-1a of all but the last four bytes. */
function checkOf(record: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < record.length - 4; i++) hash = Math.imul(hash ^ record[i], 0x01000193);
  return hash >>> 0;
}
