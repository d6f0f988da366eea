import { formatDuration } from "./output.js";

const width = 24;
/** Milliseconds between redraws of the line. */
const interval = 80;

/** One line that is redrawn in a terminal; elsewhere only `line`s are printed. */
export class ProgressBar {
  private drawn = false;
  private last = 0;
  private readonly live: boolean;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {
    this.live = Boolean(stream.isTTY);
  }

  /** Redraws the bar: share done, text after it, seconds left. */
  update(share: number, text: string, eta?: number): void {
    if (!this.live || performance.now() - this.last < interval) return;
    this.last = performance.now();
    const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
    const left = eta === undefined ? "" : `  ${formatDuration(eta)} left`;
    const line = `${"━".repeat(filled)}${"─".repeat(width - filled)} ${String(Math.floor(share * 100)).padStart(3)} %  ${text}${left}`;
    this.stream.write(`\r\u001b[2K${line.slice(0, (this.stream.columns ?? 120) - 1)}`);
    this.drawn = true;
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.drawn) this.stream.write("\r\u001b[2K");
    this.drawn = false;
  }
}
