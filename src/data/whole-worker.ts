/** All that workers run as one file, for `init({ workerUrl })`: what they would fetch later is there from the start. */
import { bring } from "../runtime/worker.js";
import * as augmentations from "./worker-augmentations.js";
import * as decoders from "./worker-decoders.js";
import * as tasks from "./worker-tasks.js";

bring({ tasks, decoders, augmentations });
