import { elementwise } from "./lowering/elementwise.js";

export const clip = elementwise({
  name: "clip",
  summary: "y = min(max(x, low), high).",
  kernel: "clip_f32",
  attributes: { low: -Infinity, high: Infinity },
  gradient: { x: ({ y, dy }, attributes) => clipBackward({ dy, y }, attributes) },
});

export const clipBackward = elementwise({
  name: "clipBackward",
  summary: "dx = dy where low < y < high, else 0.",
  kernel: "clip_f32_backward_x",
  inputs: ["dy", "y"],
  output: "dx",
  attributes: { low: -Infinity, high: Infinity },
});
