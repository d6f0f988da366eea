/**
 * Conversions between float32 and the two 16-bit floats, by their bits. Rounding is to nearest, ties to even; NaNs stay
 * NaNs (quiet, with the upper bits of their payload).
 * @see IEEE 754-2019, sections 3.4 and 4.3.1
 */

const INFINITY_32 = 0x7f800000;

/** IEEE binary16 bits to float32; exact. */
export function float16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const sign = (half & 0x8000) << 16;
    const exponent = half & 0x7c00;
    if (exponent === 0) {
      out[i] = (half & 0x3ff) * 2 ** -24;
      bits[i] |= sign;
    } else if (exponent === 0x7c00) bits[i] = sign | INFINITY_32 | ((half & 0x3ff) << 13);
    else bits[i] = sign | (((half & 0x7fff) << 13) + ((127 - 15) << 23));
  }
  return out;
}

/** float32 to IEEE binary16 bits: infinity from 65520 up, subnormals below 2^-14, zero up to 2^-25. */
export function float32ToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(values.length);
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i];
    const sign = (word[0] >>> 16) & 0x8000;
    const magnitude = word[0] & 0x7fffffff;
    out[i] = sign | halfOf(magnitude);
  }
  return out;
}

function halfOf(magnitude: number): number {
  if (magnitude > INFINITY_32) return 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return 0x7c00;
  if (magnitude >= 0x38800000) return (magnitude - ((127 - 15) << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
  if (magnitude <= 0x33000000) return 0;
  const drop = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  return (mantissa + (1 << (drop - 1)) - 1 + ((mantissa >>> drop) & 1)) >>> drop;
}

/** bfloat16 bits to float32; exact. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

/** float32 to bfloat16 bits. */
export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(values.length);
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i];
    const bits = word[0];
    out[i] = (bits & 0x7fffffff) > INFINITY_32 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
}
