/** A name that nothing else has: 32 hexadecimal digits. `crypto.randomUUID` is not there in pages without https. */
export function uniqueName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
