import { axis, Chart } from "../design/chart.js";
import { Icon } from "../design/icon.js";
import { Meter } from "../design/meter.js";
import { finding, findingProblem, findRate, foundRates, stopFinding } from "./rate-finder.js";
import { missing } from "./readiness.js";
import { choose, settings } from "./settings.js";
import { Slider } from "./slider.js";

/** What the slider stands at while the package decides. */
const middle = 5e-4;
const rounded = (rate: number) => Number(rate.toPrecision(2));
const chooseRate = (learningRate: number | undefined) => choose({ learningRate });

/** How large the steps are in which the network learns: left to the package, set, or found by trying. */
export function LearningRate() {
  const { learningRate, layers } = settings.value;
  const isOff = layers === "head";
  return (
    <fieldset class="wide" disabled={isOff}>
      <legend>Size of its steps (learning rate)</legend>
      <Slider
        name={learningRate === undefined ? "Chosen for you" : "Chosen by you"}
        value={Math.log10(learningRate ?? middle)}
        from={-5}
        to={-1}
        step={0.05}
        isOff={isOff}
        format={(value) => (learningRate === undefined ? "automatic" : String(rounded(10 ** value)))}
        onChange={(value) => chooseRate(rounded(10 ** value))}
      />
      <div class="row">
        {finding.value ? (
          <button type="button" class="button small" onClick={stopFinding}>
            <Icon name="stop" /> Stop trying
          </button>
        ) : (
          <button type="button" class="button small" disabled={isOff || missing.value !== ""} onClick={() => void findRate()}>
            <Icon name="spark" /> Try which suits
          </button>
        )}
        {learningRate !== undefined && (
          <button type="button" class="button small quiet" onClick={() => chooseRate(undefined)}>
            Automatic again
          </button>
        )}
      </div>
      <Finding />
      {findingProblem.value && (
        <p class="problem" role="alert">
          {findingProblem.value}
        </p>
      )}
      <Rates />
    </fieldset>
  );
}

function Finding() {
  if (!finding.value) return null;
  const { done, total } = finding.value;
  return (
    <div class="stack tight">
      <p class="soft small">Trying ever larger steps, on a copy of the network that is thrown away afterwards.</p>
      <Meter value={done / total} label="Trying learning rates" />
    </div>
  );
}

/** The loss over the rates that were tried: it falls where they suit, and rises where they are too large. */
function Rates() {
  const found = foundRates.value;
  const { backbone, learningRate } = settings.value;
  if (!found || found.backbone !== backbone) return null;
  const { lrs, losses, valley } = found;
  const suggested = rounded(valley);
  // Where it diverges there is nothing to see but height.
  const top = 1.15 * Math.max(...losses.slice(0, Math.ceil(losses.length / 2)));
  const shown = learningRate ?? suggested;
  return (
    <div class="stack tight" role="status">
      <Chart
        key={shown}
        make={(ink) => ({
          scales: { x: { time: false, auto: false, distr: 3, log: 10 }, y: { auto: false } },
          axes: [
            {
              ...axis(ink),
              grid: { show: false },
              size: 24,
              // Of the ticks in between, which uPlot gives as null, and of rates other than powers of ten there would be too many to read.
              values: (_, ticks) => ticks.map((tick: number | null) => (tick !== null && /^1e/.test(tick.toExponential()) ? tick.toExponential(0) : "")),
            },
            { ...axis(ink), size: 44, values: (_, ticks) => ticks.map((tick) => tick.toFixed(1)) },
          ],
          series: [{}, { stroke: ink.accent, width: 2.5, points: { show: false } }],
          hooks: {
            draw: [
              (plot) => {
                const { ctx, bbox } = plot;
                const x = plot.valToPos(shown, "x", true);
                ctx.save();
                ctx.strokeStyle = ink.ink;
                ctx.lineWidth = devicePixelRatio;
                ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
                ctx.beginPath();
                ctx.moveTo(x, bbox.top);
                ctx.lineTo(x, bbox.top + bbox.height);
                ctx.stroke();
                ctx.restore();
              },
            ],
          },
        })}
        data={[[...lrs], [...losses]]}
        x={[lrs[0], lrs[lrs.length - 1]]}
        y={[0.8 * Math.min(...losses), top]}
        label={`How far off the network is over learning rates from ${lrs[0].toExponential(0)} to ${lrs[lrs.length - 1].toExponential(0)}: falls best near ${suggested}`}
        onPick={(rate) => chooseRate(Math.min(0.1, Math.max(1e-5, rounded(rate))))}
      />
      <div class="row">
        <p class="small">
          The line falls best near <b class="number">{suggested}</b>. Choose that, or a place on the line.
        </p>
        {learningRate !== suggested && (
          <button type="button" class="button small" onClick={() => chooseRate(suggested)}>
            <Icon name="check" /> Use {suggested}
          </button>
        )}
      </div>
    </div>
  );
}
