import { escapeHtml, round } from "./html.js";

/** A line of a chart: one value an epoch, `undefined` where there is none. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
  /** CSS class that gives its colour. */
  readonly style: string;
}

/** A stretch of epochs with a name, `from` to `to` counted from 0, both included. */
export interface Band {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface ChartOptions {
  readonly title: string;
  /** Writes a value of the y axis. */
  readonly format: (value: number) => string;
  /** Marked where there are at least two. */
  readonly bands: readonly Band[];
  /** Ends of the y axis; default those of the values. */
  readonly low?: number;
  readonly high?: number;
}

const box = { width: 520, height: 300, left: 52, right: 58, top: 30, bottom: 44 };
/** Least distance between two lines of text, and between the middles of two epochs' numbers. */
const lineHeight = 14;
const labelWidth = 26;
/** Share of the width that a band has at least, divided by the number of bands. */
const leastShare = 0.9;

/** A line chart over epochs as static SVG. */
export function lineChart(all: readonly Series[], { title, format, bands, low, high }: ChartOptions): string {
  const series = all.filter(({ values }) => values.some((value) => value !== undefined));
  const values = series.flatMap((line) => line.values.filter((value): value is number => value !== undefined));
  const from = low ?? Math.min(...values);
  const ticks = niceTicks(from, high ?? Math.max(...values));
  const [bottom, top] = [Math.min(from, ticks[0]), Math.max(ticks[ticks.length - 1], ...values)];
  const epochs = Math.max(...series.map((line) => line.values.length));
  const strips = layOut(bands.length > 0 ? bands : [{ name: "", from: 0, to: epochs - 1 }]);
  const x = (epoch: number) => {
    const { from, left, step } = strips.findLast((strip) => strip.from <= epoch) as Strip;
    return left + step * (epoch - from + 0.5);
  };
  const y = (value: number) => box.top + (box.height - box.top - box.bottom) * (1 - (value - bottom) / (top - bottom || 1));

  const grid = ticks.map((tick) => {
    const at = round(y(tick));
    return `<line class="grid" x1="${box.left}" x2="${box.width - box.right}" y1="${at}" y2="${at}"/><text x="${box.left - 10}" y="${at + 4}" text-anchor="end">${format(tick)}</text>`;
  });
  const labels = strips.flatMap(({ from, to, step }) => {
    const every = Math.ceil(labelWidth / step);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
      .filter((epoch) => (to - epoch) % every === 0)
      .map((epoch) => `<text x="${round(x(epoch))}" y="${box.height - 24}" text-anchor="middle">${epoch + 1}</text>`);
  });
  const axis = `<text x="${round((box.left + box.width - box.right) / 2)}" y="${box.height - 5}" text-anchor="middle">epoch</text>`;
  const key = series.map(({ name, style }) => `<span class="key ${style}">${escapeHtml(name)}</span>`).join("");
  const lines = series.map((line) => drawLine(line, x, y, format)).join("");
  return `<figure><figcaption>${escapeHtml(title)}${key}</figcaption><svg class="chart" viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="${escapeHtml(title)}">${drawBands(strips)}${grid.join("")}${labels.join("")}${axis}${lines}${drawLastValues(series, y, format)}</svg></figure>`;
}

/** A band with its place in pixels: its left side, and pixels of an epoch. */
interface Strip extends Band {
  readonly left: number;
  readonly step: number;
}

/** Bands side by side, as wide as they are long, but none too narrow to be read: of a long phase and a short one the short one matters as much. */
function layOut(bands: readonly Band[]): Strip[] {
  const total = bands.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const shares = bands.map(({ from, to }) => Math.max((to - from + 1) / total, leastShare / bands.length));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  let left = box.left;
  return bands.map((band, i) => {
    const width = ((box.width - box.left - box.right) * shares[i]) / whole;
    const strip = { ...band, left, step: width / (band.to - band.from + 1) };
    left += width;
    return strip;
  });
}

function drawBands(strips: readonly Strip[]): string {
  if (strips.length < 2) return "";
  return strips
    .map(({ name, from, to, left, step }, i) => {
      const width = (to - from + 1) * step;
      const text = width > name.length * 7 ? `<text class="phase" x="${round(left + width / 2)}" y="16" text-anchor="middle">${escapeHtml(name)}</text>` : "";
      return `<rect class="band${i % 2}" x="${round(left)}" y="0" width="${round(width)}" height="${box.height - box.bottom}"><title>${escapeHtml(name)}</title></rect>${text}`;
    })
    .join("");
}

function drawLine({ values, style, name }: Series, x: (epoch: number) => number, y: (value: number) => number, format: (value: number) => string): string {
  const points = values.flatMap((value, epoch) => (value === undefined ? [] : [[round(x(epoch)), round(y(value)), value, epoch] as const]));
  const dots = points.map(
    ([px, py, value, epoch]) =>
      `<circle class="${style}" cx="${px}" cy="${py}" r="3"><title>${escapeHtml(name)}, epoch ${epoch + 1}: ${format(value)}</title></circle>`,
  );
  return `<polyline class="${style}" points="${points.map(([px, py]) => `${px},${py}`).join(" ")}"/>${dots.join("")}`;
}

/** Each line's last value at its end, moved apart where they would overlap. */
function drawLastValues(series: readonly Series[], y: (value: number) => number, format: (value: number) => string): string {
  const ends = series
    .map(({ values, style }) => ({ style, value: values.findLast((value) => value !== undefined) as number }))
    .map((end) => ({ ...end, at: y(end.value) }))
    .sort((a, b) => a.at - b.at);
  for (let i = 1; i < ends.length; i++) {
    const overlap = lineHeight - (ends[i].at - ends[i - 1].at);
    if (overlap <= 0) continue;
    ends[i - 1].at -= overlap / 2;
    ends[i].at += overlap / 2;
  }
  return ends
    .map(({ style, value, at }) => `<text class="last ${style}" x="${box.width - box.right + 6}" y="${round(at + 4)}">${format(value)}</text>`)
    .join("");
}

/** Round numbers that cover a range, about five of them. */
function niceTicks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1;
  let unit = 1;
  while (unit > raw) unit /= 10;
  while (unit * 10 <= raw) unit *= 10;
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= raw) as number;
  const ticks: number[] = [];
  for (let tick = Math.floor(low / step) * step; tick < high + step * 0.99; tick += step) ticks.push(Number(tick.toPrecision(10)));
  return high === 1 ? ticks.filter((tick) => tick <= 1) : ticks;
}
