import { elementwise } from "./lowering/elementwise.js";

export const hardSigmoid = elementwise({
  name: "hardSigmoid",
  summary: "y = min(max(x + 3, 0), 6) / 6.",
  kernel: "hard_sigmoid_f32",
  gradient: { x: ({ y, dy }) => hardSigmoidBackward({ dy, y }) },
});

export const hardSigmoidBackward = elementwise({
  name: "hardSigmoidBackward",
  summary: "dx = dy / 6 where 0 < y < 1, else 0.",
  kernel: "hard_sigmoid_f32_backward_x",
  inputs: ["dy", "y"],
  output: "dx",
});
