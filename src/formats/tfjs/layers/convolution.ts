import { conv2d, convTranspose2d, convWeight, depthwiseWeight } from "../../tensorflow/convolution.js";
import type { Layer } from "./call.js";

/** A layer's result, which has the axes of an image. */
const image = (ref: string) => ({ ref, rank: 4 });

export const convolutions: Readonly<Record<string, Layer>> = {
  Conv2D(call) {
    const window = { ...call.window(), groups: call.config.whole("groups", 1) };
    return image(call.activated(conv2d(call.draft, call.image, convWeight(call.draft, call.weight("kernel")), call.bias(), window, call.name)));
  },
  DepthwiseConv2D(call) {
    const { weight, groups } = depthwiseWeight(call.draft, call.weight("depthwise_kernel", "kernel"));
    return image(call.activated(conv2d(call.draft, call.image, weight, call.bias(), { ...call.window(), groups }, call.name)));
  },
  SeparableConv2D(call) {
    const { draft, name } = call;
    const window = call.window();
    const { weight, groups } = depthwiseWeight(draft, call.weight("depthwise_kernel"));
    const wide = conv2d(draft, call.image, weight, undefined, { ...window, groups }, name);
    const pointwise = { strides: [1, 1], padding: "VALID", channelsFirst: window.channelsFirst } as const;
    return image(call.activated(conv2d(draft, wide, convWeight(draft, call.weight("pointwise_kernel")), call.bias(), pointwise, name)));
  },
  Conv2DTranspose(call) {
    const window = call.window();
    const weight = convWeight(call.draft, call.weight("kernel"));
    const given = call.config.has("output_padding") ? call.config.wholes("output_padding", 2) : undefined;
    const kernel = call.config.wholes("kernel_size", 2);
    // With an output padding stated, Keras pads "same" by half the kernel on both sides.
    const half = kernel.map((size) => Math.floor(size / 2));
    const padding = given && window.padding === "SAME" ? [...half, ...half] : window.padding;
    const options = { ...window, padding, outputPadding: given };
    return image(call.activated(convTranspose2d(call.draft, call.image, weight, call.bias(), options, call.name)));
  },
  Dense(call) {
    const { draft, x, name } = call;
    const kernel = call.weight("kernel");
    const bias = call.bias();
    if (x.rank === 2) return { ref: call.activated(draft.add("Gemm", bias ? [x.ref, kernel, bias] : [x.ref, kernel], {}, name)), rank: 2 };
    const product = draft.add("MatMul", [x.ref, kernel], {}, name);
    return { ref: call.activated(bias ? draft.add("Add", [product, bias], {}, name) : product), rank: x.rank };
  },
};
