/** How the learning rate falls where a measure has stopped getting better. @see torch.optim.lr_scheduler.ReduceLROnPlateau */
export interface PlateauOptions {
  /** What is watched, on the validation images: a loss that is to fall (default) or an accuracy that is to rise. */
  readonly monitor?: "loss" | "accuracy";
  /** The rate is multiplied by it, 0 to 1; default 0.1. */
  readonly factor?: number;
  /** Epochs without an improvement that are let pass, default 10. */
  readonly patience?: number;
  /** Smallest improvement that counts, as a part of the best value so far; default 1e-4. */
  readonly threshold?: number;
  /** Epochs after a fall in which nothing is counted, default 0. */
  readonly cooldown?: number;
}

/** What a plateau schedule remembers between epochs. */
export interface PlateauState {
  /** Best value so far; null before the first. */
  readonly best: number | null;
  /** Epochs since then. */
  readonly bad: number;
  /** Epochs in which nothing is counted yet. */
  readonly waiting: number;
  /** By what the learning rate is multiplied now. */
  readonly factor: number;
}

export const plateauStart: PlateauState = { best: null, bad: 0, waiting: 0, factor: 1 };

/** The state after an epoch's measure, by PyTorch's rule with a relative threshold. @param least smallest factor */
export function watchPlateau({ best, bad, waiting, factor }: PlateauState, measure: number, options: Required<PlateauOptions>, least: number): PlateauState {
  const { monitor, patience, threshold, cooldown } = options;
  const better = best === null || (monitor === "loss" ? measure < best * (1 - threshold) : measure > best * (1 + threshold));
  const left = Math.max(0, waiting - 1);
  const since = better || waiting > 0 ? 0 : bad + 1;
  const value = better ? measure : best;
  if (since <= patience) return { best: value, bad: since, waiting: left, factor };
  return { best: value, bad: 0, waiting: cooldown, factor: Math.max(factor * options.factor, least) };
}
