import { elementwise } from "./lowering/elementwise.js";

export const leakyRelu = elementwise({
  name: "leakyRelu",
  summary: "y = x where x > 0, else slope * x.",
  kernel: "leaky_relu_f32",
  attributes: { slope: 0.01 },
  check: ({ slope }, fail) => void (slope >= 0 || fail(`expected a slope of 0 or more, got ${slope}`)),
  gradient: { x: ({ y, dy }, attributes) => leakyReluBackward({ dy, y }, attributes) },
});

export const leakyReluBackward = elementwise({
  name: "leakyReluBackward",
  summary: "dx = dy where y > 0, else slope * dy.",
  kernel: "leaky_relu_f32_backward_x",
  inputs: ["dy", "y"],
  output: "dx",
  attributes: { slope: 0.01 },
});
