import { atOnce } from "../../src/core/slices.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { add } from "../../src/ops/add.js";
import { sgd } from "../../src/ops/sgd.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { tanh } from "../../src/ops/tanh.js";
import { compile } from "../../src/plan/compile.js";
import { type Access, meetings } from "../../src/plan/meetings.js";

const meets = (graph: Graph) => compile(graph, { threads: 2 }).calls.map(({ kernel, meet }) => `${meet ? "meet " : ""}${kernel}`);

test("threads meet where a result is read, not between calls that have nothing to do with each other", () => {
  const graph = new Graph();
  const [x, z] = [graph.input("x", [4, 8]), graph.input("z", [4, 8])];
  graph.output("x", x);
  graph.output("z", z);
  graph.output("y", add({ a: sigmoid({ x }), b: tanh({ x: z }) }));
  expect(meets(graph)).toEqual(["sigmoid_f32", "tanh_f32", "meet add_f32"]);
});

test("two steps of an optimiser read the same numbers and write each their own; two on one parameter take turns", () => {
  const graph = new Graph();
  const hyper = graph.input("hyper", [8]);
  const step = (name: string) => {
    const parameter = graph.keep("parameter", name, [16]);
    sgd.all({ parameter, gradient: graph.input(`gradient of ${name} ${graph.inputs.size}`, [16]), momentum: undefined, hyper, scale: undefined }, {});
  };
  for (const name of ["a", "b", "b"]) step(name);
  expect(meets(graph)).toEqual(["sgd_f32", "sgd_f32", "meet sgd_f32"]);
});

test("memory that is used again for something else is not written before all have read it", () => {
  const graph = new Graph();
  const [x, z] = [graph.input("x", [64]), graph.input("z", [64])];
  graph.output("a", add({ a: sigmoid({ x }), b: x }));
  graph.output("b", add({ a: sigmoid({ x: z }), b: z }));
  const { calls } = compile(graph, { threads: 2 });
  const places = calls.map(({ args }) => args.map((at) => (typeof at === "object" ? `${at.region} ${at.offset}` : at)));
  calls.forEach((_, i) => {
    for (let j = 0; j < i; j++) {
      const collide = places[i].some((place, at) => typeof place === "string" && places[j].some((other, to) => other === place && (at === 0 || to === 0)));
      if (collide) expect(calls.slice(j + 1, i + 1).some(({ meet }) => meet)).toBe(true);
    }
  });
});

const access = fc.record({
  region: fc.constantFrom("arena", "kept w"),
  from: fc.integer({ min: 0, max: 6 }),
  bytes: fc.integer({ min: 1, max: 3 }),
  writes: fc.boolean(),
  stride: fc.constantFrom(0, 0, 1),
});

test("any two calls that collide have a meeting between them, and no meeting is without such a pair", () => {
  fc.assert(
    fc.property(fc.array(fc.array(access, { maxLength: 3 }), { maxLength: 8 }), (drawn) => {
      const calls = drawn.map((list) => list.map(({ bytes, ...rest }): Access => ({ ...rest, to: rest.from + bytes })));
      const found = atOnce(meetings(calls));
      const collide = (i: number, j: number) =>
        calls[i].some((a) =>
          calls[j].some(
            (b) =>
              (a.writes || b.writes) &&
              a.region === b.region &&
              a.from < b.to &&
              b.from < a.to &&
              !(a.stride > 0 && a.stride === b.stride && a.from === b.from),
          ),
        );
      let last = 0;
      found.forEach((meet, i) => {
        const needed = Array.from({ length: i - last }, (_, k) => last + k).some((j) => collide(j, i));
        expect(meet).toBe(needed);
        if (meet) last = i;
      });
    }),
  );
});
