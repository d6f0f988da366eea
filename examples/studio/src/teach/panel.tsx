import { askForFiles } from "../design/ask-for-files.js";
import { Icon } from "../design/icon.js";
import { backbones, keepOwnBackbone, ownBackbone } from "../project/backbones.js";
import { choose, defaultSettings, settings, type TeachSettings } from "./settings.js";

/** Choices for those who want them. */
export function Panel() {
  const now = settings.value;
  const isDefault = Object.entries(now).every(([name, value]) => value === defaultSettings[name as keyof TeachSettings]);
  return (
    <details class="panel">
      <summary>
        <span>Settings</span>
        <span class="soft small">{isDefault ? "good as they are for most" : "changed"}</span>
      </summary>
      <div class="panel-body">
        <fieldset>
          <legend>Network to start from</legend>
          {[...backbones, ownBackbone].map(({ id, title, about }) => (
            <label class="choice" key={id}>
              <input
                type="radio"
                name="backbone"
                checked={now.backbone === id}
                onChange={() => (id === ownBackbone.id ? pickOwn() : choose({ backbone: id }))}
              />
              <span>
                <b>{title}</b>
                <span class="soft small">{about}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend>What learns</legend>
          <label class="choice">
            <input type="radio" name="layers" checked={now.layers === "all"} onChange={() => choose({ layers: "all" })} />
            <span>
              <b>The whole network</b>
              <span class="soft small">First the part that decides, then all of it, in small steps. Best.</span>
            </span>
          </label>
          <label class="choice">
            <input type="radio" name="layers" checked={now.layers === "head"} onChange={() => choose({ layers: "head" })} />
            <span>
              <b>Only the part that decides</b>
              <span class="soft small">Seconds instead of minutes, and a little less right.</span>
            </span>
          </label>
          <Slider name="Rounds for the part that decides" value={now.headEpochs} from={1} to={100} step={1} onChange={(headEpochs) => choose({ headEpochs })} />
          <Slider
            name="Rounds for the whole network"
            value={now.epochs}
            from={1}
            to={50}
            step={1}
            isOff={now.layers === "head"}
            onChange={(epochs) => choose({ epochs })}
          />
          <Slider
            name="Size of its steps (learning rate)"
            value={Math.log10(now.learningRate)}
            from={-5}
            to={-1}
            step={0.1}
            isOff={now.layers === "head"}
            format={(value) => (10 ** value).toPrecision(2)}
            onChange={(value) => choose({ learningRate: Number((10 ** value).toPrecision(2)) })}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={now.patience > 0}
              onChange={({ currentTarget }) => choose({ patience: currentTarget.checked ? defaultSettings.patience : 0 })}
            />
            End early when it gets no better
          </label>
        </fieldset>
        <fieldset>
          <legend>How images vary while it learns</legend>
          <label class="check">
            <input type="checkbox" checked={now.flip} onChange={({ currentTarget }) => choose({ flip: currentTarget.checked })} />
            Mirrored half of the time
          </label>
          <Slider name="Cut closer" value={now.zoom} from={0} to={0.9} step={0.05} format={share} onChange={(zoom) => choose({ zoom })} />
          <Slider name="Turned" value={now.turn} from={0} to={45} step={1} format={(value) => `${value}°`} onChange={(turn) => choose({ turn })} />
          <Slider name="Light and colour" value={now.color} from={0} to={0.8} step={0.05} format={share} onChange={(color) => choose({ color })} />
        </fieldset>
        <button type="button" class="button quiet" disabled={isDefault} onClick={() => (settings.value = defaultSettings)}>
          <Icon name="undo" /> As they were
        </button>
      </div>
    </details>
  );
}

const share = (value: number) => `${Math.round(100 * value)} %`;

interface SliderProps {
  readonly name: string;
  readonly value: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly isOff?: boolean;
  readonly format?: (value: number) => string;
  readonly onChange: (value: number) => void;
}

const Slider = ({ name, value, from, to, step, isOff, format = String, onChange }: SliderProps) => (
  <label class="slider">
    <span>{name}</span>
    <output class="number">{format(value)}</output>
    <input
      type="range"
      min={from}
      max={to}
      step={step}
      value={value}
      disabled={isOff}
      aria-valuetext={format(value)}
      onInput={({ currentTarget }) => onChange(Number(currentTarget.value))}
    />
  </label>
);

const pickOwn = () =>
  askForFiles({ accept: ".safetensors" }, async ({ files }) => {
    if (!files?.[0]) return;
    await keepOwnBackbone(files[0]);
    choose({ backbone: ownBackbone.id });
  });
