import * as ocelli from "ocelli";
import { scenario } from "./scenario.js";

export default () => scenario(ocelli);
