/** The look of reports, light and dark. */
export const reportStyle = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #667085; --line: #e4e7ec; --page: #f7f8fa; --card: #fff; --one: #98a2b3; --two: #2563eb; --right: #2563eb; --wrong: #dc2626; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2a3140; --page: #11151c; --card: #191f29; --one: #667085; --two: #60a5fa; --right: #3b82f6; --wrong: #f87171; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
h1 { margin: 0; font-size: 28px; letter-spacing: -0.02em; }
h2 { margin: 0 0 4px; font-size: 18px; }
p { margin: 0 0 16px; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px; margin: 0 0 20px; overflow-x: auto; }
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; }
.figures div { display: flex; flex-direction: column; }
.figures b { font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: 13px; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 24px; }
.classes { display: grid; grid-template-columns: minmax(320px, 3fr) minmax(280px, 2fr); gap: 32px; }
@media (max-width: 820px) { .classes { grid-template-columns: 1fr; } }
figure { margin: 0; }
figcaption { font-weight: 600; }
.key { margin-left: 14px; font-weight: 400; font-size: 13px; color: var(--soft); }
.key::before { content: ""; display: inline-block; width: 14px; height: 3px; margin-right: 6px; vertical-align: middle; border-radius: 2px; background: var(--one); }
.key.validation::before { background: var(--two); }
svg { max-width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
polyline.training { stroke: var(--one); } circle.training { fill: var(--one); }
polyline.validation { stroke: var(--two); } circle.validation { fill: var(--two); }
rect.right { fill: var(--right); } rect.wrong { fill: var(--wrong); }
.matrix text.on { fill: #fff; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; }
thead th { color: var(--soft); font-size: 13px; }
th:first-child { text-align: left; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); gap: 16px; }
.mistakes img { display: block; border-radius: 8px; background: var(--line); }
.mistakes figcaption { font-weight: 400; font-size: 13px; line-height: 1.35; margin-top: 6px; }
`;
