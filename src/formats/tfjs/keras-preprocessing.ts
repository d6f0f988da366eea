import { named, type PreprocessingName } from "../../data/preprocessing.js";
import type { ForeignModel } from "../foreign.js";
import { inputShape, isCall, type LayerConfig, type ModelConfig } from "./layers/config.js";

/** Names that keras.applications gives whole networks. A model of another name, or with one of these inside, may have been trained otherwise. */
const families: readonly [RegExp, PreprocessingName][] = [
  [/^mobilenet(v2)?_\d\.\d+_\d+$/, "-1..1"],
  [/^(resnet(50|101|152)v2|inception_v3|inception_resnet_v2|xception|nasnet(_mobile|_large)?)$/i, "-1..1"],
  [/^densenet(121|169|201)$/, "imagenet"],
  [/^(resnet(50|101|152)|vgg(16|19))$/, "caffe"],
];

/** Scales that a first Rescaling has where it takes levels from 0 to 255. */
const isLevelScale = (scale: unknown) => typeof scale === "number" && scale > 1 / 300 && scale < 1 / 100;

/**
 * What the network's name or its first layer says of its input; nothing where neither does.
 *
 * @see keras.applications `preprocess_input`, modes "tf", "torch" and "caffe"
 */
export function kerasPreprocessing(model: ModelConfig): Pick<ForeignModel, "preprocessing"> {
  const [input, ...more] = model.inputs;
  const [, height, width, channels] = inputShape(model.layers.get(input.layer) as LayerConfig) ?? [];
  if (more.length > 0 || !height || !width || channels !== 3) return {};
  const scalesItself = [...model.layers.values()].some(
    ({ type, config, calls }) =>
      type === "Rescaling" && calls.some((reads) => reads.filter(isCall).some(({ layer }) => layer === input.layer)) && isLevelScale(config.get("scale")),
  );
  // Such a network need not be of ImageNet: it is given whole images, as Keras' own loaders do.
  if (scalesItself) return { preprocessing: named("0..255", [height, width]) };
  const name = families.find(([pattern]) => pattern.test(model.name))?.[1];
  return name ? { preprocessing: named(name, height === width ? height : [height, width]) } : {};
}
