import type { EpochRecord, Evaluation, Model, Phase, Preparation, Progress, Split } from "../index.js";
import { formatShare, printJson, shellWord, styled } from "./output.js";
import { ProgressBar } from "./progress.js";

export interface TrainSummary {
  readonly output: string;
  readonly report?: string;
  readonly seconds: number;
  readonly records: readonly EpochRecord[];
  readonly evaluation?: Evaluation;
}

const columns = ["loss", "accuracy", "loss", "accuracy", "images/s", "waited"];
const widths = [12, 8, 10, 10, 10, 10, 8];

/** What a person sees of a training: what it starts from, a line an epoch, a bar meanwhile; or all of it as lines of JSON. */
export class TrainView {
  private readonly bar = new ProgressBar();
  private headed = false;
  /** The head phase's last epoch, whose line is written when the phase ends: its epochs take moments. */
  private waiting?: Progress;
  private phases: readonly Pick<Phase, "name" | "epochs" | "train">[] = [];

  constructor(private readonly json: boolean) {}

  start(model: Model, { train, validation, classes }: Split): void {
    const [height, width] = model.imageSize;
    const name = model.architecture.name;
    if (this.json) return printJson({ event: "start", model: name, imageSize: [height, width], train: train.length, validation: validation.length, classes });
    this.print(`${styled("bold", name)} at ${height}x${width} px, ${train.length} images to learn from, ${validation.length} to check`);
    this.print(`${classes.length} classes: ${classes.slice(0, 10).join(", ")}${classes.length > 10 ? ", ..." : ""}`);
  }

  /** What the epochs to come are of. */
  follow(phases: readonly Phase[]): void {
    this.phases = phases;
  }

  /** Something that should be known; not a result. */
  notice(text: string): void {
    if (this.json) return printJson({ event: "notice", text });
    this.bar.clear();
    process.stderr.write(`${styled("faint", text, process.stderr)}\n`);
  }

  prepare({ work, done, total }: Preparation): void {
    this.bar.update(work === "images" ? "looking through images" : "features of images", done / total, `${done} of ${total}`);
  }

  progress(progress: Progress): void {
    const { phase, epoch, epochs, step, steps, loss, accuracy, validation, imagesPerSecond, waiting, eta, endOfEpoch } = progress;
    if (this.waiting && this.waiting.phase !== phase) this.flush();
    if (endOfEpoch) {
      const checked = validation && { loss: validation.loss, accuracy: validation.accuracy };
      if (this.json) return printJson({ event: "epoch", epoch, epochs, phase, loss, accuracy, validation: checked, imagesPerSecond, waiting });
      this.waiting = progress;
      if (!this.isHead(progress)) this.flush();
    } else if (!this.json) {
      const { epochs: ofPhase, before } = this.place(progress);
      this.bar.update(
        this.name(progress),
        ((step * epochs) / steps - before) / ofPhase,
        `loss ${loss.toFixed(3)}  ${imagesPerSecond.toFixed(0)} images/s`,
        this.isHead(progress) ? undefined : eta,
      );
    }
  }

  evaluating(done: number, total: number): void {
    this.bar.update("checking", done / total, `${done} of ${total} images`);
  }

  /** Stopped by a signal. */
  interrupted(checkpoint: string | undefined, command: string): void {
    this.flush();
    if (this.json) return printJson({ event: "interrupted", checkpoint, resume: checkpoint && command });
    this.bar.clear();
    process.stderr.write(checkpoint ? `stopped; go on where it stopped with:\n  ${command}\n` : "stopped before the first step; nothing was written\n");
  }

  done({ output, report, seconds, records, evaluation }: TrainSummary): void {
    this.flush();
    const imagesPerSecond = Math.max(
      0,
      ...records.filter(({ phase }) => this.phases.some(({ name, train }) => name === phase && train === "all")).map((record) => record.imagesPerSecond),
    );
    const { accuracy, loss } = evaluation ?? {};
    if (this.json) return printJson({ event: "done", output, report, seconds, imagesPerSecond, accuracy, loss });
    this.print(
      `\n${accuracy === undefined ? "trained" : styled("bold", `validation accuracy ${formatShare(accuracy)}`)} in ${seconds.toFixed(1)} s${imagesPerSecond ? `, ${imagesPerSecond.toFixed(0)} images/s with all layers learning` : ""}`,
    );
    this.print(`wrote ${output}${report ? ` and ${report}` : ""}`);
    this.print(styled("faint", `use it: ocelli predict ${shellWord(output)} <images>`));
  }

  private name(progress: Progress): string {
    const { epochs, before } = this.place(progress);
    return `${progress.phase} ${progress.epoch - before}/${epochs}`;
  }

  /** The phase that an epoch is in, and the epochs before it. */
  private place({ epoch }: Progress): Pick<Phase, "name" | "epochs" | "train"> & { before: number } {
    let before = 0;
    for (const phase of this.phases) {
      if (epoch <= before + phase.epochs) return { ...phase, before };
      before += phase.epochs;
    }
    return { name: "", epochs: 1, train: "all", before };
  }

  private isHead(progress: Progress): boolean {
    return this.place(progress).train === "head";
  }

  private flush(): void {
    if (!this.waiting) return;
    const { loss, accuracy, validation, imagesPerSecond, waiting } = this.waiting;
    if (!this.headed) {
      this.print(styled("faint", `\n${row(["", "", "training", "", "validation", "", ""])}\n${row(["epoch", ...columns])}`));
      this.headed = true;
    }
    this.print(
      row([
        this.name(this.waiting),
        loss.toFixed(3),
        formatShare(accuracy),
        validation?.loss.toFixed(3) ?? "-",
        validation ? formatShare(validation.accuracy) : "-",
        ...(this.isHead(this.waiting) ? [] : [imagesPerSecond.toFixed(0), formatShare(waiting)]),
      ]),
    );
    this.waiting = undefined;
  }

  private print(text: string): void {
    this.bar.clear();
    process.stdout.write(`${text}\n`);
  }
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
    .join("")
    .trimEnd();
}
