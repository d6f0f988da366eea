interface PlotOptions {
  /** Write a number of an axis. */
  readonly x: (value: number) => string;
  readonly y: (value: number) => string;
  /** Places on the x axis to draw a vertical line at. */
  readonly marks: readonly number[];
  /** Columns and rows of the plot itself, default 72 and 14. */
  readonly width?: number;
  readonly height?: number;
}

/** A curve in letters: the mean of each column's values. `xs` rise. */
export function linePlot(xs: readonly number[], ys: readonly number[], { x, y, marks, width = 72, height = 14 }: PlotOptions): string {
  const [left, right] = [xs[0], xs[xs.length - 1]];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const column = (value: number) => Math.round(((value - left) / (right - left || 1)) * (width - 1));
  const row = (value: number) => Math.round(((high - value) / (high - low || 1)) * (height - 1));
  const cells = Array.from({ length: height }, () => new Array<string>(width).fill(" "));
  for (const mark of marks) for (const line of cells) line[column(mark)] = "|";
  const columns = Array.from({ length: width }, (_, at) => ys.filter((_, i) => column(xs[i]) === at));
  columns.forEach((values, at) => {
    if (values.length > 0) cells[row(values.reduce((sum, value) => sum + value, 0) / values.length)][at] = "*";
  });
  const names = [y(high), y(low)];
  const margin = Math.max(...names.map(({ length }) => length));
  const lines = cells.map((line, i) => `${(i === 0 ? names[0] : i === height - 1 ? names[1] : "").padStart(margin)} ┤${line.join("").trimEnd()}`);
  const [first, last] = [x(left), x(right)];
  return [...lines, `${" ".repeat(margin)} └${"─".repeat(width)}`, `${" ".repeat(margin + 2)}${first}${last.padStart(width - first.length)}`].join("\n");
}
