/** Convolutions, pools, norms, products and Resize on [N, C, ...] tensors of any rank: slow, plain, in double precision. */
import { roomFor, spend } from "../effort.js";
import { pow } from "../../../core/math.js";
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.js";
import { type Constant, constant } from "../constant.js";
import type { Call, Evaluate } from "../operator.js";
import { commonShape, map, stretched, walk, zip } from "./arrays.js";
import { resize } from "./resize.js";
import { transposed } from "./shapes.js";

/** A window's geometry along every spatial axis. */
export interface WindowAxes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly out: readonly number[];
}

/** Reads `strides`, `dilations`, `pads`, `auto_pad` (and `ceil_mode`) for inputs of spatial `size`. */
export function windowOf(call: Call<{ readonly shape: Shape }>, size: Shape, kernel: readonly number[]): WindowAxes {
  const rank = size.length;
  const list = (name: string, filler: number) => {
    const values = call.ints(name) ?? new Array<number>(rank).fill(filler);
    if (values.length !== rank || values.some((value) => value < 1)) call.fail(`${name} expects ${rank} numbers of 1 or more, got [${values}]`);
    return values;
  };
  if (kernel.length !== rank) call.misfit(`a kernel of [${kernel}] does not fit`);
  const [strides, dilations] = [list("strides", 1), list("dilations", 1)];
  const extent = kernel.map((taps, i) => (taps - 1) * dilations[i] + 1);
  const auto = call.text("auto_pad", "NOTSET");
  const pads = call.ints("pads") ?? new Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank) call.fail(`pads expects ${2 * rank} numbers, got [${pads}]`);
  let [before, after] = [pads.slice(0, rank), pads.slice(rank)];
  if (auto === "VALID") [before, after] = [kernel.map(() => 0), kernel.map(() => 0)];
  else if (auto !== "NOTSET") {
    const total = size.map((length, i) => Math.max(0, (Math.ceil(length / strides[i]) - 1) * strides[i] + extent[i] - length));
    const [less, more] = [total.map((pad) => Math.floor(pad / 2)), total.map((pad) => Math.ceil(pad / 2))];
    [before, after] = auto === "SAME_LOWER" ? [more, less] : [less, more];
  }
  const ceil = call.int("ceil_mode", 0) !== 0;
  const out = size.map((length, i) => {
    const room = (length + before[i] + after[i] - extent[i]) / strides[i];
    const steps = ceil ? Math.ceil(room) : Math.floor(room);
    // A window that would start in the padding behind the input is left out.
    return steps + (ceil && steps * strides[i] >= length + before[i] ? 0 : 1);
  });
  if (out.some((length) => length < 1)) call.misfit("the window does not fit into the padded input");
  return { kernel, strides, dilations, before, after, out };
}

/** Calls `visit` with the input index of every tap of the window at `at` that lies inside `size`. */
function taps({ kernel, strides, dilations, before }: WindowAxes, size: Shape, at: readonly number[], visit: (tap: number, from: number) => void): void {
  const steps = stridesOf(size);
  const zero = kernel.map(() => 0);
  const identity = kernel.map((_, axis) => kernel.map((_, i) => +(i === axis)));
  walk(kernel, identity, zero, (tap, index) => {
    let from = 0;
    for (let axis = 0; axis < size.length; axis++) {
      const place = at[axis] * strides[axis] - before[axis] + index[axis] * dilations[axis];
      if (place < 0 || place >= size[axis]) return;
      from += place * steps[axis];
    }
    visit(tap, from);
  });
}

const indexAt = (at: number, shape: Shape): number[] => stridesOf(shape).map((stride, axis) => Math.floor(at / stride) % shape[axis]);

/** Sums over windows with weights [M, C / groups, ...]: `Conv`, and the integer ones with their zero points taken off. */
export function convolved(call: Call, x: Constant, weight: Constant, bias: Constant | undefined, type = x.type): Constant {
  const [batch, channels, ...size] = x.shape;
  const [filters, perGroup, ...kernel] = weight.shape;
  const groups = call.int("group", 1);
  if (channels !== perGroup * groups || filters % groups !== 0) call.misfit(`weight expects ${perGroup * groups} channels in ${groups} groups`);
  const window = windowOf(call, size, call.ints("kernel_shape") ?? kernel);
  const [area, points, places] = [sizeOf(kernel), sizeOf(window.out), sizeOf(size)];
  spend(points * area * (1 + batch * filters * perGroup));
  const out = roomFor(batch * filters * points);
  for (let point = 0; point < points; point++) {
    const at = indexAt(point, window.out);
    const reads: [number, number][] = [];
    taps(window, size, at, (tap, from) => reads.push([tap, from]));
    for (let n = 0; n < batch; n++) {
      for (let m = 0; m < filters; m++) {
        const group = Math.floor(m / (filters / groups));
        let total = bias ? bias.data[m] : 0;
        for (let c = 0; c < perGroup; c++) {
          const [image, taps] = [(n * channels + group * perGroup + c) * places, (m * perGroup + c) * area];
          for (const [tap, from] of reads) total += x.data[image + from] * weight.data[taps + tap];
        }
        out[(n * filters + m) * points + point] = total;
      }
    }
  }
  return constant(type, [batch, filters, ...window.out], out);
}

/** What ConvTranspose makes of spatial `size`: output size and padding before. */
export function transposedWindow(call: Call<{ readonly shape: Shape }>, size: Shape, kernel: readonly number[]): WindowAxes {
  const rank = size.length;
  const list = (name: string, filler: number, length = rank) => call.ints(name) ?? new Array<number>(length).fill(filler);
  const [strides, dilations, extra] = [list("strides", 1), list("dilations", 1), list("output_padding", 0)];
  const full = size.map((length, i) => (length - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i]);
  const auto = call.text("auto_pad", "NOTSET");
  const asked = call.ints("output_shape")?.slice(-rank) ?? (auto.startsWith("SAME") ? size.map((length, i) => length * strides[i]) : undefined);
  const pads = list("pads", 0, 2 * rank);
  const total = asked ? full.map((length, i) => Math.max(0, length - asked[i])) : full.map((_, i) => pads[i] + pads[rank + i]);
  const before = asked ? total.map((pad) => (auto === "SAME_UPPER" ? Math.floor(pad / 2) : Math.ceil(pad / 2))) : pads.slice(0, rank);
  const out = asked ?? full.map((length, i) => length - total[i]);
  return { kernel, strides, dilations, before, after: total.map((pad, i) => pad - before[i]), out };
}

const convTranspose: Evaluate = (call) => {
  const [x, weight, bias] = [call.input(0), call.input(1), call.inputs[2]];
  const [batch, channels, ...size] = x.shape;
  const [, perGroup, ...kernel] = weight.shape;
  const groups = call.int("group", 1);
  const filters = perGroup * groups;
  const window = transposedWindow(call, size, call.ints("kernel_shape") ?? kernel);
  const [area, points, places] = [sizeOf(kernel), sizeOf(window.out), sizeOf(size)];
  spend(places * area * (1 + batch * channels * perGroup));
  const out = roomFor(batch * filters * points);
  if (bias) for (let i = 0; i < out.length; i++) out[i] = bias.data[Math.floor(i / points) % filters];
  for (let place = 0; place < places; place++) {
    taps(window, window.out, indexAt(place, size), (tap, to) => {
      for (let n = 0; n < batch; n++) {
        for (let c = 0; c < channels; c++) {
          const group = Math.floor(c / (channels / groups));
          const value = x.data[(n * channels + c) * places + place];
          for (let m = 0; m < perGroup; m++) out[(n * filters + group * perGroup + m) * points + to] += value * weight.data[(c * perGroup + m) * area + tap];
        }
      }
    });
  }
  return [constant(x.type, [batch, filters, ...window.out], out)];
};

/** One number for each window; `f` gets the values inside and how many taps lie in the input or its stated padding. */
function pooled(call: Call, f: (values: readonly number[], padded: number) => number): Constant {
  const x = call.input(0);
  const [batch, channels, ...size] = x.shape;
  const window = windowOf(call, size, call.ints("kernel_shape") ?? call.fail("kernel_shape is missing"));
  const [points, places] = [sizeOf(window.out), sizeOf(size)];
  spend(points * sizeOf(window.kernel) * (1 + batch * channels));
  const out = roomFor(batch * channels * points);
  for (let point = 0; point < points; point++) {
    const at = indexAt(point, window.out);
    const from: number[] = [];
    taps(window, size, at, (_, place) => from.push(place));
    let padded = 1;
    at.forEach((index, axis) => {
      const start = index * window.strides[axis] - window.before[axis];
      const stop = size[axis] + window.after[axis];
      padded *= Array.from({ length: window.kernel[axis] }, (_, tap) => start + tap * window.dilations[axis]).filter((place) => place < stop).length;
    });
    for (let plane = 0; plane < batch * channels; plane++) {
      out[plane * points + point] = f(
        from.map((place) => x.data[plane * places + place]),
        padded,
      );
    }
  }
  return constant(x.type, [batch, channels, ...window.out], out);
}

/** Indices count through the whole tensor, over columns first with `storage_order`. */
function maxPoolIndices(call: Call): Constant {
  const x = call.input(0);
  const [batch, channels, ...size] = x.shape;
  const window = windowOf(call, size, call.ints("kernel_shape") ?? []);
  const [points, places] = [sizeOf(window.out), sizeOf(size)];
  const columns = call.int("storage_order", 0) !== 0;
  spend(points * sizeOf(window.kernel) * batch * channels);
  const out = roomFor(batch * channels * points);
  for (let i = 0; i < out.length; i++) {
    const [plane, point] = [Math.floor(i / points), i % points];
    let best = -1;
    taps(window, size, indexAt(point, window.out), (_, place) => {
      if (best < 0 || x.data[plane * places + place] > x.data[plane * places + best]) best = place;
    });
    const index = indexAt(best, size);
    const steps = columns ? stridesOf([...size].reverse()).reverse() : stridesOf(size);
    out[i] = plane * places + index.reduce((sum, at, axis) => sum + at * steps[axis], 0);
  }
  return constant("int64", [batch, channels, ...window.out], out);
}

const square = (x: number) => x * x;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** (x - mean) / sqrt(variance + epsilon) over runs of x, one after the other. */
function normalised(x: Constant, run: number, epsilon: number): { y: Float64Array; means: number[]; inverse: number[] } {
  const y = Float64Array.from(x.data);
  const [means, inverse]: number[][] = [[], []];
  for (let start = 0; start < y.length; start += run) {
    const line = y.subarray(start, start + run);
    const center = line.reduce((a, b) => a + b, 0) / run;
    const variance = line.reduce((a, b) => a + square(b - center), 0) / run;
    means.push(center);
    inverse.push(1 / Math.sqrt(variance + epsilon));
    for (let i = 0; i < run; i++) line[i] = (line[i] - center) * inverse[inverse.length - 1];
  }
  return { y, means, inverse };
}

/** Per-channel numbers as a tensor that stretches over [N, C, ...]. */
const channelwise = (values: Constant, rank: number): Constant => ({ ...values, shape: [values.data.length, ...new Array<number>(rank - 2).fill(1)] });

const batchNormalization: Evaluate = (call) => {
  const [x, scale, bias, runningMean, runningVariance] = [0, 1, 2, 3, 4].map((i) => call.input(i));
  const [rank, epsilon] = [x.shape.length, call.float("epsilon", 1e-5)];
  const training = call.int("training_mode", 0) !== 0;
  spend(x.data.length * x.shape[1]);
  const batch = Array.from({ length: x.shape[1] }, (_, c) => Array.from(x.data).filter((_, i) => Math.floor(i / sizeOf(x.shape.slice(2))) % x.shape[1] === c));
  const means = training ? constant(runningMean.type, runningMean.shape, batch.map(mean)) : runningMean;
  const variances = training
    ? constant(
        runningVariance.type,
        runningVariance.shape,
        batch.map((values, c) => mean(values.map((value) => square(value - means.data[c])))),
      )
    : runningVariance;
  const parts = [means, variances, scale, bias].map((values) => channelwise(values, rank));
  const y = zip([x, ...parts], (value, m, v, s, b) => ((value - m) / Math.sqrt(v + epsilon)) * s + b, call.where);
  if (!training) return [y];
  const momentum = call.float("momentum", 0.9);
  const running = (old: Constant, now: Constant) => zip([old, now], (a, b) => a * momentum + b * (1 - momentum), call.where);
  return [y, running(runningMean, means), running(runningVariance, variances)];
};

const layerNormalization: Evaluate = (call) => {
  const [x, scale, bias] = [call.input(0), call.input(1), call.inputs[2]];
  const axis = call.axis(call.int("axis", -1), x.shape.length);
  const { y, means, inverse } = normalised(x, sizeOf(x.shape.slice(axis)), call.float("epsilon", 1e-5));
  const scaled = zip([constant(x.type, x.shape, y), scale], (a, b) => a * b, call.where);
  const outer = x.shape.map((size, i) => (i < axis ? size : 1));
  return [bias ? zip([scaled, bias], (a, b) => a + b, call.where) : scaled, constant("float32", outer, means), constant("float32", outer, inverse)];
};

const perPlane =
  (groupsOf: (call: Call) => number): Evaluate =>
  (call) => {
    const [x, scale, bias] = [call.input(0), call.input(1), call.input(2)];
    const groups = groupsOf(call);
    const channels = x.shape[1];
    const { y } = normalised(x, (channels / groups) * sizeOf(x.shape.slice(2)), call.float("epsilon", 1e-5));
    // GroupNormalization of opset 18 has one scale for a group, from opset 21 one for a channel.
    const wide = (values: Constant) =>
      constant(
        values.type,
        [channels],
        Float64Array.from({ length: channels }, (_, c) => values.data[values.data.length === channels ? c : Math.floor(c / (channels / groups))]),
      );
    const parts = [scale, bias].map((values) => channelwise(wide(values), x.shape.length));
    return [zip([constant(x.type, x.shape, y), ...parts], (value, s, b) => value * s + b, call.where)];
  };

/** a b over the last two axes, batched over the others; vectors count as a row or a column. */
export function multiplied(call: Call, a: Constant, b: Constant, type = a.type): Constant {
  if (a.shape.length === 0 || b.shape.length === 0) call.misfit("expected at least one axis");
  const left = a.shape.length === 1 ? { ...a, shape: [1, ...a.shape] } : a;
  const right = b.shape.length === 1 ? { ...b, shape: [...b.shape, 1] } : b;
  const [m, k] = left.shape.slice(-2);
  const [inner, n] = right.shape.slice(-2);
  if (k !== inner) call.misfit(`b expects ${inner} inner elements, a has ${k}`);
  const batch = commonShape([left.shape.slice(0, -2), right.shape.slice(0, -2)], call.where);
  const [x, y] = [stretched(left, [...batch, m, k]), stretched(right, [...batch, k, n])];
  spend(sizeOf(batch) * m * n * k);
  const out = roomFor(sizeOf(batch) * m * n);
  for (let at = 0; at < out.length; at++) {
    const [matrix, i, j] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    for (let p = 0; p < k; p++) out[at] += x.data[(matrix * m + i) * k + p] * y.data[(matrix * k + p) * n + j];
  }
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  return constant(type, shape, out);
}

const gemm: Evaluate = (call) => {
  const turned = (x: Constant, flag: string) => (call.int(flag, 0) ? transposed(x, [1, 0]) : x);
  const product = multiplied(call, turned(call.input(0), "transA"), turned(call.input(1), "transB"));
  const [alpha, beta, c] = [call.float("alpha", 1), call.float("beta", 1), call.inputs[2]];
  return [c ? zip([product, c], (ab, add) => alpha * ab + beta * add, call.where) : map(product, (ab) => alpha * ab)];
};

/** Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3). */
const lrn: Evaluate = (call) => {
  const x = call.input(0);
  const size = call.int("size");
  spend(x.data.length * size);
  const [alpha, beta, bias] = [call.float("alpha", 1e-4), call.float("beta", 0.75), call.float("bias", 1)];
  const [channels, inner] = [x.shape[1], sizeOf(x.shape.slice(2))];
  return [
    constant(
      x.type,
      x.shape,
      Float64Array.from(x.data, (value, i) => {
        const c = Math.floor(i / inner) % channels;
        let squares = 0;
        for (let k = Math.max(0, c - Math.floor((size - 1) / 2)); k <= Math.min(channels - 1, c + Math.ceil((size - 1) / 2)); k++)
          squares += square(x.data[i + (k - c) * inner]);
        return value / pow(bias + (alpha / size) * squares, beta);
      }),
    ),
  ];
};

export const network: Readonly<Record<string, Evaluate>> = {
  Conv: (call) => [convolved(call, call.input(0), call.input(1), call.inputs[2])],
  ConvTranspose: convTranspose,
  MaxPool: (call) => [pooled(call, (values) => Math.max(...values)), ...(call.node.outputs[1] ? [maxPoolIndices(call)] : [])],
  AveragePool: (call) => {
    const padding = call.int("count_include_pad", 0) !== 0;
    return [pooled(call, (values, padded) => values.reduce((a, b) => a + b, 0) / (padding ? padded : values.length))];
  },
  LpPool: (call) => {
    const p = call.int("p", 2);
    return [
      pooled(call, (values) =>
        pow(
          values.reduce((a, b) => a + pow(Math.abs(b), p), 0),
          1 / p,
        ),
      ),
    ];
  },
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: perPlane((call) => call.input(0).shape[1]),
  GroupNormalization: perPlane((call) => call.int("num_groups")),
  MatMul: (call) => [multiplied(call, call.input(0), call.input(1))],
  Gemm: gemm,
  Resize: resize,
  Upsample: resize,
  LRN: lrn,
};
