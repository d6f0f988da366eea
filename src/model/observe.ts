import type { Quantization } from "../core/dtype.js";
import { mostByte } from "../ops/lowering/quantized.js";
import { shortStep } from "./short-step.js";

const bins = 4096;
/** Shares of the observed range that are tried as the range to keep. */
const shares = Array.from({ length: 80 }, (_, i) => 1 - i / 100);

/** A histogram of an activation's values whose range doubles as larger ones come. */
export class Observer {
  private counts = new Float64Array(bins);
  private radius = 0;
  private least = 0;
  private most = 0;

  add(values: Float32Array): void {
    let { least, most } = this;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < least) least = value;
      else if (value > most) most = value;
    }
    this.least = least;
    this.most = most;
    this.widen(Math.max(-least, most));
    const { counts, radius } = this;
    const perUnit = bins / 2 / radius;
    for (let i = 0; i < values.length; i++) counts[Math.min(((values[i] + radius) * perUnit) | 0, bins - 1)]++;
  }

  /**
   * The quantisation with the least squared error over what was observed. Zero is exact, as padding needs; `least` and
   * `most` of what lies far out are given up for finer steps where that is worth it.
   */
  quantization(): Quantization {
    let best: Quantization = { scale: 1, zeroPoint: 0 };
    let lowest = Number.POSITIVE_INFINITY;
    for (const share of this.least < this.most ? shares : []) {
      const scale = shortStep((share * (this.most - this.least)) / mostByte);
      const zeroPoint = Math.round((-share * this.least) / scale);
      const error = this.errorOf({ scale, zeroPoint });
      if (error < lowest) [best, lowest] = [{ scale, zeroPoint }, error];
    }
    return best;
  }

  private errorOf({ scale, zeroPoint }: Quantization): number {
    const width = (2 * this.radius) / bins;
    let error = 0;
    for (let bin = 0; bin < bins; bin++) {
      if (this.counts[bin] === 0) continue;
      const value = (bin + 0.5) * width - this.radius;
      const byte = Math.min(Math.max(Math.round(value / scale) + zeroPoint, 0), mostByte);
      // Within a bin values are spread evenly, which matters where a bin is wide beside a step.
      const off = value - (byte - zeroPoint) * scale;
      error += this.counts[bin] * (off * off + (width * width) / 12);
    }
    return error;
  }

  private widen(radius: number): void {
    const empty = this.radius === 0;
    if (empty) this.radius = 2 ** -60;
    for (; this.radius < radius; this.radius *= 2) {
      if (empty) continue;
      const wider = new Float64Array(bins);
      for (let bin = 0; bin < bins; bin++) wider[(bin >> 1) + bins / 4] += this.counts[bin];
      this.counts = wider;
    }
  }
}

/** Means of the channels of an activation [.., C]. */
export class ChannelMeans {
  private readonly sums: Float64Array;
  private rows = 0;

  constructor(channels: number) {
    this.sums = new Float64Array(channels);
  }

  add(values: Float32Array): void {
    const { sums } = this;
    const channels = sums.length;
    for (let at = 0; at < values.length; at += channels) for (let c = 0; c < channels; c++) sums[c] += values[at + c];
    this.rows += values.length / channels;
  }

  means(): Float64Array {
    return this.sums.map((sum) => sum / Math.max(this.rows, 1));
  }
}
