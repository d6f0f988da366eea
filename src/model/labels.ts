import { brief } from "../core/brief.js";
import { ArgumentError } from "../core/errors.js";

/** Names of the classes of a head that is to learn. @throws {ArgumentError} for what is no list of names, and for one that is in it twice */
export function checkLabels(where: string, labels: readonly string[]): void {
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === "string")) {
    throw new ArgumentError(`${where}: labels expected a list of names, got ${Array.isArray(labels) ? "a list of others" : brief(labels)}`);
  }
  const seen = new Set<string>();
  for (const label of labels) {
    if (seen.has(label)) throw new ArgumentError(`${where}: class ${brief(label)} is given twice`);
    seen.add(label);
  }
}
