import { askForFiles } from "../design/ask-for-files.js";
import type { ImageClass } from "../project/project.js";
import { chosenFiles } from "./dropped.js";
import { add } from "./incoming.js";

export const pickFiles = (to: ImageClass | null) => askForFiles({ accept: "image/*,.zip", multiple: true }, (input) => void add(chosenFiles(input), to));
export const pickFolder = (to: ImageClass | null) => askForFiles({ webkitdirectory: true, multiple: true }, (input) => void add(chosenFiles(input), to));
