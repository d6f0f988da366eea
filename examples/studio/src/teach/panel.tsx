import { signal } from "@preact/signals";
import { askForFiles } from "../design/ask-for-files.js";
import { Icon } from "../design/icon.js";
import { backbones, keepOwnBackbone, ownBackbone } from "../project/backbones.js";
import { LearningRate } from "./learning-rate.js";
import { Samples } from "./samples.js";
import { choose, defaultSettings, settings, type TeachSettings } from "./settings.js";
import { Slider } from "./slider.js";

const layers: readonly { readonly id: TeachSettings["layers"]; readonly title: string; readonly about: string }[] = [
  { id: "auto", title: "As suits the images", about: "By how many there are: which layers learn, how long, in which steps." },
  { id: "all", title: "The whole network", about: "First the part that decides, then all of it, in small steps." },
  { id: "head", title: "Only the part that decides", about: "Seconds instead of minutes, and often nearly as right." },
];

/** Kept while a training takes the panel's place. */
const isOpen = signal(false);

/** Choices for those who want them. */
export function Panel() {
  const now = settings.value;
  const isDefault = Object.entries(now).every(([name, value]) => value === defaultSettings[name as keyof TeachSettings]);
  return (
    <details class="panel" open={isOpen.value} onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>
        <span>Settings</span>
        <span class="soft small">{isDefault ? "good as they are for most" : "changed"}</span>
      </summary>
      {isOpen.value && (
        <div class="panel-body">
          <fieldset>
            <legend>Network to start from</legend>
            {[...backbones, ownBackbone].map(({ id, title, about, terms }) => (
              <Choice
                key={id}
                group="backbone"
                title={title}
                about={terms ? `${about} It ${terms}` : about}
                isChosen={now.backbone === id}
                onChoose={() => (id === ownBackbone.id ? pickOwn() : choose({ backbone: id }))}
              />
            ))}
          </fieldset>
          <fieldset>
            <legend>What learns</legend>
            {layers.map(({ id, title, about }) => (
              <Choice key={id} group="layers" title={title} about={about} isChosen={now.layers === id} onChoose={() => choose({ layers: id })} />
            ))}
            {now.layers !== "auto" && (
              <Slider
                name="Rounds for the part that decides"
                value={now.headEpochs}
                from={1}
                to={100}
                step={1}
                onChange={(headEpochs) => choose({ headEpochs })}
              />
            )}
            {now.layers === "all" && (
              <Slider name="Rounds for the whole network" value={now.epochs} from={1} to={50} step={1} onChange={(epochs) => choose({ epochs })} />
            )}
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
          <div class="wide">
            <Samples />
          </div>
          <LearningRate />
          <button type="button" class="button quiet" disabled={isDefault} onClick={() => (settings.value = defaultSettings)}>
            <Icon name="undo" /> As they were
          </button>
        </div>
      )}
    </details>
  );
}

interface ChoiceProps {
  readonly group: string;
  readonly title: string;
  readonly about: string;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

const Choice = ({ group, title, about, isChosen, onChoose }: ChoiceProps) => (
  <label class="choice">
    <input type="radio" name={group} checked={isChosen} onChange={onChoose} />
    <span>
      <b>{title}</b>
      <span class="soft small">{about}</span>
    </span>
  </label>
);

const share = (value: number) => `${Math.round(100 * value)} %`;

const pickOwn = () =>
  askForFiles({ accept: ".safetensors" }, async ({ files }) => {
    if (!files?.[0]) return;
    await keepOwnBackbone(files[0]);
    choose({ backbone: ownBackbone.id });
  });
