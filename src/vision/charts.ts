/** A line of a chart: one value an epoch, `undefined` where there is none. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
  /** CSS class that gives its colour. */
  readonly style: string;
}

const box = { width: 460, height: 240, left: 46, right: 12, top: 12, bottom: 30 };

/** A line chart over epochs as static SVG. `format` writes the values of the y axis. */
export function lineChart(series: readonly Series[], { title, format, low, high }: { title: string; format: (value: number) => string; low?: number; high?: number }): string {
  const values = series.flatMap((line) => line.values.filter((value): value is number => value !== undefined && Number.isFinite(value)));
  const from = low ?? Math.min(...values);
  const ticks = niceTicks(from, high ?? Math.max(...values, from + 1e-9));
  const [bottom, top] = [Math.min(from, ticks[0]), Math.max(high ?? Number.NEGATIVE_INFINITY, ticks[ticks.length - 1], ...values)];
  const epochs = Math.max(...series.map((line) => line.values.length));
  const x = (epoch: number) => box.left + ((box.width - box.left - box.right) * (epochs > 1 ? epoch / (epochs - 1) : 0.5));
  const y = (value: number) => box.top + (box.height - box.top - box.bottom) * (1 - (value - bottom) / (top - bottom || 1));

  const grid = ticks.map((tick) => `<line class="grid" x1="${box.left}" x2="${box.width - box.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${box.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${format(tick)}</text>`);
  const step = Math.max(1, Math.ceil(epochs / 10));
  const labels = Array.from({ length: epochs }, (_, epoch) => epoch)
    .filter((epoch) => epoch % step === 0)
    .map((epoch) => `<text x="${round(x(epoch))}" y="${box.height - 10}" text-anchor="middle">${epoch + 1}</text>`);
  const lines = series.map(({ values: line, style, name }) => {
    const points = line.flatMap((value, epoch) => (value === undefined ? [] : [[x(epoch), y(value), value] as const]));
    const dots = points.map(([px, py, value]) => `<circle class="${style}" cx="${round(px)}" cy="${round(py)}" r="2.5"><title>${escapeHtml(name)} ${format(value)}</title></circle>`);
    return `<polyline class="${style}" points="${points.map(([px, py]) => `${round(px)},${round(py)}`).join(" ")}"/>${dots.join("")}`;
  });
  const legend = series.map(({ name, style }) => `<span class="key ${style}">${escapeHtml(name)}</span>`).join("");
  return `<figure><figcaption>${escapeHtml(title)}${legend}</figcaption><svg class="chart" viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="${escapeHtml(title)}">${grid.join("")}${labels.join("")}${lines.join("")}</svg></figure>`;
}

/** A confusion matrix as static SVG: rows are the right classes, columns what the model said; darker is more. */
export function confusionChart(labels: readonly string[], confusion: readonly (readonly number[])[]): string {
  const count = labels.length;
  const cell = Math.max(8, Math.min(44, Math.floor(640 / count)));
  const gutter = Math.min(150, 12 + 7 * Math.max(...labels.map(({ length }) => length)));
  const named = count <= 40;
  const edge = named ? gutter : 12;
  const cells = confusion.flatMap((row, right) => {
    const support = Math.max(1, row.reduce((sum, n) => sum + n, 0));
    return row.map((n, said) => {
      const share = n / support;
      const title = `${escapeHtml(labels[right])} called ${escapeHtml(labels[said])}: ${n} of ${support}`;
      const text = named && n > 0 && cell >= 18 ? `<text class="${share > 0.5 ? "on" : ""}" x="${edge + said * cell + cell / 2}" y="${edge + right * cell + cell / 2 + 4}" text-anchor="middle">${n}</text>` : "";
      return `<rect class="${right === said ? "right" : "wrong"}" x="${edge + said * cell}" y="${edge + right * cell}" width="${cell - 1}" height="${cell - 1}" fill-opacity="${round(share === 0 ? 0.04 : 0.12 + 0.88 * share)}"><title>${title}</title></rect>${text}`;
    });
  });
  const names = named
    ? labels.map((label, i) => {
        const at = edge + i * cell + cell / 2;
        return `<text x="${edge - 6}" y="${at + 4}" text-anchor="end">${escapeHtml(label)}</text><text transform="translate(${at + 4} ${edge - 6}) rotate(-90)">${escapeHtml(label)}</text>`;
      })
    : [];
  const size = edge + count * cell;
  return `<svg class="matrix" viewBox="0 0 ${size} ${size}" width="${size}" role="img" aria-label="confusion matrix">${names.join("")}${cells.join("")}</svg>`;
}

/** Text as it may stand in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Round numbers that cover a range, about five of them. */
function niceTicks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1;
  let unit = 1;
  while (unit > raw) unit /= 10;
  while (unit * 10 <= raw) unit *= 10;
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= raw) as number;
  const ticks: number[] = [];
  for (let tick = Math.floor(low / step) * step; tick <= high + step * 0.01; tick += step) ticks.push(Number(tick.toPrecision(10)));
  return ticks;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
