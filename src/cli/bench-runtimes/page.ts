import { escapeHtml } from "../../vision/html.js";
import { definitions, figureRow, reportPage } from "../../vision/report-page.js";
import { barChart } from "./bars.js";
import { type Figure, machineLine, nameOf, type Results, type Row, threeDigits } from "./results.js";
import { type Kind, kinds } from "./speed.js";
import { sameBitsWord } from "./table.js";

const style = `
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); gap: 32px 40px; }
.charts figcaption { margin-bottom: 12px; font-size: 19px; font-weight: 700; letter-spacing: -0.01em; }
.unit { margin-left: 10px; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.bars { width: 100%; max-width: 520px; }
svg.bars text { font-size: 13px; fill: var(--ink); } svg.bars .value { font-weight: 600; }
.track { fill: var(--empty); } .bar { fill: var(--training); } .bar.best { fill: var(--accent); }
.spread { fill: none; stroke: var(--ink); stroke-width: 1.25; }
tbody th { white-space: nowrap; }
td.why { text-align: left; white-space: normal; color: var(--soft); overflow-wrap: anywhere; }
td small, th small { display: block; font-size: 12px; color: var(--soft); }
td.differs { color: var(--wrong); font-weight: 600; }
code { padding: 2px 6px; border-radius: 6px; background: var(--empty); color: var(--ink); font-size: 13px; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
section p:last-child { margin-bottom: 0; }
`;

/** The results as one self-contained HTML page that can be published as it is: it loads nothing and runs no script. */
export function runtimesPage(results: Results): string {
  const { network, imageSize, batch, rounds, seconds, machine, ocelli, date, rows } = results;
  const measured = rows.filter(({ figures }) => figures);
  const compared = rows.filter(({ sameBits }) => sameBits !== undefined);
  const best = (kind: Kind) => Math.max(...measured.map((row) => figureOf(row, kind).median));
  return reportPage({
    title: `${network} in ${measured.length} JavaScript runtime${measured.length === 1 ? "" : "s"}`,
    facts: `${machineLine(machine)} · Ocelli ${ocelli} · ${date.slice(0, 10)}`,
    style,
    sections: [
      measured.length > 0
        ? figureRow({
            ...Object.fromEntries(kinds.map((kind) => [`images/s, best ${kind}`, threeDigits(best(kind))])),
            ...(compared.length > 0 && { "with the same bits": `${compared.filter(({ sameBits }) => sameBits).length} of ${compared.length}` }),
          })
        : "",
      measured.length > 0 ? `<section class="charts">${kinds.map((kind) => chart(kind, measured)).join("")}</section>` : "",
      table(rows),
      `<section><h2>How it was measured</h2><p>Each runtime ran the same package in fresh processes, in turns, ${rounds} round${rounds === 1 ? "" : "s"}; in each, every kind of work was repeated for ${seconds} s after two runs that do not count. Figures are images per second: the median of the rounds, and from the least to the most (the thin lines). Inference is <code>classify</code>, embedding <code>embed</code>, training a step of a <code>Trainer</code> with augmentation and SGD, each on ${batch} image${batch === 1 ? "" : "s"} of ${imageSize.join(" × ")} pixels at once; only decoding is left out. Training always has build simd.</p>${
        compared.length > 0
          ? "<p>The same bits: 200 steps of training MobileNetV2 on augmented JPEGs give the weights, to the last bit, that this release gives everywhere.</p>"
          : ""
      }<p>To measure another machine: <code>npx ocelli bench ${escapeHtml(network)} --runtimes --html results.html</code></p></section>`,
      definitions("Machine and settings", {
        processor: machine.cpu,
        cores: machine.cores,
        memory: `${Math.round(machine.memory / 2 ** 30)} GB`,
        system: machine.system,
        Ocelli: ocelli,
        began: `${date.slice(0, 16).replace("T", " ")} UTC`,
        network,
        "image size": `${imageSize.join(" × ")} px`,
        batch,
        rounds,
      }),
    ],
  });
}

function chart(kind: Kind, measured: readonly Row[]): string {
  const title = kind[0].toUpperCase() + kind.slice(1);
  return barChart(
    title,
    "images/s",
    measured.map((row) => ({ name: nameOf(row), figure: figureOf(row, kind) })),
  );
}

function table(rows: readonly Row[]): string {
  const head = ["runtime", "threads", "build", ...kinds, "same bits"].map((name) => `<th scope="col">${name}</th>`).join("");
  const lines = rows.map((row) => {
    const name = `<th scope="row">${escapeHtml(row.runtime)}<small>${escapeHtml(row.version ?? "")}</small></th>`;
    if (!row.figures) return `<tr>${name}<td class="why" colspan="${kinds.length + 3}">${escapeHtml(row.failure ?? "")}</td></tr>`;
    const figures = kinds.map((kind) => {
      const { median, low, high } = figureOf(row, kind);
      return `<td>${threeDigits(median)}<small>${threeDigits(low)} to ${threeDigits(high)}</small></td>`;
    });
    return `<tr>${name}<td>${row.threads}</td><td>${escapeHtml(row.build ?? "")}</td>${figures.join("")}<td${row.sameBits === false ? ` class="differs"` : ""}>${sameBitsWord(row)}</td></tr>`;
  });
  return `<section><h2>Images per second</h2><div class="wide" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${lines.join("")}</tbody></table></div></section>`;
}

function figureOf({ figures }: Row, kind: Kind): Figure {
  return (figures as Readonly<Record<Kind, Figure>>)[kind];
}
