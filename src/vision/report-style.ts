/** The look of reports, light and dark. */
export const reportStyle = `
:root { color-scheme: light dark; --ink: #1b2330; --soft: #5d6878; --line: #e3e7ee; --page: #f5f6f9; --card: #fff; --training: #9aa4b5; --accent: #0b63ce; --wrong: #d4452c; --empty: #f1f3f7; --band: #f6f7fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf1; --soft: #98a3b5; --line: #2b3342; --page: #0f131a; --card: #171d27; --training: #78849a; --accent: #5aa2f7; --wrong: #f2765e; --empty: #1d2430; --band: #1b222e; } }
* { box-sizing: border-box; }
body { margin: 0; padding-bottom: 40px; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
header, main { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { display: flex; align-items: center; gap: 16px; padding-top: 40px; padding-bottom: 24px; }
header > svg { width: 44px; height: 44px; flex: none; }
header div { min-width: 0; }
h1 { margin: 0; font-size: 28px; line-height: 1.2; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 19px; letter-spacing: -0.01em; }
h3 { margin: 0 0 8px; font-size: 15px; }
p { margin: 0 0 16px; color: var(--soft); }
header p { margin: 2px 0 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 24px 28px; margin: 0 0 20px; overflow-x: auto; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(122px, 1fr)); gap: 20px 24px; }
.figures div { display: flex; flex-direction: column; }
.figures b { font-size: 26px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures div:first-child b { color: var(--accent); }
.figures span { color: var(--soft); font-size: 13px; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 28px 36px; }
figure { margin: 0; }
.curves figcaption { margin-bottom: 8px; font-size: 19px; font-weight: 700; letter-spacing: -0.01em; }
.key { margin-left: 16px; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--soft); white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 16px; height: 3px; margin-right: 6px; vertical-align: middle; border-radius: 2px; background: var(--training); }
.key.validation::before { background: var(--accent); }
svg { display: block; max-width: 100%; height: auto; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.chart { width: 100%; }
.grid { stroke: var(--line); }
.band0 { fill: var(--band); } .band1 { fill: none; }
svg .phase { fill: var(--ink); font-weight: 600; }
polyline { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
polyline.training { stroke: var(--training); } circle.training { fill: var(--training); }
polyline.validation { stroke: var(--accent); } circle.validation { fill: var(--accent); }
svg .last { font-weight: 600; } svg .last.validation { fill: var(--accent); }
.confusion { display: flex; flex-wrap: wrap; gap: 28px 56px; align-items: flex-start; }
.confusion > div { flex: 1 1 240px; }
rect.right { fill: var(--accent); } rect.wrong { fill: var(--wrong); } rect.empty { fill: var(--empty); }
.matrix text.on { fill: var(--card); font-weight: 600; }
ol { margin: 0; padding: 0; list-style: none; }
li { display: flex; padding: 6px 0; border-bottom: 1px solid var(--line); color: var(--soft); }
li b { flex: none; width: 3em; color: var(--wrong); font-variant-numeric: tabular-nums; }
em { color: var(--ink); font-style: normal; overflow-wrap: anywhere; }
.classes { max-height: 660px; overflow: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 8px; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; white-space: nowrap; }
tbody th { white-space: normal; overflow-wrap: anywhere; }
thead th { position: sticky; top: 0; background: var(--card); color: var(--soft); font-size: 13px; }
th:first-child { text-align: left; padding-left: 0; }
meter { width: 90px; height: 8px; margin-right: 8px; vertical-align: middle; border: none; border-radius: 4px; background: var(--empty); }
meter::-webkit-meter-bar { height: 8px; border: none; border-radius: 4px; background: var(--empty); }
meter::-webkit-meter-optimum-value { border-radius: 4px; background: var(--accent); }
meter::-moz-meter-bar { border-radius: 4px; background: var(--accent); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(116px, 1fr)); gap: 22px 12px; }
.mistakes img { display: block; width: 96px; height: 96px; border-radius: 10px; background: var(--empty); }
.mistakes figcaption { margin-top: 6px; font-size: 13px; line-height: 1.4; color: var(--soft); overflow-wrap: anywhere; }
.mistakes b { color: var(--wrong); font-weight: 600; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 14px 24px; margin: 12px 0 0; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 620px) { header, main { padding-left: 14px; padding-right: 14px; } header { padding-top: 24px; } section { padding: 18px 16px; } h1 { font-size: 23px; } meter { display: none; } }
@media print { body { background: none; } section { break-inside: avoid; } .classes { max-height: none; } }
`;
