import { elementwise } from "./lowering/elementwise.js";

export const sigmoid = elementwise({
  name: "sigmoid",
  summary: "y = 1 / (1 + e^-x).",
  kernel: "sigmoid_f32",
  gradient: { x: ({ y, dy }) => sigmoidBackward({ dy, y }) },
});

export const sigmoidBackward = elementwise({
  name: "sigmoidBackward",
  summary: "dx = dy * y * (1 - y).",
  kernel: "sigmoid_f32_backward_x",
  inputs: ["dy", "y"],
  output: "dx",
});
