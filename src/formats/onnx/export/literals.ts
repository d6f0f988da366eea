import { formatShape } from "../../../core/shape.js";
import type { Constant } from "../constant.js";

interface Literal {
  readonly name: string;
  readonly tensor: Constant;
}

/** Numbers that no parameter has, each tensor of them once. */
export class Literals {
  private readonly alike = new Map<string, Literal[]>();
  private count = 0;

  /** The name of a tensor of the same bits; where there is none, `add` is asked for one. */
  name(tensor: Constant, add: (suggestion: string) => string): string {
    const key = `${tensor.type}${formatShape(tensor.shape)}:${hash(bytesOf(tensor))}`;
    const alike = this.alike.get(key) ?? [];
    const found = alike.find((other) => sameBytes(bytesOf(other.tensor), bytesOf(tensor)));
    if (found) return found.name;
    const name = add(`constant.${this.count++}`);
    this.alike.set(key, [...alike, { name, tensor }]);
    return name;
  }
}

const bytesOf = ({ data: { buffer, byteOffset, byteLength } }: Constant) => new Uint8Array(buffer, byteOffset, byteLength);

/** FNV-1a of 32 bits. */
function hash(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
  return sum;
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);
