import { dropout as dropoutLayer } from "../../../nn/blocks.js";
import { batchNormWith } from "../../../nn/norm.js";
import { batchNorm as batchNormOp } from "../../../ops/batch-norm.js";
import { add } from "../../../ops/add.js";
import { averagePool } from "../../../ops/average-pool.js";
import { combine } from "../../../ops/combine.js";
import { groupNorm } from "../../../ops/group-norm.js";
import { layerNorm } from "../../../ops/layer-norm.js";
import { map } from "../../../ops/map.js";
import { mean } from "../../../ops/mean.js";
import { mul } from "../../../ops/mul.js";
import { sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { constant } from "../constant.js";
import type { Build, NodeCall } from "./call.js";
import { channelsLast, channelsSecond } from "./convolution.js";
import { plus, scalar, times } from "./elementwise.js";
import { computed, known, type Tensor, viewed } from "./tensor.js";

const batchNormalization: Build = (call) => {
  const [x, scale, bias, center, variance] = [0, 1, 2, 3, 4].map((i) => call.input(i));
  if (call.int("spatial", 1) === 0) call.unsupported("statistics of each element, spatial 0");
  const order = channelsLast(Math.max(x.shape.length, 2));
  const value = call.value(x, order);
  const [epsilon, momentum] = [call.float("epsilon", 1e-5), 1 - call.float("momentum", 0.9)];
  const [weight, shift] = [call.weight(scale), call.weight(bias)];
  const [runningMean, runningVariance] = [center, variance].map((statistics) => call.weight(statistics, [0], undefined, "buffer"));
  if (call.int("training_mode", 0) === 0) {
    const y = batchNormWith(call.net, value, { weight, bias: shift, mean: runningMean, variance: runningVariance }, { epsilon, momentum });
    return computed(y, x.shape, order);
  }
  const batch = batchNormOp.all({ x: value, weight, bias: shift }, { epsilon });
  const moved = (running: Value, now: Value) => computed(add({ a: times(running, 1 - momentum), b: times(now, momentum) }), running.shape);
  return [computed(batch.y, x.shape, order), moved(runningMean, batch.mean), moved(runningVariance, batch.variance)];
};

/** Over the last axes from `axis` on, taken as one; and, where they are asked for, the mean and 1 / standard deviation of each line. */
const layerNormalization: Build = (call) => {
  const [x, scale, bias] = [call.input(0), call.input(1), call.inputs[2]];
  const axis = call.axis(call.int("axis", -1), x.shape.length);
  const epsilon = call.float("epsilon", 1e-5);
  const line = sizeOf(x.shape.slice(axis));
  const flat = viewed(call.value(x), [...x.shape.slice(0, axis), line]);
  const part = (tensor: Tensor) => (sizeOf(tensor.shape) === line ? call.weight(tensor, undefined, [line]) : undefined);
  const [weight, shift] = [part(scale), bias && part(bias)];
  if (!weight || (bias && !shift)) return call.unsupported("a scale or bias that is stretched");
  const y = computed(viewed(layerNorm({ x: flat, weight, bias: shift }, { epsilon }), x.shape), x.shape);
  if (!call.node.outputs[1] && !call.node.outputs[2]) return y;
  const outer = x.shape.map((size, i) => (i < axis ? size : 1));
  const centre = mean({ x: flat }, { axes: [axis], keepDims: true });
  const rest = combine({ a: flat, b: centre }, { fn: "sub" });
  const variance = mean({ x: mul({ a: rest, b: rest }) }, { axes: [axis], keepDims: true });
  const inverse = map({ x: map({ x: plus(variance, epsilon) }, { fn: "sqrt" }) }, { fn: "reciprocal" });
  return [y, computed(viewed(centre, outer), outer), computed(viewed(inverse, outer), outer)];
};

/** GroupNormalization of opset 18 has one scale for a group, from opset 21 one for a channel. */
const groups =
  (count: (call: NodeCall) => number): Build =>
  (call) => {
    const [x, scale, bias] = [call.input(0), call.input(1), call.input(2)];
    const [batch, channels, ...size] = x.shape;
    const parts = count(call);
    const image = viewed(call.value(x, channelsLast(x.shape.length)), [batch, size[0] ?? 1, sizeOf(size.slice(1)), channels]);
    const perChannel = (tensor: Tensor) => {
      if (sizeOf(tensor.shape) === channels) return call.weight(tensor);
      const ones = call.net.graph.constant(new Float32Array(channels).fill(1), [parts, channels / parts]);
      return viewed(mul({ a: ones, b: call.weight(tensor, undefined, [parts, 1]) }), [channels]);
    };
    const y = groupNorm({ x: image, weight: perChannel(scale), bias: perChannel(bias) }, { groups: parts, epsilon: call.float("epsilon", 1e-5) });
    return channelsSecond(y, size);
  };

/** Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3): a mean over neighbouring channels, those beyond the ends 0. */
const localResponse: Build = (call) => {
  const x = call.input(0);
  const [size, alpha, beta, bias] = [call.int("size"), call.float("alpha", 1e-4), call.float("beta", 0.75), call.float("bias", 1)];
  const order = channelsLast(x.shape.length);
  const value = call.value(x, order);
  const channels = x.shape[1];
  const lines = viewed(mul({ a: value, b: value }), [sizeOf(value.shape) / channels, 1, channels, 1]);
  const padding = [0, 0, Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const squares = averagePool({ x: lines }, { kernel: [1, size], stride: [1, 1], padding, countIncludePad: true });
  const scale = combine({ a: plus(times(viewed(squares, value.shape), alpha), bias), b: scalar(value, -beta) }, { fn: "pow" });
  return computed(mul({ a: value, b: scale }), x.shape, order);
};

/** Draws only while our network trains; `ratio` is an attribute until opset 11. The mask is what it is when nothing is dropped. */
const dropout: Build = (call) => {
  const x = call.input(0);
  const ratio = call.number(1, "ratio") ?? 0.5;
  if (call.numbers(2, "training_mode")?.[0] && ratio !== 0) call.unsupported("a random mask");
  const mask = () => known(constant("bool", x.shape, new Uint8Array(sizeOf(x.shape)).fill(1)));
  return [call.each(x, (value) => dropoutLayer(call.net, value, ratio)), ...(call.node.outputs[1] ? [mask()] : [])];
};

export const normalizations: Readonly<Record<string, Build>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: groups((call) => call.input(0).shape[1]),
  GroupNormalization: groups((call) => call.int("num_groups")),
  LRN: localResponse,
  Dropout: dropout,
};
