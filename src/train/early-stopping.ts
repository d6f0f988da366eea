import type { Model, NamedTensor } from "../model/model.js";
import type { Measured, TrainerState } from "./checkpoint.js";

/**
 * Keeps the weights that were right most often on validation images, and among those that were equally often the ones of the lowest loss; says when
 * there have been none better for `patience` epochs of a phase; 0 is never. Losses alone would not compare a head with all layers behind it:
 * mixed images and smoothed labels teach to be less certain.
 */
export class EarlyStopping {
  private highest?: Measured;
  private epochsSince = 0;
  private batchesTracked = 0;
  /** The weights. */
  best?: ReadonlyMap<string, NamedTensor>;

  constructor(
    private readonly model: Model,
    private readonly patience: number,
  ) {}

  /** @returns whether the phase is to end after an epoch of which this was measured */
  async watch(measured: Measured | undefined): Promise<boolean> {
    if (this.patience === 0 || measured === undefined) return false;
    this.epochsSince++;
    if (isBetter(measured, this.highest)) {
      this.highest = { loss: measured.loss, accuracy: measured.accuracy };
      this.epochsSince = 0;
      this.batchesTracked = this.model.batchesTracked;
      this.best = await this.model.parameters();
    }
    return this.epochsSince >= this.patience;
  }

  nextPhase(): void {
    this.epochsSince = 0;
  }

  /** Gives the model its best weights back, where there are some. */
  async restoreBest(): Promise<void> {
    if (!this.best) return;
    await this.model.setParameters(this.best);
    this.model.batchesTracked = this.batchesTracked;
  }

  get state(): TrainerState["best"] {
    return { measured: this.highest ?? null, epochsSince: this.epochsSince, batchesTracked: this.batchesTracked };
  }

  resume({ measured, epochsSince, batchesTracked }: TrainerState["best"], best: ReadonlyMap<string, NamedTensor> | undefined): void {
    this.highest = measured ?? undefined;
    this.epochsSince = epochsSince;
    this.batchesTracked = batchesTracked;
    this.best = best;
  }
}

function isBetter({ loss, accuracy }: Measured, than: Measured | undefined): boolean {
  if (!Number.isFinite(loss)) return false;
  return !than || accuracy > than.accuracy || (accuracy === than.accuracy && loss < than.loss);
}
