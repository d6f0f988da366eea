import { type Preprocessing, timmResize } from "../../data/preprocessing.js";
import { type Fields, isPixels } from "../fields.js";

/**
 * What timm's evaluation transform does with the `pretrained_cfg` of a checkpoint, whose absent fields have timm's defaults:
 * the sides become floor(size / crop_pct), the shorter one alone or, in `squash` mode, both; then the middle is cut out.
 *
 * @param options.testSize the larger size that the checkpoint's published accuracy is for, where there is one
 * @returns undefined for `border` mode, which pads and has no equal here
 * @see timm `resolve_data_config`, `transforms_imagenet_eval`
 */
export function timmPreprocessing(config: Fields, { testSize = false } = {}): Preprocessing | undefined {
  const shape = (name: string) =>
    config.as<readonly [number, number, number]>(
      name,
      "[channels, height, width]",
      (value) => Array.isArray(value) && value.length === 3 && (value[0] === 1 || value[0] === 3) && isPixels(value[1]) && isPixels(value[2]),
    );
  const share = (name: string) => config.number(name, "a number above 0 and up to 2", (value) => value > 0 && value <= 2);
  const mode = config.text("crop_mode") ?? "center";
  if (mode !== "center" && mode !== "squash") return undefined;
  const usual = shape("input_size") ?? [3, 224, 224];
  const [channels, height, width] = (testSize && shape("test_input_size")) || usual;
  const cropPct = (testSize && share("test_crop_pct")) || (share("crop_pct") ?? 0.875);
  const sides = [timmResize(height, cropPct), timmResize(width, cropPct)] as const;
  const isSquare = height === width;
  if (mode === "center" && !isSquare) return undefined; // timm scales the shorter side to its own target, whichever it is
  return {
    resize: mode === "squash" ? sides : sides[0],
    crop: isSquare ? height : [height, width],
    interpolation: config.interpolation("interpolation") ?? "bicubic",
    mean: config.channels("mean") ?? [0.485, 0.456, 0.406],
    std: config.channels("std", "1 to 4 numbers above 0", (value) => value > 0) ?? [0.229, 0.224, 0.225],
    channels: channels as 1 | 3,
  };
}

/** Class names of a timm repository: descriptions where it has them, else its names (such as WordNet ids). */
export function timmLabels(config: Fields, pretrained: Fields | undefined, classes: number | undefined): readonly string[] | undefined {
  const holder = [config, pretrained].find((fields) => fields?.has("label_names"));
  if (!holder || classes === undefined) return undefined;
  const names = holder.isList("label_names") ? holder.texts("label_names") : indexed(holder.object("label_names"), classes);
  if (names?.length !== classes) return undefined;
  const descriptions = new Map((config.object("label_descriptions") ?? pretrained?.object("label_descriptions"))?.entries());
  return names.map((name) => {
    const description = descriptions.get(name);
    return typeof description === "string" ? description : name;
  });
}

/** `{ "0": "cat", "1": "dog" }` as a list; undefined unless every class up to `classes` has its name. */
export function indexed(names: Fields | undefined, classes: number): readonly string[] | undefined {
  const byIndex = new Map(names?.entries());
  if (byIndex.size < classes) return undefined;
  const list = Array.from({ length: classes }, (_, index) => byIndex.get(String(index)));
  return list.every((name) => typeof name === "string") ? (list as string[]) : undefined;
}
