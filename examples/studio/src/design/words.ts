/** Numbers as people say them. */
const list = new Intl.ListFormat("en", { type: "conjunction" });

export const count = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const percent = (share: number) => `${Math.round(100 * share)} %`;

export const and = (words: readonly string[]) => list.format(words);

export function duration(seconds: number): string {
  if (!(seconds >= 1)) return "a moment";
  if (seconds < 90) return count(Math.round(seconds), "second");
  return seconds < 5400 ? count(Math.round(seconds / 60), "minute") : count(Math.round(seconds / 3600), "hour");
}

export function bytes(n: number): string {
  return n < 1e6 ? `${Math.max(1, Math.round(n / 1e3))} kB` : `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`;
}
