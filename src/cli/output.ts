/** What commands end with. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, stopped: 3, interrupted: 130, terminated: 143 } as const;

/** A signal came, and what can be kept has been kept. */
export class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/** One line of JSON on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Text in a terminal's bold or faint letters; as it is where `stream` is no terminal or NO_COLOR is set. */
export function styled(style: "bold" | "faint", text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && !process.env.NO_COLOR ? `\u001b[${style === "bold" ? 1 : 2}m${text}\u001b[22m` : text;
}

/** `12.3 MB` */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `1.24 M`, `320 k` */
export function formatCount(count: number): string {
  const units = [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const;
  for (const [unit, size] of units) if (count >= size) return `${(count / size).toFixed(2)} ${unit}`;
  return String(count);
}

/** `2:05` or `1:02:05` */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** `93.4 %` */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Columns wide enough for their cells; the first `left` are left-aligned, the others right-aligned. */
export function formatTable(rows: readonly (readonly string[])[], { left = 1 }: { left?: number } = {}): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cell = (text: string, column: number) => (column < left ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
