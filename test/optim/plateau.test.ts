import { expect, it } from "vitest";
import { plateauStart, watchPlateau } from "../../src/optim/plateau.js";
import { learning } from "../fixtures/learning.js";

it.each(learning.plateaus)("$mode $options follows PyTorch's ReduceLROnPlateau", ({ mode, options, measures, rates }) => {
  const { patience, factor = 0.1, cooldown = 0, threshold = 1e-4, min_lr: least = 0 } = options;
  const settings = { monitor: mode === "min" ? "loss" : "accuracy", patience, factor, cooldown, threshold } as const;
  let state = plateauStart;
  const found = measures.map((measure) => {
    state = watchPlateau(JSON.parse(JSON.stringify(state)), measure, settings, least);
    return state.factor;
  });
  found.forEach((rate, i) => expect(rate, `epoch ${i + 1}`).toBeCloseTo(rates[i], 12));
  expect(new Set(found).size).toBeGreaterThan(2);
});
