/** A teacher's answers as float16, by view and image. */
export interface Answers {
  has(key: number): boolean;
  /** Those of keys that it has. */
  get(keys: readonly number[]): Promise<readonly Uint16Array[]>;
  /** Keeps those that it does not have, as far as there is room. */
  add(keys: readonly number[], answers: readonly Uint16Array[]): Promise<void>;
  close(): Promise<void>;
}

/** In memory, until the training ends. @param most answers */
export class RememberedAnswers implements Answers {
  private readonly known = new Map<number, Uint16Array>();

  constructor(private readonly most: number) {}

  has(key: number): boolean {
    return this.known.has(key);
  }

  async get(keys: readonly number[]): Promise<readonly Uint16Array[]> {
    return keys.map((key) => this.known.get(key) as Uint16Array);
  }

  async add(keys: readonly number[], answers: readonly Uint16Array[]): Promise<void> {
    keys.forEach((key, i) => {
      if (this.known.has(key) || this.known.size < this.most) this.known.set(key, answers[i]);
    });
  }

  async close(): Promise<void> {
    this.known.clear();
  }
}
