import { requireFresh } from "../scripts/steps.js";

/** Before all tests: the kernels that they run are those of `assembly/`. */
export default () => requireFresh("kernels");
