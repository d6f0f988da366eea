import { collecting } from "./scenarios/collecting.js";
import { leaving } from "./scenarios/leaving.js";
import { looking } from "./scenarios/looking.js";
import type { Scenario } from "./scenarios/scenario.js";
import { takingAway } from "./scenarios/taking-away.js";
import { teaching } from "./scenarios/teaching.js";
import { thousands } from "./scenarios/thousands.js";

/** In order: each goes on with what the one before it left. */
export const scenarios: Record<string, Scenario> = { ...collecting, ...teaching, ...looking, ...takingAway, ...leaving, ...thousands };
