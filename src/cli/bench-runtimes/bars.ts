import { escapeHtml, round } from "../../vision/html.js";
import { type Figure, threeDigits } from "./results.js";

export interface Bar {
  readonly name: string;
  readonly figure: Figure;
}

/** Narrow, so that letters on a phone are as large as on a screen where three charts stand side by side. */
const width = 320;
const rowHeight = 44;
const barTop = 22;
const barHeight = 10;
const corner = 3;

/** Horizontal bars of medians with a line from the least to the most, as static SVG. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ figure }) => figure.high));
  const x = (value: number) => round((value / most) * (width - 2) + 1);
  const rows = bars.map(({ name, figure }, i) => {
    const { median, low, high } = figure;
    const middle = barTop + barHeight / 2;
    const spread = `${threeDigits(low)} to ${threeDigits(high)}`;
    const tick = (value: number) => `M${x(value)} ${middle - 4}v8`;
    return `<g transform="translate(0 ${i * rowHeight})"><title>${escapeHtml(name)}: ${threeDigits(median)} ${unit}, ${spread}</title><text class="name" y="14">${escapeHtml(name)}</text><text class="value" x="${width}" y="14" text-anchor="end">${threeDigits(median)}</text><rect class="track" y="${barTop}" width="${width}" height="${barHeight}" rx="${corner}"/><rect class="bar${median === bestOf(bars) ? " best" : ""}" y="${barTop}" width="${x(median)}" height="${barHeight}" rx="${corner}"/><path class="spread" d="M${x(low)} ${middle}H${x(high)}${tick(low)}${tick(high)}"/></g>`;
  });
  const height = bars.length * rowHeight - (rowHeight - barTop - barHeight) + 2;
  return `<figure><figcaption>${escapeHtml(title)}<span class="unit">${escapeHtml(unit)}</span></figcaption><svg class="bars" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(`${title}, ${unit}`)}">${rows.join("")}</svg></figure>`;
}

function bestOf(bars: readonly Bar[]): number {
  return Math.max(...bars.map(({ figure }) => figure.median));
}
