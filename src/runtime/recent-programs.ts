/** Programs by a key, of which the last few used are kept. One that somebody uses is not closed. */
export class RecentPrograms<P extends { close(): Promise<void> }> {
  /** The last used one is the last. */
  private readonly entries = new Map<string, { readonly made: Promise<P>; users: number }>();

  constructor(private readonly most: number) {}

  /** Gives `use` the program of a key, which `make` makes where there is none, or where another call that was to make it failed or was aborted. */
  async with<T>(key: string, make: () => Promise<P>, use: (program: P) => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    const entry = known ?? { made: make(), users: 0 };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.users++;
    let program: P;
    try {
      program = await entry.made;
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      if (known) return this.with(key, make, use);
      throw error;
    }
    try {
      return await use(program);
    } finally {
      entry.users--;
      this.closeOldest();
    }
  }

  private closeOldest(): void {
    for (const [key, { made, users }] of this.entries) {
      if (this.entries.size <= this.most) return;
      if (users > 0) continue;
      this.entries.delete(key);
      void made.then((program) => program.close()).catch(() => {}); // of a session that was closed there is nothing to free
    }
  }
}
