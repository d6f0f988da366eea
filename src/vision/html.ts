/** Text as it may stand in HTML and SVG, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** `93.4 %`, which no line breaks. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

/** A coordinate, short. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
