import type { Value } from "../../graph/graph.js";
import type { Activation } from "../../nn/activation.js";
import { convNorm, convNormAct, squeezeExcite, stochasticDepth } from "../../nn/blocks.js";
import { channelsOf, type Conv } from "../../nn/convolution.js";
import { batchNorm } from "../../nn/norm.js";
import type { Scope } from "../../nn/scope.js";
import { add } from "../../ops/add.js";
import { roundChannels } from "../names.js";
import type { Block } from "./stages.js";

/** How a family does squeeze-and-excitation. */
export interface Excitation {
  /** What `Block.excite` is a share of: the channels that it acts on, or those that came into the block. */
  readonly of: "wide" | "input";
  readonly round: (channels: number) => number;
  readonly gate: "sigmoid" | "hardSigmoid";
  /** Default that of the block. */
  readonly activation?: Activation;
}

/** What the blocks of a network have in common. */
export interface Style {
  readonly activation: Activation;
  readonly excitation?: Excitation;
  /** By what a stride of 2 is taken behind the convolution, activated, instead of in it. */
  readonly antialias?: (x: Value) => Value;
  /** What universal and attention blocks do to their result before they add the input; default nothing. */
  readonly layerScale?: (net: Scope, x: Value) => Value;
}

/** A block whose activation is decided. */
type Active = Block & { readonly activation: Activation };
type Names = readonly [conv: string, norm: string];
type Build = (net: Scope, x: Value, block: Active, style: Style) => Value;

/** A block on x [N, H, W, C], its layers named as in timm. */
export function buildBlock(net: Scope, x: Value, block: Block, style: Style): Value {
  return builders[block.block](net, x, { ...block, activation: block.activation ?? style.activation }, style);
}

const builders: Record<Block["block"], Build> = {
  /** Convolution, norm and activation; `skip` adds the input, as at the start of EfficientNetV2. */
  conv(net, x, block, style) {
    const y = strided(net, x, block, ["conv", "bn1"], style);
    return block.skip ? residual(net, x, y, block) : y;
  },

  /** Depthwise, then 1x1, both activated (Howard et al. 2017, figure 3). */
  separable(net, x, block, style) {
    const y = excite(net, depthwise(net, x, block, ["conv_dw", "bn1"], style), block, style);
    return convNormAct(net, y, { channels: block.channels, kernel: 1, activation: block.activation }, ["conv_pw", "bn2"]);
  },

  /**
   * Expand 1x1, depthwise, squeeze-and-excitation, project 1x1, skip when shapes allow (Sandler et al. 2018, figure 4;
   * Howard et al. 2019, figure 4). Expansion 1 leaves the first out, and then the others are named otherwise.
   */
  inverted(net, x, block, style) {
    const expands = block.expansion !== 1;
    let y = expands ? expand(net, x, block, ["conv_pw", "bn1"]) : x;
    y = excite(net, depthwise(net, y, block, ["conv_dw", expands ? "bn2" : "bn1"], style), block, style);
    y = convNorm(net, y, { channels: block.channels, kernel: 1 }, expands ? ["conv_pwl", "bn3"] : ["conv_pw", "bn2"]);
    return residual(net, x, y, block);
  },

  /** The first two layers of an inverted residual as one convolution (Gupta & Tan 2019; Tan & Le 2021, figure 2). */
  fused(net, x, block, style) {
    let y = strided(net, x, { ...block, channels: widthOf(x, block) }, ["conv_exp", "bn1"], style);
    y = excite(net, y, block, style);
    return residual(net, x, convNorm(net, y, { channels: block.channels, kernel: 1 }, ["conv_pwl", "bn2"]), block);
  },

  /** Inverted residual with a depthwise convolution before the expansion, after it, both or none (Qin et al. 2024, figure 4). */
  universal(net, x, block, style) {
    const { channels, kernel, start = 0, stride } = block;
    const named = (name: string): Names => [`${name}.conv`, `${name}.bn`];
    const depth = channelsOf(x);
    let y = start ? convNorm(net, x, { channels: depth, kernel: start, stride: kernel ? 1 : stride, groups: depth }, named("dw_start")) : x;
    y = expand(net, y, block, named("pw_exp"));
    if (kernel) y = depthwise(net, y, block, named("dw_mid"), style);
    y = convNorm(net, y, { channels, kernel: 1 }, named("pw_proj"));
    return residual(net, x, scaled(net, y, style), block);
  },

  /** Attention among normalised pixels (ibid., section 4). */
  attention(net, x, block, style) {
    const y = batchNorm(net.at("norm"), x);
    return residual(net, x, scaled(net, block.attend?.(net.at("attn"), y) ?? y, style), block);
  },
};

const widthOf = (x: Value, { expansion }: Block) => roundChannels(channelsOf(x) * expansion);

function expand(net: Scope, x: Value, block: Active, names: Names): Value {
  return convNormAct(net, x, { channels: widthOf(x, block), kernel: 1, activation: block.activation }, names);
}

function depthwise(net: Scope, x: Value, block: Active, names: Names, style: Style): Value {
  const channels = channelsOf(x);
  return strided(net, x, { ...block, channels, groups: channels }, names, style);
}

/** Convolution, norm and activation; the stride in the convolution or behind it. */
function strided(
  net: Scope,
  x: Value,
  { channels, kernel, stride, groups, activation }: Conv & { readonly activation: Activation; readonly stride: number },
  names: Names,
  { antialias }: Style,
): Value {
  const isBehind = antialias !== undefined && stride === 2;
  const y = convNormAct(net, x, { channels, kernel, stride: isBehind ? 1 : stride, groups, activation }, names);
  return isBehind ? antialias(y) : y;
}

/** Squeeze-and-excitation where block and family have it. */
function excite(net: Scope, y: Value, block: Active, { excitation }: Style): Value {
  if (!(block.excite && excitation)) return y;
  const share = excitation.of === "input" ? block.excite / block.expansion : block.excite;
  const { gate, activation = block.activation } = excitation;
  return squeezeExcite(net.at("se"), y, { channels: excitation.round(channelsOf(y) * share), names: ["conv_reduce", "conv_expand"], activation, gate });
}

function scaled(net: Scope, y: Value, { layerScale }: Style): Value {
  return layerScale ? layerScale(net.at("layer_scale"), y) : y;
}

function residual(net: Scope, x: Value, y: Value, { skip = true, stride }: Block): Value {
  return skip && stride === 1 && channelsOf(x) === channelsOf(y) ? add({ a: x, b: stochasticDepth(net, y) }) : y;
}
