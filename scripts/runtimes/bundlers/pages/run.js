import { createModel, ImageList, loadModel, Trainer } from "ocelli";
import { scenario } from "./scenario.js";

export const run = () => scenario({ createModel, ImageList, loadModel, Trainer });
