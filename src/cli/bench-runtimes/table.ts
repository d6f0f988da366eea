import { formatTable, styled } from "../output.js";
import { machineLine, nameOf, type Results, type Row, threeDigits } from "./results.js";
import { type Kind, kinds } from "./speed.js";

/** What a terminal shows: a line for each runtime, those without figures last. */
export function runtimesTable(results: Results): string {
  const { network, imageSize, batch, rounds, machine, ocelli, date, rows } = results;
  const measured = rows.filter(({ figures }) => figures);
  const names = Math.max(...rows.map((row) => nameOf(row).length));
  const head = ["", "threads", "build", ...kinds, "same bits"];
  const lines = formatTable([head, ...measured.map(cells)].map(([name, ...rest]) => [name.padEnd(names), ...rest])).split("\n");
  const without = rows.filter(({ failure }) => failure).map((row) => `${nameOf(row).padEnd(names)}  ${row.failure}`);
  return [
    `${network}, ${imageSize.join(" x ")} px, batches of ${batch}: images per second, medians of ${rounds} round${rounds > 1 ? "s" : ""} (least to most)`,
    styled("faint", `${machineLine(machine)}; Ocelli ${ocelli}, ${date.slice(0, 10)}; training in build simd`),
    "",
    ...(measured.length > 0 ? lines : []),
    ...without,
  ].join("\n");
}

function cells(row: Row): string[] {
  return [nameOf(row), String(row.threads), String(row.build), ...kinds.map((kind) => figureCell(row, kind)), sameBitsWord(row)];
}

function figureCell({ figures }: Row, kind: Kind): string {
  const figure = figures?.[kind];
  return figure ? `${threeDigits(figure.median)} (${threeDigits(figure.low)} to ${threeDigits(figure.high)})` : "";
}

export function sameBitsWord({ sameBits }: Row): string {
  return sameBits === undefined ? "-" : sameBits ? "yes" : "NO";
}
