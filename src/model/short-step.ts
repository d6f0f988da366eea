const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * A step of quantisation by its first 12 binary digits, 1.2e-4 of it away at most. The product of two such steps is exact in float32, so that whoever
 * multiplies an input's by a weight's and divides by the output's gets one and the same number: the same bytes come out of other programs' kernels.
 */
export function shortStep(step: number): number {
  float[0] = step;
  bits[0] = (bits[0] + 0x800) & 0xfffff000;
  return float[0];
}
