import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "./theme.js";

export type Ink = Readonly<Record<"ink" | "line" | "accent" | "soft" | "danger", string>>;

interface Props {
  /** Axes and series; called again when the theme changes. */
  readonly make: (ink: Ink) => Pick<uPlot.Options, "axes" | "series" | "scales" | "hooks">;
  readonly data: uPlot.AlignedData;
  readonly x: readonly [min: number, max: number];
  readonly y: readonly [min: number, max: number];
  /** What it shows, in a sentence. */
  readonly label: string;
  /** Told the value on the x axis that is clicked. */
  readonly onPick?: (x: number) => void;
}

/** Lines over an axis, as wide as its place. */
export function Chart({ make, data, x, y, label, onPick }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const pick = useRef(onPick);
  pick.current = onPick;
  const themeNow = theme.value;

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const made = new uPlot({ ...size(), legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0], ...make(inkOf()) }, data, element);
    made.over.addEventListener("click", ({ offsetX }) => pick.current?.(made.posToVal(offsetX, "x")));
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [themeNow]);

  useEffect(() => {
    plot.current?.batch((now: uPlot) => {
      now.setData(data, false);
      now.setScale("x", { min: x[0], max: x[1] });
      now.setScale("y", { min: y[0], max: y[1] });
    });
  });

  return <div ref={place} class={`plot${onPick ? " pickable" : ""}`} role="img" aria-label={label} />;
}

/** An axis in the page's own type. */
export const axis = ({ ink, line }: Ink): uPlot.Axis => ({
  stroke: ink,
  grid: { stroke: line, width: 1 },
  ticks: { show: false },
  font: `12px ${getComputedStyle(document.body).fontFamily}`,
  gap: 6,
});

/** Colours as they are in this theme: `light-dark()` is resolved where it is used, not where it is defined. */
function inkOf(): Ink {
  const probe = document.body.appendChild(document.createElement("i"));
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = { ink: color("ink-soft"), line: color("line"), accent: color("accent"), soft: color("line-strong"), danger: color("danger") };
  probe.remove();
  return found;
}
