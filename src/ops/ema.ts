import { sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Moves an exponential moving average towards x by the part `share` = 1 - decay, one number. @see timm `ModelEmaV3`; torch.lerp */
export const ema = defineOp({
  name: "ema",
  summary: "average += share * (x - average).",
  inputs: ["average", "x", "share"],
  attributes: {},
  shape({ average, x, share }, _, fail) {
    if (!sameShape(average, x)) fail("average and x differ in shape");
    if (sizeOf(share) !== 1) fail("share expects one number");
    return {};
  },
  lower: (emit, { average, x, share }) => emit.call("ema_f32", [average, x, share], vectorsOf(x.shape)),
  flops: ({ x }) => 3 * sizeOf(x),
  mutates: ["average"],
});
