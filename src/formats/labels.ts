/** Text files that name classes. */

/** Numbers before labels may leave some out, but not most. */
const mostGaps = 8;

/**
 * One label a line. Lines that all begin with numbers of their own, as Coral's and Teachable Machine's may ("0 background"), say which
 * class they name; classes that none names are called by their number.
 */
export function parseLabels(text: string): string[] {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const numbered = lines.map((line) => /^(\d{1,6})[\s:]\s*(.+)$/.exec(line));
  const numbers = numbered.map((match) => Number(match?.[1] ?? -1));
  const most = numbers.reduce((a, b) => Math.max(a, b), -1);
  const isNumbered = lines.length > 0 && !numbers.includes(-1) && new Set(numbers).size === lines.length && numbers[0] === 0 && most < mostGaps * lines.length;
  if (!isNumbered) return lines;
  const labels = Array.from({ length: most + 1 }, (_, i) => String(i));
  for (const match of numbered) if (match) labels[Number(match[1])] = match[2];
  return labels;
}
