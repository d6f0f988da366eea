import type { Preprocessing } from "../../data/preprocessing.js";
import type { ForeignModel } from "../foreign.js";
import { inputShape, type LayerConfig, type ModelConfig } from "./layers/config.js";

type Values = Pick<Preprocessing, "mean" | "std" | "scale" | "channelOrder">;

/** x / 127.5 - 1. */
const tf: Values = { scale: 1 / 127.5, mean: [1], std: [1] };
/** PyTorch's. */
const torch: Values = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** Blue first, means taken off, levels as they are. */
const caffe: Values = { scale: 1, mean: [103.939, 116.779, 123.68], std: [1], channelOrder: "bgr" };
/** Levels as they are: the network scales them itself. */
const levels: Values = { scale: 1, mean: [0], std: [1] };

/** Names that keras.applications gives whole networks. A model of another name, or with one of these inside, may have been trained otherwise. */
const families: readonly [RegExp, Values][] = [
  [/^mobilenet(v2)?_\d\.\d+_\d+$/, tf],
  [/^(resnet(50|101|152)v2|inception_v3|inception_resnet_v2|xception|nasnet(_mobile|_large)?)$/i, tf],
  [/^densenet(121|169|201)$/, torch],
  [/^(resnet(50|101|152)|vgg(16|19))$/, caffe],
];

/** Scales that a first Rescaling has where it takes levels from 0 to 255. */
const isLevelScale = (scale: unknown) => typeof scale === "number" && scale > 1 / 300 && scale < 1 / 100;

/**
 * What the network's name or its first layer says of its input; nothing where neither does. The whole image is taken, as Keras'
 * own loaders do.
 *
 * @see keras.applications `preprocess_input`, modes "tf", "torch" and "caffe"
 */
export function kerasPreprocessing(model: ModelConfig): Pick<ForeignModel, "preprocessing"> {
  const [input, ...more] = model.inputs;
  const [, height, width, channels] = inputShape(model.layers.get(input.layer) as LayerConfig) ?? [];
  if (more.length > 0 || height === undefined || width === undefined || channels !== 3) return {};
  const scalesItself = [...model.layers.values()].some(
    ({ type, config, calls }) => type === "Rescaling" && calls.some((reads) => reads.some(({ layer }) => layer === input.layer)) && isLevelScale(config.get("scale")),
  );
  const values = scalesItself ? levels : families.find(([name]) => name.test(model.name))?.[1];
  return values ? { preprocessing: { resize: [height, width], crop: [height, width], interpolation: "bilinear", ...values } } : {};
}
