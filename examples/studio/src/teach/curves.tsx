import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../design/theme.js";
import { curves } from "./curve-data.js";

const kinds = {
  accuracy: { title: "How often it is right", format: (value: number) => `${Math.round(100 * value)} %` },
  loss: { title: "How far off it is", format: (value: number) => value.toFixed(value < 1 ? 2 : 1) },
};

/** One figure over rounds: on the images that are learnt, and on those kept aside. */
export function Curves({ kind }: { kind: keyof typeof kinds }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const { [kind]: curve, epochs } = curves.value;
  const themeNow = theme.value;

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const made = new uPlot(options(kind, element), [[], [], []], element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [themeNow]);

  useEffect(() => {
    plot.current?.setData([curve.x, curve.learnt, curve.aside], false);
    plot.current?.setScale("x", { min: 0, max: Math.max(1, epochs) });
    const top = kind === "accuracy" ? 1 : 1.05 * Math.max(0.1, ...curve.learnt.map((y) => y ?? 0), ...curve.aside.map((y) => y ?? 0));
    plot.current?.setScale("y", { min: 0, max: top });
  });

  const latest = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? undefined;
  const [learnt, aside] = [latest(curve.learnt), latest(curve.aside)];
  const { title, format } = kinds[kind];
  return (
    <figure class="curves">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend small">
          <li class="aside">kept aside {aside !== undefined && <b class="number">{format(aside)}</b>}</li>
          <li class="learnt">learning from {learnt !== undefined && <b class="number">{format(learnt)}</b>}</li>
        </ul>
      </figcaption>
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={`${title}: ${aside === undefined ? "nothing measured yet" : `${format(aside)} on images kept aside`}`}
      />
    </figure>
  );
}

function options(kind: keyof typeof kinds, { clientWidth, clientHeight }: HTMLElement): uPlot.Options {
  const style = getComputedStyle(document.body);
  const probe = document.body.appendChild(document.createElement("i"));
  // `light-dark()` is resolved where it is used, not where it is defined.
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const [ink, line, accent, soft] = ["ink-soft", "line", "accent", "line-strong"].map(color);
  probe.remove();
  const axis: uPlot.Axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}`, gap: 6 };
  return {
    width: clientWidth,
    height: clientHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { x: { time: false, auto: false }, y: { auto: false } },
    axes: [
      { ...axis, grid: { show: false }, size: 24, incrs: [1, 2, 5, 10, 20, 50, 100], values: (_, ticks) => ticks.map((tick) => (tick === 0 ? "" : `${tick}`)) },
      { ...axis, size: 44, values: (_, ticks) => ticks.map(kinds[kind].format) },
    ],
    series: [
      {},
      { stroke: soft, width: 1.5, spanGaps: true, points: { show: false } },
      { stroke: accent, width: 2.5, spanGaps: true, points: { show: false } },
    ],
  };
}
