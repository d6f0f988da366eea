import { elementwise } from "./lowering/elementwise.js";

export const gelu = elementwise({
  name: "gelu",
  summary: "y = x * Phi(x), Phi the normal distribution (the erf form).",
  kernel: "gelu_f32",
  gradient: { x: ({ x, dy }) => geluBackward({ dy, x }) },
});

export const geluBackward = elementwise({
  name: "geluBackward",
  summary: "dx = dy * (Phi(x) + x * phi(x)).",
  kernel: "gelu_f32_backward_x",
  inputs: ["dy", "x"],
  output: "dx",
});
