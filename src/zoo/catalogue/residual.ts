import { type Entries, torchvision } from "./entry.js";

export const residual: Entries = {
  resnet18: { family: "resnet", load: async () => (await import("../resnet.js")).resnet18, preprocessing: torchvision },
  resnet50: { family: "resnet", load: async () => (await import("../resnet.js")).resnet50, preprocessing: torchvision },
};
