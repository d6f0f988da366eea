import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { lowerSquaredNorm } from "./lowering/squared-norm.js";

export const squaredNorm = defineOp({
  name: "squaredNorm",
  summary: "y = sum of the squares of all elements of x, one number.",
  inputs: ["x"],
  attributes: {},
  shape: () => [1],
  lower: (emit, { x, y }) => lowerSquaredNorm(emit, y, x, sizeOf(x.shape)),
  flops: ({ x }) => 2 * sizeOf(x),
});

/** The factor that brings gradients of these squared norms to a norm of at most `maxNorm`. @see torch.nn.utils.clip_grad_norm_ */
export const clipFactor = defineOp({
  name: "clipFactor",
  summary: "y = min(1, maxNorm / (sqrt(x0 + x1 + ...) + 1e-6)), one number.",
  inputs: ["x"],
  variadic: true,
  attributes: { maxNorm: 1 },
  shape: (shapes, _, fail) => (Object.values(shapes).every((shape) => sizeOf(shape) === 1) ? [1] : fail("expected squared norms of one number each")),
  lower(emit, { y, ...norms }, { maxNorm }) {
    const [first, ...rest] = Object.values(norms);
    emit.call("clip_factor_f32_sum", [y, first, 0], 1);
    for (const norm of rest) emit.call("clip_factor_f32_sum", [y, y, norm], 1);
    emit.call("clip_factor_f32", [y, y, maxNorm], 1);
  },
});
