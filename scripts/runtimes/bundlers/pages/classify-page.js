import { classify } from "./classify.js";

globalThis.classify = classify;
