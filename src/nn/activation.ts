import type { Value } from "../graph/graph.js";
import { clip } from "../ops/clip.js";
import { gelu } from "../ops/gelu.js";
import { hardSigmoid } from "../ops/hard-sigmoid.js";
import { hardSwish } from "../ops/hard-swish.js";
import { leakyRelu } from "../ops/leaky-relu.js";
import { relu } from "../ops/relu.js";
import { sigmoid } from "../ops/sigmoid.js";
import { silu } from "../ops/silu.js";
import { tanh } from "../ops/tanh.js";

const relu6 = { low: 0, high: 6 };

const activations = {
  relu: (x: Value) => relu({ x }),
  relu6: (x: Value) => clip({ x }, relu6),
  leakyRelu: (x: Value) => leakyRelu({ x }),
  sigmoid: (x: Value) => sigmoid({ x }),
  hardSigmoid: (x: Value) => hardSigmoid({ x }),
  silu: (x: Value) => silu({ x }),
  hardSwish: (x: Value) => hardSwish({ x }),
  tanh: (x: Value) => tanh({ x }),
  gelu: (x: Value) => gelu({ x }),
};

export type Activation = keyof typeof activations;

/** The activations that only bound their input, for layers that can do so in their own store. */
export const clamps: Partial<Record<Activation, { low?: number; high?: number }>> = { relu: { low: 0 }, relu6 };

/** The activation of that name, applied to each element. */
export function activate(x: Value, name: Activation): Value {
  return activations[name](x);
}
