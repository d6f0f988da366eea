/** Node's SHA-256 with the face of ours. */
export class Sha256 {
  private readonly hash = process.getBuiltinModule("node:crypto").createHash("sha256");

  update(bytes: Uint8Array): this {
    this.hash.update(bytes);
    return this;
  }

  /** Lower-case hexadecimal. */
  hex(): string {
    return this.hash.digest("hex");
  }
}
