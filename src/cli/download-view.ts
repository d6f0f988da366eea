import type { DownloadProgress, Model } from "../index.js";
import { formatBytes } from "./output.js";
import { ProgressBar } from "./progress.js";

/** Draws a bar for each file that is being downloaded. */
export class DownloadView {
  private readonly bar = new ProgressBar();

  readonly onProgress = ({ file, loaded, total }: DownloadProgress): void => {
    if (loaded === total) this.bar.clear();
    else this.bar.update(file, total ? loaded / total : 0, total ? `${formatBytes(loaded)} of ${formatBytes(total)}` : formatBytes(loaded));
  };

  clear(): void {
    this.bar.clear();
  }
}

/** Where weights come from and under which terms; undefined where nothing is known. */
export function originOf(notes: Readonly<Record<string, string>>): string | undefined {
  const { source, license, weights, terms } = notes;
  if (terms) return [weights, terms].filter(Boolean).join("; "); // of the package
  if (!source) return undefined;
  const licence = license ? `licence ${license}${/(^|-)nc(-|$)/i.test(license) ? " (not for commercial use)" : ""}` : "no licence stated";
  return `weights of ${source}, ${licence}`;
}

/** Says on stderr where a model's weights come from. */
export function sayOrigin(model: Model, json: boolean | undefined): void {
  const origin = originOf(model.describe().notes);
  if (origin && !json) console.error(origin);
}
