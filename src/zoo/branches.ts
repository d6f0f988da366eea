import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import type { ArchitectureOptions } from "../nn/architecture.js";
import { convNorm, squeezeExcite } from "../nn/blocks.js";
import { channelsOf, conv } from "../nn/convolution.js";
import { batchNorm } from "../nn/norm.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import type { Family } from "./family.js";

/** Options of networks whose blocks are sums of branches while they train. */
export interface BranchesOptions extends ArchitectureOptions {
  /** `fused`: each block's branches are one convolution with a bias, `reparam_conv`; `reparameterize` makes it of the others. Default `branches`. */
  readonly form: "branches" | "fused";
  readonly dropout: number;
}

/** What families of such networks have in common; `stem` is the scope of the first block and `branch` the name of its first branch. */
export function branchesFamily(stem: string, branch: string, build: (options: BranchesOptions) => ReturnType<Family["build"]>): Family<BranchesOptions> {
  return {
    defaults: () => ({ form: "branches", dropout: 0 }),
    choices: { form: ["branches", "fused"] },
    forms: { branches: `${stem}.${branch}.conv.weight`, fused: `${stem}.reparam_conv.weight` },
    build,
  };
}

export interface BranchedConv {
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: number;
  /** Names of the convolutions of that kernel. */
  readonly branches: readonly string[];
  /** Name of the 1x1 convolution; none where the kernel is 1 itself. */
  readonly pointwise: string;
  /** Squeeze-and-excitation: channels between its layers. */
  readonly excite?: number;
  readonly form: BranchesOptions["form"];
}

/**
 * relu(sum of convolutions with norms of x, of a 1x1 convolution with norm, and of a norm of x where shapes allow), with
 * squeeze-and-excitation before the ReLU where asked for (Ding et al. 2021, figure 4; Vasu et al. 2023, figure 3).
 */
export function branchedConv(net: Scope, x: Value, { channels, kernel, stride, groups, branches, pointwise, excite, form }: BranchedConv): Value {
  const shape = { channels, kernel, stride, groups };
  const branch = (name: string, size: number) => convNorm(net.at(name), x, { ...shape, kernel: size }, ["conv", "bn"]);
  let y: Value;
  if (form === "fused") y = conv(net.at("reparam_conv"), x, { ...shape, padding: "symmetric" });
  else {
    const parts = branches.map((name) => branch(name, kernel));
    if (kernel > 1) parts.unshift(branch(pointwise, 1));
    if (stride === 1 && channels === channelsOf(x)) parts.push(batchNorm(net.at("identity"), x));
    y = parts.reduce((a, b) => add({ a, b }));
  }
  if (excite) y = squeezeExcite(net.at("attn"), y, { channels: excite, names: ["fc1", "fc2"], gate: "sigmoid" });
  return activate(y, "relu");
}
