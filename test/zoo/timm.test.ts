import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { costOf } from "../../src/nn/cost.js";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { architecture } from "../../src/zoo/registry.js";
import { classifier, writeStateDict } from "./build.js";
import { parseHexFloat, relativeError, stateDict, toNhwc, uniform } from "./recipe.js";

interface Fixture {
  readonly size: number;
  readonly classes: number;
  readonly networks: Record<string, { parameters: number; multiplyAdds: number; stateDict: string; preprocessing: object; logits: string[] }>;
}
const { size, classes, networks }: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-timm.json", import.meta.url), "utf8"));

describe.each(Object.entries(networks))("%s", (name, expected) => {
  test("has timm's state_dict, cost and preprocessing", async () => {
    const network = await architecture(name);
    const graph = classifier(network);
    const lines = [...stateDictShapes(graph)].map(([tensor, shape]) => `${tensor} ${shape.join("x")}`).sort();
    expect(createHash("sha256").update(lines.join("\n")).digest("hex")).toBe(expected.stateDict);
    const { parameters, multiplyAdds } = costOf(graph);
    expect({ parameters, multiplyAdds }).toEqual({ parameters: expected.parameters, multiplyAdds: expected.multiplyAdds });
    expect(network.preprocessing).toEqual(expected.preprocessing);
  });

  test.runIf(expected.parameters < 10e6)("computes timm's logits", async () => {
    const graph = classifier(await architecture(name), { size, classes });
    const session = await Session.open({ build: "simd", threads: 1, inline: true });
    const program = await session.prepare(graph);
    await writeStateDict(session, graph, stateDict(stateDictShapes(graph)));
    const { logits } = await program.run({ x: toNhwc(uniform(0, 3 * size * size), [1, 3, size, size]) });
    session.close();
    expect(relativeError(logits, expected.logits.map(parseHexFloat))).toBeLessThan(1e-4);
  });
});
