import { elementwise } from "./lowering/elementwise.js";

export const silu = elementwise({
  name: "silu",
  summary: "y = x * sigmoid(x).",
  kernel: "silu_f32",
  gradient: { x: ({ x, dy }) => siluBackward({ dy, x }) },
});

export const siluBackward = elementwise({
  name: "siluBackward",
  summary: "dx = dy * s * (1 + x * (1 - s)) with s = sigmoid(x).",
  kernel: "silu_f32_backward_x",
  inputs: ["dy", "x"],
  output: "dx",
});
