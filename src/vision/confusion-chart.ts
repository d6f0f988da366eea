import { escapeHtml, round } from "./html.js";

/** Pixels of a cell: at most, and at least where it has a number in it. */
const largest = 52;
const smallestWithNumber = 20;
/** Pixels that the cells fill, where classes are many. */
const side = 600;
/** More classes have no names at the edges; they are in the cells' titles. */
const mostNamed = 40;

/** A confusion matrix as static SVG: rows are the right classes, columns what the model said; the fuller the colour, the more. */
export function confusionChart(labels: readonly string[], confusion: readonly (readonly number[])[]): string {
  const count = labels.length;
  const cell = Math.min(largest, side / count);
  const gap = cell >= 12 ? 2 : cell >= 6 ? 1 : 0;
  const named = count <= mostNamed;
  const short = labels.map((label) => (label.length > 18 ? `${label.slice(0, 17)}…` : label));
  const edge = named ? 14 + 7 * Math.max(...short.map(({ length }) => length)) : 0;
  const cells = confusion.flatMap((row, right) => {
    const support = row.reduce((sum, n) => sum + n, 0);
    return row.flatMap((n, said) => {
      if (n === 0) return [];
      const share = n / support;
      const [x, y] = [round(edge + said * cell), round(edge + right * cell)];
      const number =
        cell >= smallestWithNumber
          ? `<text${share > 0.5 ? ' class="on"' : ""} x="${round(x + (cell - gap) / 2)}" y="${round(y + (cell - gap) / 2 + 4)}" text-anchor="middle">${n}</text>`
          : "";
      const title = right === said ? `${labels[right]}: ${n} of ${support} right` : `${labels[right]} called ${labels[said]}: ${n} of ${support}`;
      return [
        `<g><title>${escapeHtml(title)}</title><rect class="${right === said ? "right" : "wrong"}" x="${x}" y="${y}" width="${round(cell - gap)}" height="${round(cell - gap)}" rx="${gap}" fill-opacity="${round(0.12 + 0.88 * share)}"/>${number}</g>`,
      ];
    });
  });
  const size = round(count * cell);
  const names = named
    ? short.map((label, i) => {
        const at = round(edge + i * cell + (cell - gap) / 2 + 4);
        return `<text x="${edge - 8}" y="${at}" text-anchor="end">${escapeHtml(label)}</text><text transform="translate(${at} ${edge - 8}) rotate(-90)">${escapeHtml(label)}</text>`;
      })
    : [];
  return `<svg class="matrix" viewBox="0 0 ${edge + size} ${edge + size}" width="${edge + size}" role="img" aria-label="Confusion matrix"><rect class="empty" x="${edge}" y="${edge}" width="${size}" height="${size}" rx="4"/>${names.join("")}${cells.join("")}</svg>`;
}

export interface ConfusedPair {
  readonly right: number;
  readonly said: number;
  readonly count: number;
}

/** The pairs that are confused most often, most often first. */
export function confusedPairs(confusion: readonly (readonly number[])[], most: number): ConfusedPair[] {
  return confusion
    .flatMap((row, right) => row.map((count, said) => ({ right, said, count })))
    .filter(({ right, said, count }) => right !== said && count > 0)
    .sort((a, b) => b.count - a.count || a.right - b.right || a.said - b.said)
    .slice(0, most);
}
