import { sizeOf } from "../core/shape.js";
import { checkSplit } from "../data/dataset.js";
import type { Model } from "../model/model.js";
import type { FineTuneOptions } from "./fine-tune.js";
import type { Phase, TrainerOptions, TrainingData } from "./options.js";
import { hasLinearHead } from "./regression.js";

/** What `fineTune` does, and why where it was left to choose. */
export interface FineTuneSchedule extends Pick<TrainerOptions, "labelSmoothing" | "mixing"> {
  readonly phases: readonly [head: Phase, all: Phase];
  /** Why, of what was left to choose; empty where nothing was. */
  readonly why: string;
}

/** Fewer images a class than this cannot tell what of the backbone should change. */
const fewestOfClass = 10;
/** Steps that bring a regression to within a few tenths of a per cent of its best head's accuracy. */
const regressionSteps = 400;
/** Images, counted each time they are shown, after which all layers have learnt most of what a small data set has for them. */
const shownImages = 20_000;
/** Fewer images a class than this would take a backbone too far: it learns from them for at most so many epochs, unmixed, at a rate of so much for each. */
const fewOfClass = 40;
const gentleEpochs = 10;
const ratePerImage = 5e-5;
/** Views of an image cost a pass through the backbone each; many images vary enough by themselves. */
const viewsUpTo = [
  { images: 2_000, views: 8 },
  { images: 10_000, views: 4 },
] as const;

/** Fewer passes than this do not teach a network its images by heart, and are too few to learn from mixed ones. */
const fewestMixedEpochs = 10;
/** Mixed images let the early layers of a small backbone move further too. */
const mixedLrMult = 3;
const mixed = { mixing: { mixup: 0.2, cutmix: 1 }, labelSmoothing: 0.1 } as const;

/** A backbone of fewer parameters knows less, and may move further, than one that learnt all of ImageNet. */
const smallBackbone = 2_000_000;

const within = (low: number, x: number, high: number) => Math.min(high, Math.max(low, Math.ceil(x)));

/** Whether the labels may become shares of several classes, and no teacher is asked about the images. */
const mayMix = ({ loss = "crossEntropy", distillation }: TrainerOptions) => (typeof loss === "string" ? loss : loss.name) === "crossEntropy" && !distillation;

const parametersOf = ({ session }: Model) => session.keptValues().reduce((sum, { kind, shape }) => sum + (kind === "parameter" ? sizeOf(shape) : 0), 0);

/**
 * The phases of a fine-tuning, and whether its images are mixed. What options name is taken from them; the rest follows from the number of
 * training images and classes, from whether the backbone comes with weights, and from the form of its head. `models/ocelli-s` has the
 * measurements behind the numbers.
 */
export function fineTuneSchedule(model: Model, data: TrainingData, options: FineTuneOptions = {}): FineTuneSchedule {
  checkSplit("fineTune", data);
  const { length: images, classes } = data.train;
  const { batchSize = 32, optimizer, headLr, headViews, layerDecay, epochs, freezeEpochs } = options;
  const trained = model.facts.trained === true || model.batchesTracked > 0;
  const perClass = images / Math.max(1, classes.length);
  const why: string[] = [];
  const chosen = <T>(asked: T | undefined, [choice, because]: readonly [T, string]): T => {
    if (asked === undefined) why.push(because);
    return asked ?? choice;
  };
  const count = `${images} images of ${classes.length} classes`;

  const regresses = headLr === undefined && optimizer === undefined && hasLinearHead(model);
  const views = headViews ?? viewsUpTo.find((some) => images <= some.images)?.views ?? 1;
  const passes = regresses ? within(16, regressionSteps / Math.ceil(images / batchSize), 60) : 30;
  const how = regresses ? `as a logistic regression on ${views === 1 ? "one view" : `${views} views`} of each image` : "by gradient steps on the kept features";
  const headEpochs = chosen(
    freezeEpochs,
    trained
      ? [passes, `the head alone first, ${passes} epochs ${how}, since its features are computed once for ${count}`]
      : [0, "no epochs of the head alone, since the backbone has no trained weights that its features could come from"],
  );
  const few = trained && perClass < fewOfClass;
  const mostEpochs = few ? gentleEpochs : trained ? 20 : 50;
  const wholeEpochs = within(5, shownImages / Math.max(1, images), mostEpochs);
  const allEpochs = chosen(
    epochs,
    trained && perClass < fewestOfClass
      ? [
          0,
          `no epochs of all layers, since ${perClass.toFixed(1)} images a class are fewer than ${fewestOfClass} and would sooner spoil the backbone than adapt it`,
        ]
      : [wholeEpochs, `then all layers for ${wholeEpochs} epochs, for some ${shownImages} looks at ${count}, within 5 to ${mostEpochs} epochs`],
  );
  const isSmall = parametersOf(model) < smallBackbone;
  const fullRate = isSmall ? 2e-3 : 5e-4;
  const lr = options.baseLr ?? (trained ? Math.min(fullRate, ratePerImage * Math.max(perClass, fewestOfClass)) : fullRate);
  if (allEpochs > 0 && options.baseLr === undefined && lr < fullRate)
    why.push(`and gently, at a rate of ${lr.toPrecision(2)}, since ${perClass.toFixed(1)} images a class are fewer than ${fullRate / ratePerImage}`);
  const mixes = options.mixing === undefined && trained && !few && allEpochs >= fewestMixedEpochs && mayMix(options);
  if (mixes) {
    const { mixing, labelSmoothing } = mixed;
    const smoothed = options.labelSmoothing === undefined ? ` and labels smoothed by ${labelSmoothing}` : "";
    why.push(`with images mixed (mixup ${mixing.mixup}, cutmix ${mixing.cutmix})${smoothed} there, since in ${allEpochs} epochs they would be learnt by heart`);
  }
  const lrMult = options.lrMult ?? (layerDecay === undefined && trained ? (mixes && isSmall ? mixedLrMult : 10) : 1);
  return {
    why: why.join("; "),
    mixing: mixes ? mixed.mixing : options.mixing,
    labelSmoothing: options.labelSmoothing ?? (mixes ? mixed.labelSmoothing : undefined),
    phases: [
      {
        name: "head",
        epochs: headEpochs,
        train: "head",
        lr: regresses ? 1 : (headLr ?? 1e-2),
        lrMult: 1,
        schedule: "oneCycle",
        ...(regresses && { regression: { penalty: 2 / Math.sqrt(Math.max(1, images)), views } }),
      },
      { name: "all", epochs: allEpochs, train: "all", lr, lrMult, schedule: "oneCycle" },
    ],
  };
}
