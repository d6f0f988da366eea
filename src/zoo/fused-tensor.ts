import { ArgumentError } from "../core/errors.js";
import { type Shape, sizeOf } from "../core/shape.js";
import type { NamedTensor } from "../model/model.js";

/** Of PyTorch's `BatchNorm2d`, which all networks with branches have. */
const epsilon = 1e-5;

/**
 * A tensor of a network whose branches are fused: weight or bias of a fused convolution is the sum over the block's branches,
 * each with its batch norm (Ding et al. 2021, section 3.3); any other tensor is that of the network with branches.
 *
 * @param shape of the tensor in checkpoints: [out, in / groups, k, k] for a weight
 * @param branches the tensors of the network with branches, in the layouts of checkpoints
 */
export function fusedTensor(name: string, shape: Shape, branches: ReadonlyMap<string, NamedTensor>): Float32Array {
  const [, block, kind] = /^(.*)\.reparam_conv\.(weight|bias)$/.exec(name) ?? [];
  if (!block) return tensorOf(branches, name);
  const sum = new Float64Array(sizeOf(shape));
  const convolutions = [...branches.keys()].filter((tensor) => tensor.startsWith(`${block}.conv_`) && tensor.endsWith(".conv.weight"));
  for (const convolution of convolutions) {
    const norm = normOf(branches, convolution.replace(/conv\.weight$/, "bn"));
    if (kind === "bias") addTo(sum, norm.shift);
    else addKernel(sum, shape, branches.get(convolution) as NamedTensor, norm.scale);
  }
  if (branches.has(`${block}.identity.weight`)) {
    const norm = normOf(branches, `${block}.identity`);
    if (kind === "bias") addTo(sum, norm.shift);
    else addIdentity(sum, shape, norm.scale);
  }
  return Float32Array.from(sum);
}

function tensorOf(tensors: ReadonlyMap<string, NamedTensor>, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new ArgumentError(`reparameterize: the network has no tensor "${name}"`);
  return tensor.data;
}

/** A batch norm with running statistics as y = scale x + shift, for each channel. */
function normOf(tensors: ReadonlyMap<string, NamedTensor>, name: string): { scale: Float64Array; shift: Float64Array } {
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) => tensorOf(tensors, `${name}.${part}`));
  const scale = Float64Array.from(weight, (gamma, channel) => gamma / Math.sqrt(variance[channel] + epsilon));
  return { scale, shift: scale.map((factor, channel) => bias[channel] - mean[channel] * factor) };
}

function addTo(sum: Float64Array, numbers: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += numbers[i];
}

/** Adds a kernel [out, in, k, k] times `scale` of its output channel to the middle of a larger or equal one. */
function addKernel(sum: Float64Array, [channels, inputs, size]: Shape, { shape, data }: NamedTensor, scale: Float64Array): void {
  const kernel = shape[2];
  const margin = (size - kernel) / 2;
  for (let plane = 0, from = 0; plane < channels * inputs; plane++) {
    const factor = scale[Math.floor(plane / inputs)];
    for (let row = 0; row < kernel; row++) {
      const to = (plane * size + row + margin) * size + margin;
      for (let column = 0; column < kernel; column++) sum[to + column] += data[from++] * factor;
    }
  }
}

/** Adds the kernel that gives each channel `scale` times itself. */
function addIdentity(sum: Float64Array, [channels, inputs, size]: Shape, scale: Float64Array): void {
  const middle = (size * size - 1) / 2;
  for (let channel = 0; channel < channels; channel++) sum[(channel * inputs + (channel % inputs)) * size * size + middle] += scale[channel];
}
