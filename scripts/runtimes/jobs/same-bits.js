import * as ocelli from "ocelli";
import { trainForBits } from "../node_modules/ocelli/dist/cli/bench-runtimes/same-bits.js";

/** The program that `ocelli bench --runtimes` compares bits by. */
export default (input) => trainForBits(ocelli, input);
