import { elementwise } from "./lowering/elementwise.js";

export const hardSwish = elementwise({
  name: "hardSwish",
  summary: "y = x * min(max(x + 3, 0), 6) / 6.",
  kernel: "hard_swish_f32",
  gradient: { x: ({ x, dy }) => hardSwishBackward({ dy, x }) },
});

export const hardSwishBackward = elementwise({
  name: "hardSwishBackward",
  summary: "dx = 0 where x <= -3, dy where x >= 3, else dy * (x / 3 + 1 / 2).",
  kernel: "hard_swish_f32_backward_x",
  inputs: ["dy", "x"],
  output: "dx",
});
