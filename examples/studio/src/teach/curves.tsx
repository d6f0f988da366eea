import { axis, Chart } from "../design/chart.js";
import { curves } from "./curve-data.js";

const kinds = {
  accuracy: { title: "How often it is right", format: (value: number) => `${Math.round(100 * value)} %` },
  loss: { title: "How far off it is", format: (value: number) => value.toFixed(value < 1 ? 2 : 1) },
};

/** One figure over rounds: on the images that are learnt, and on those kept aside. */
export function Curves({ kind }: { kind: keyof typeof kinds }) {
  const { [kind]: curve, epochs } = curves.value;
  const { title, format } = kinds[kind];
  const latest = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? undefined;
  const [learnt, aside] = [latest(curve.learnt), latest(curve.aside)];
  const highest = kind === "accuracy" ? 1 : 1.05 * Math.max(0.1, ...curve.learnt.map((y) => y ?? 0), ...curve.aside.map((y) => y ?? 0));
  return (
    <figure class="figure-card">
      <figcaption class="head">
        <h3>{title}</h3>
        <ul class="legend small">
          <li class="aside">kept aside {aside !== undefined && <b class="number">{format(aside)}</b>}</li>
          <li class="learnt">learning from {learnt !== undefined && <b class="number">{format(learnt)}</b>}</li>
        </ul>
      </figcaption>
      <Chart
        make={(ink) => ({
          scales: { x: { time: false, auto: false }, y: { auto: false } },
          axes: [
            {
              ...axis(ink),
              grid: { show: false },
              size: 24,
              incrs: [1, 2, 5, 10, 20, 50, 100],
              values: (_, ticks) => ticks.map((tick) => (tick === 0 ? "" : `${tick}`)),
            },
            { ...axis(ink), size: 44, values: (_, ticks) => ticks.map(format) },
          ],
          series: [
            {},
            { stroke: ink.soft, width: 1.5, spanGaps: true, points: { show: false } },
            { stroke: ink.accent, width: 2.5, spanGaps: true, points: { show: false } },
          ],
        })}
        data={[curve.x, curve.learnt, curve.aside]}
        x={[0, Math.max(1, epochs)]}
        y={[0, highest]}
        label={`${title}: ${aside === undefined ? "nothing measured yet" : `${format(aside)} on images kept aside`}`}
      />
    </figure>
  );
}
