import { effect, signal } from "@preact/signals";
import { type Augmentation, type FineTuneOptions, transforms } from "ocelli";
import { backbones } from "../project/backbones.js";

/** What a person may choose; the defaults are meant to be left alone. */
export interface TeachSettings {
  readonly backbone: string;
  /** `auto`: what and how long is up to `fineTune`; `head`: only the part that decides; `all`: then the whole network. */
  readonly layers: "auto" | "head" | "all";
  readonly headEpochs: number;
  readonly epochs: number;
  /** Undefined where it is up to `fineTune`. */
  readonly learningRate?: number;
  /** Rounds without an improvement after which it ends; 0 for never. */
  readonly patience: number;
  readonly keepAside: number;
  readonly flip: boolean;
  /** Share of the image that may be cut away. */
  readonly zoom: number;
  /** Degrees. */
  readonly turn: number;
  /** 0 to 1. */
  readonly color: number;
}

export const defaultSettings: TeachSettings = {
  backbone: backbones[0].id,
  layers: "auto",
  headEpochs: 30,
  epochs: 5,
  learningRate: undefined,
  patience: 10,
  keepAside: 0.2,
  flip: true,
  zoom: 0.5,
  turn: 0,
  color: 0.2,
};

const key = "teach";

/** What was chosen last, so far as there still is such a choice. */
function chosen(): TeachSettings {
  const settings = { ...defaultSettings, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<TeachSettings>) };
  const exists = settings.backbone === "own" || backbones.some(({ id }) => id === settings.backbone);
  return exists ? settings : { ...settings, backbone: defaultSettings.backbone };
}

export const settings = signal<TeachSettings>(chosen());

effect(() => {
  const changed = Object.entries(settings.value).filter(([name, value]) => value !== defaultSettings[name as keyof TeachSettings]);
  localStorage.setItem(key, JSON.stringify(Object.fromEntries(changed)));
});

export const choose = (changes: Partial<TeachSettings>) => {
  settings.value = { ...settings.value, ...changes };
};

/** How images vary from round to round. */
export const augmentationOf = ({ flip, zoom, turn, color }: TeachSettings): Augmentation => ({
  scale: [1 - zoom, 1],
  flip: flip ? 0.5 : 0,
  extra: [
    ...(turn > 0 ? [transforms.RandomRotation(turn)] : []),
    ...(color > 0 ? [transforms.ColorJitter({ brightness: color, contrast: color, saturation: color })] : []),
  ],
});

export const optionsOf = (settings: TeachSettings): FineTuneOptions => ({
  ...(settings.layers !== "auto" && { freezeEpochs: settings.headEpochs, epochs: settings.layers === "head" ? 0 : settings.epochs }),
  ...(settings.learningRate !== undefined && { baseLr: settings.learningRate }),
  patience: settings.patience,
  augmentation: augmentationOf(settings),
  badImages: "skip",
});
