import type { Build } from "../core/build.js";
import { variable } from "../core/environment.js";
import { ArgumentError } from "../core/errors.js";
import { checkBuild, fastestBuild } from "./instance.js";

/** `auto` is the fastest of `simd` and `relaxed` that the engine computes rightly; `turbo` must be asked for. */
export type BuildChoice = "auto" | Build;

export const buildChoices: readonly string[] = ["auto", "simd", "relaxed", "turbo"] satisfies BuildChoice[];
let preferred: BuildChoice | undefined;
let warned = false;

/** The build of models that do not name one. @throws {ArgumentError} for a name that is no build */
export function preferBuild(build: BuildChoice): void {
  preferred = checkChoice(build, "build");
}

/**
 * The build to use: the one asked for, else the one preferred, else the environment's OCELLI_BUILD, else `auto`. Where
 * `turbo` cannot be had, one warning says why and `auto` decides.
 *
 * @throws {ArgumentError} for a name that is no build
 * @throws {WorkerError} for `simd` or `relaxed` where the engine does not take it
 */
export async function chooseBuild(asked?: BuildChoice): Promise<Build> {
  const choice = asked === undefined ? (preferred ?? fromEnvironment() ?? "auto") : checkChoice(asked, "build");
  if (choice === "turbo") {
    const missing = await (await import("./turbo.js")).joinVectors();
    if (missing === undefined) return "turbo";
    const instead = await fastestBuild();
    if (!warned) console.warn(`ocelli: build "turbo" is not available: ${missing}; using "${instead}"`);
    warned = true;
    return instead;
  }
  const build = choice === "auto" ? await fastestBuild() : choice;
  checkBuild(build);
  return build;
}

function fromEnvironment(): BuildChoice | undefined {
  const name = variable("OCELLI_BUILD");
  return name ? checkChoice(name, "OCELLI_BUILD") : undefined;
}

function checkChoice(name: string, where: string): BuildChoice {
  if (!buildChoices.includes(name))
    throw new ArgumentError(`${where}: expected ${buildChoices.map((choice) => `"${choice}"`).join(", ")}, got ${JSON.stringify(name)}`);
  return name as BuildChoice;
}
