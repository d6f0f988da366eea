import * as ocelli from "ocelli";
import { scenario } from "./scenario.js";

console.log(JSON.stringify(await scenario(ocelli)));
