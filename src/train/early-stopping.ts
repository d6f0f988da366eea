import type { Model, NamedTensor } from "../model/model.js";
import type { TrainerState } from "./checkpoint.js";

/** Keeps the weights that had the lowest validation loss, and says when there have been none better for `patience` epochs of a phase; 0 is never. */
export class EarlyStopping {
  private lowest = Number.POSITIVE_INFINITY;
  private epochsSince = 0;
  private batchesTracked = 0;
  /** The weights. */
  best?: ReadonlyMap<string, NamedTensor>;

  constructor(
    private readonly model: Model,
    private readonly patience: number,
  ) {}

  /** @returns whether the phase is to end after an epoch with this validation loss */
  async watch(loss: number | undefined): Promise<boolean> {
    if (this.patience === 0 || loss === undefined) return false;
    this.epochsSince++;
    if (loss < this.lowest) {
      this.lowest = loss;
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
    return { loss: this.best ? this.lowest : null, epochsSince: this.epochsSince, batchesTracked: this.batchesTracked };
  }

  resume({ loss, epochsSince, batchesTracked }: TrainerState["best"], best: ReadonlyMap<string, NamedTensor> | undefined): void {
    this.lowest = loss ?? Number.POSITIVE_INFINITY;
    this.epochsSince = epochsSince;
    this.batchesTracked = batchesTracked;
    this.best = best;
  }
}
