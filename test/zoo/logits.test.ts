import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { architecture } from "../../src/zoo/registry.js";
import { classifier, writeStateDict } from "./build.js";
import { parseHexFloat, relativeError, stateDict, toNhwc, uniform } from "./recipe.js";

interface Fixture {
  size: number;
  classes: number;
  logits: Record<string, string[]>;
}
const { size, classes, logits }: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-logits.json", import.meta.url), "utf8"));

test.each(Object.keys(logits))("%s computes what PyTorch does", async (name) => {
  const graph = classifier(await architecture(name), { size, classes });
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  await writeStateDict(session, graph, stateDict(stateDictShapes(graph)));
  const x = toNhwc(uniform(0, 3 * size * size), [1, 3, size, size]);
  const found = (await program.run({ x })).logits;
  session.close();
  expect(relativeError(found, logits[name].map(parseHexFloat))).toBeLessThan(1e-4);
});
