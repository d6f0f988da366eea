import { escapeHtml } from "./html.js";
import { reportStyle } from "./report-style.js";

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#0b63ce"/><circle cx="16" cy="16" r="8.5" fill="#f5b83d"/><circle cx="16" cy="16" r="4.5" fill="#10203a"/><circle cx="18" cy="14" r="1.6" fill="#fff"/></svg>`;

export interface ReportPage {
  readonly title: string;
  /** Below the title. */
  readonly facts: string;
  /** HTML of each. */
  readonly sections: readonly string[];
  /** Beside the report's own. */
  readonly style?: string;
}

/** One self-contained HTML page in the look of reports. It loads nothing and runs no script. */
export function reportPage({ title, facts, sections, style = "" }: ReportPage): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Ocelli</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>${reportStyle}${style}</style>
<header>${icon}<div><h1>${escapeHtml(title)}</h1><p>${escapeHtml(facts)}</p></div></header>
<main>
${sections.filter(Boolean).join("\n")}
</main>
</html>
`;
}

/** A row of figures, the first the one that matters most. */
export function figureRow(figures: Readonly<Record<string, string>>): string {
  const cells = Object.entries(figures).map(([name, value]) => `<div><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`);
  return `<section class="figures">${cells.join("")}</section>`;
}

/** What else there is to know, name by name. */
export function definitions(title: string, entries: Readonly<Record<string, string | number>>): string {
  const list = Object.entries(entries).map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd></div>`);
  return `<section><h2>${escapeHtml(title)}</h2><dl>${list.join("")}</dl></section>`;
}
