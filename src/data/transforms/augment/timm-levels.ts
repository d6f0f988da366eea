import type { Random } from "../../../core/random.js";
import type { ImageSize } from "../definition.js";
import type { Operation, OperationName } from "./operations.js";

/** timm's levels go from 0 to this, unless its users say more. */
export const levels = 10;

interface LevelOptions {
  readonly translatePct: number;
  readonly size: ImageSize;
  /** Turns a number round half of the time. */
  turned(value: number): number;
  readonly random: Random;
}

type LevelRule = readonly [operation: OperationName, valueOf: (level: number, options: LevelOptions) => number];

const enhancing = (level: number) => (level / levels) * 1.8 + 0.1;
const enhancingMore = (level: number, { turned }: LevelOptions) => Math.max(0.1, 1 + turned((level / levels) * 0.9));
const shearing = (level: number, { turned }: LevelOptions) => turned((level / levels) * 0.3);
const bits = (level: number) => Math.trunc((level / levels) * 4);
const threshold = (level: number) => Math.min(256, Math.trunc((level / levels) * 256));
const between = (low: number, high: number, level: number) => Math.max(low, Math.min(high, low + (high - low) * (level / levels)));
const nothing: LevelRule[1] = () => 0;

/** timm's names: its LEVEL_TO_ARG and NAME_TO_OP. */
const rules = {
  AutoContrast: ["AutoContrast", nothing],
  Equalize: ["Equalize", nothing],
  Invert: ["Invert", nothing],
  Rotate: ["Rotate", (level, { turned }) => turned((level / levels) * 30)],
  Posterize: ["Posterize", bits],
  PosterizeIncreasing: ["Posterize", (level) => 4 - bits(level)],
  PosterizeOriginal: ["Posterize", (level) => bits(level) + 4],
  Solarize: ["Solarize", threshold],
  SolarizeIncreasing: ["Solarize", (level) => 256 - threshold(level)],
  SolarizeAdd: ["SolarizeAdd", (level) => Math.min(128, Math.trunc((level / levels) * 110))],
  Color: ["Color", enhancing],
  ColorIncreasing: ["Color", enhancingMore],
  Contrast: ["Contrast", enhancing],
  ContrastIncreasing: ["Contrast", enhancingMore],
  Brightness: ["Brightness", enhancing],
  BrightnessIncreasing: ["Brightness", enhancingMore],
  Sharpness: ["Sharpness", enhancing],
  SharpnessIncreasing: ["Sharpness", enhancingMore],
  ShearX: ["ShearX", shearing],
  ShearY: ["ShearY", shearing],
  TranslateXRel: ["TranslateX", (level, { turned, translatePct, size }) => turned((level / levels) * translatePct) * size.width],
  TranslateYRel: ["TranslateY", (level, { turned, translatePct, size }) => turned((level / levels) * translatePct) * size.height],
  Desaturate: ["Color", (level) => Math.min(1, Math.max(0, 1 - between(0.5, 1, level)))],
  GaussianBlur: ["GaussianBlur", (level) => between(0.1, 2, level)],
  GaussianBlurRand: ["GaussianBlur", (level, { random }) => random.uniform(0.1, 2 * between(0, 1, level))],
} satisfies Record<string, LevelRule>;

export type TimmOperation = keyof typeof rules;

/** What timm's operation of a name does at a level. */
export function operationAt(name: TimmOperation, level: number, options: LevelOptions): Pick<Operation, "name" | "value"> {
  const [operation, valueOf] = rules[name] as LevelRule;
  return { name: operation, value: valueOf(level, options) };
}
