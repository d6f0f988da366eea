import type { Preprocessing } from "../../data/preprocessing.js";
import type { Fields } from "../fields.js";
import type { ForeignModel } from "../foreign.js";

/** Of older exports, which do not say. */
const defaultImageSize = 224;

/**
 * What `metadata.json` of a Teachable Machine export says: labels, and for image projects the size of the square that its library
 * cuts from the middle of an image whose shorter side was made as long; levels x become x / 127 - 1.
 *
 * @see teachablemachine-community, libraries/image: `cropTo` and `capture`
 */
export function readTeachableMachine(metadata: Fields): Partial<ForeignModel> {
  const from = metadata.get("packageName");
  if (typeof from !== "string" || !from.startsWith("@teachablemachine/")) return {}; // another program's file of that name
  const labels = metadata.list("labels", []);
  if (!labels.every((label) => typeof label === "string")) return metadata.fail(`"labels" expects a list of names`);
  return {
    ...(labels.length > 0 ? { labels: labels as string[] } : {}),
    ...(from === "@teachablemachine/image" ? { preprocessing: preprocessing(metadata) } : {}),
    notes: { source: ["Teachable Machine", metadata.text("tmVersion", ""), metadata.text("modelName", "")].filter(Boolean).join(" ") },
  };
}

function preprocessing(metadata: Fields): Preprocessing {
  const size = metadata.whole("imageSize", defaultImageSize);
  if (size < 1) metadata.fail(`"imageSize" expects a size, got ${size}`);
  return {
    resize: size,
    crop: size,
    interpolation: "bilinear",
    scale: 1 / 127,
    mean: [1],
    std: [1],
    ...(metadata.flag("grayscale", false) ? { channels: 1 as const } : {}),
  };
}
