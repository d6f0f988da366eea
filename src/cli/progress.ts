import { formatDuration } from "./output.js";

/** Characters of the bar, and of the least that is worth drawing. */
const widest = 24;
const narrowest = 8;
/** Milliseconds between redraws. */
const interval = 80;

/** One line on stderr that is redrawn in a terminal; elsewhere nothing. */
export class ProgressBar {
  private drawn = false;
  private last = Number.NEGATIVE_INFINITY;
  private started = 0;
  private work = "";

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /**
   * Redraws the bar.
   *
   * @param work what is being done; a new one starts the clock
   * @param share of it done, 0 to 1
   * @param eta seconds left; default from the time since the work began
   */
  update(work: string, share: number, text: string, eta?: number): void {
    const now = performance.now();
    if (work !== this.work) {
      this.work = work;
      this.started = now;
      this.last = Number.NEGATIVE_INFINITY;
    }
    if (!this.stream.isTTY || now - this.last < interval) return;
    this.last = now;
    const seconds = (now - this.started) / 1000;
    const left = eta ?? (share > 0.02 && seconds > 0.5 ? (seconds / share) * (1 - share) : undefined);
    const after = `${String(Math.floor(share * 100)).padStart(3)} %  ${text}${left === undefined ? "" : `  ${formatDuration(left)} left`}`;
    const columns = (this.stream.columns || 80) - 1;
    const width = Math.min(widest, columns - work.length - after.length - 4);
    const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
    const bar = width < narrowest ? "" : `${"━".repeat(filled)}${"─".repeat(width - filled)} `;
    this.stream.write(`\r\u001b[2K${`${work}  ${bar}${after}`.slice(0, columns)}`);
    this.drawn = true;
  }

  /** Takes the bar away, so that a line can be written. */
  clear(): void {
    if (this.drawn) this.stream.write("\r\u001b[2K");
    this.drawn = false;
  }
}
