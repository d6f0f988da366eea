import { elementwise } from "./lowering/elementwise.js";

export const tanh = elementwise({
  name: "tanh",
  summary: "y = tanh(x).",
  kernel: "tanh_f32",
  gradient: { x: ({ y, dy }) => tanhBackward({ dy, y }) },
});

export const tanhBackward = elementwise({
  name: "tanhBackward",
  summary: "dx = dy * (1 - y^2).",
  kernel: "tanh_f32_backward_x",
  inputs: ["dy", "y"],
  output: "dx",
});
