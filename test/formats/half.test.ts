import { describe, expect, it } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../../src/formats/safetensors/index.js";

const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);
const formats = [
  { name: "float16", exponentBits: 5, toFloat32: float16ToFloat32, fromFloat32: float32ToFloat16 },
  { name: "bfloat16", exponentBits: 8, toFloat32: bfloat16ToFloat32, fromFloat32: float32ToBfloat16 },
];

/** Value of a 16-bit float by IEEE 754's definition. */
function valueOf(half: number, exponentBits: number): number {
  const mantissaBits = 15 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponent = (half & 0x7fff) >> mantissaBits;
  const fraction = (half & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

describe.each(formats)("$name", ({ exponentBits, toFloat32, fromFloat32 }) => {
  const values = toFloat32(everyHalf);
  const infinity = (2 ** exponentBits - 1) << (15 - exponentBits);

  it("reads all 65,536 values", () => {
    everyHalf.forEach((half) => {
      if (!Object.is(values[half], valueOf(half, exponentBits))) throw new Error(`0x${half.toString(16)}: ${values[half]}`);
    });
  });

  it("writes what it read as it was, except that NaNs become quiet", () => {
    const quiet = 1 << (14 - exponentBits);
    const expected = everyHalf.map((half) => ((half & 0x7fff) > infinity ? half | quiet : half));
    expect(fromFloat32(values)).toEqual(expected);
  });

  it("rounds to nearest, ties to even, between any two neighbours", () => {
    const tie = new Float32Array(infinity);
    for (let half = 0; half < infinity; half++) {
      const above = half + 1 === infinity ? 2 * values[half] - values[half - 1] : values[half + 1];
      tie[half] = values[half] / 2 + above / 2;
    }
    const neighbour = (step: number) => new Float32Array(new Uint32Array(tie.buffer).map((bits) => bits + step).buffer);
    const halves = everyHalf.slice(0, infinity);
    expect(fromFloat32(tie)).toEqual(halves.map((half) => half + (half & 1)));
    expect(fromFloat32(neighbour(-1))).toEqual(halves);
    expect(fromFloat32(neighbour(1))).toEqual(halves.map((half) => half + 1));
    expect(fromFloat32(tie.map((value) => -value))).toEqual(halves.map((half) => (half + (half & 1)) | 0x8000));
  });

  it("keeps infinities, signed zeros and NaNs, and rounds float32's extremes", () => {
    const least = 2 ** -149;
    const most = (2 - 2 ** -23) * 2 ** 127;
    const sources = Float32Array.of(0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, least, -least, most, -most);
    const back = [...toFloat32(fromFloat32(sources))];
    expect(back).toEqual([0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});
