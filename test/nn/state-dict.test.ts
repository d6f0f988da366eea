import { expect, test } from "vitest";
import { FormatError } from "../../src/core/errors.js";
import { counterNames, hasIdentityNorms, matchStateDict } from "../../src/nn/state-dict.js";

const expected = new Map([
  ["conv1.weight", [16, 3, 3, 3]],
  ["bn1.running_mean", [16]],
  ["bn1.running_var", [16]],
  ["fc.weight", [10, 16]],
  ["fc.bias", [10]],
]);

test("an equal state_dict loads whole", () => {
  expect(matchStateDict(expected, expected)).toEqual({ load: [...expected.keys()], fresh: [], counters: [] });
});

test("PyTorch's counters may be there or not, with shape [] or [1]", () => {
  expect(counterNames(expected.keys())).toEqual(["bn1.num_batches_tracked"]);
  for (const shape of [[], [1]])
    expect(matchStateDict(expected, new Map([...expected, ["bn1.num_batches_tracked", shape]])).counters).toEqual(["bn1.num_batches_tracked"]);
});

test("everything wrong is named at once, with both shapes", () => {
  const found = new Map([...expected, ["conv1.weight", [16, 1, 3, 3]], ["extra", [2]]]);
  found.delete("fc.bias");
  const message =
    "state_dict does not fit resnet20: 1 missing: fc.bias [10]; 1 unexpected: extra [2]; 1 of another shape: conv1.weight expected [16,3,3,3], found [16,1,3,3]";
  expect(() => matchStateDict(expected, found, { network: "resnet20" })).toThrow(new FormatError(message));
});

test("tensors that inference does not need may be there", () => {
  const found = new Map([...expected, ["aux1.fc.weight", [10, 8]], ["aux1.bn.running_mean", [8]], ["aux1.bn.num_batches_tracked", []]]);
  expect(() => matchStateDict(expected, found)).toThrow("3 unexpected: aux1.fc.weight [10,8]");
  expect(matchStateDict(expected, found, { unused: /^aux\d\./ }).load).toEqual([...expected.keys()]);
});

test("the first five of many are named", () => {
  const many = new Map(Array.from({ length: 7 }, (_, i) => [`w${i}`, [i]]));
  expect(() => matchStateDict(many, new Map())).toThrow("state_dict does not fit the network: 7 missing: w0 [0], w1 [1], w2 [2], w3 [3], w4 [4], ...");
});

test("a head for other classes starts anew when asked", () => {
  const replaceHead = ["fc.weight", "fc.bias"];
  const thousand = new Map([...expected, ["fc.weight", [1000, 16]], ["fc.bias", [1000]]]);
  expect(() => matchStateDict(expected, thousand)).toThrow(
    "2 of another shape: fc.weight expected [10,16], found [1000,16], fc.bias expected [10], found [1000]",
  );
  expect(matchStateDict(expected, thousand, { replaceHead }).fresh).toEqual(replaceHead);
  const headless = new Map([...expected].filter(([name]) => !name.startsWith("fc")));
  expect(matchStateDict(expected, headless, { replaceHead }).load).toEqual([...headless.keys()]);
});

test("identity norms are seen, others are not", () => {
  const mean = new Float32Array(4);
  const variance = new Float32Array(4).fill(1);
  const norms = (last: Float32Array): [string, Float32Array][] => [
    ["a.running_mean", mean],
    ["a.running_var", variance],
    ["b.running_mean", mean],
    ["b.running_var", last],
    ["b.weight", new Float32Array([3])],
  ];
  expect(hasIdentityNorms(norms(variance))).toBe(true);
  expect(hasIdentityNorms(norms(Float32Array.of(1, 1, 1, 1.5)))).toBe(false);
  expect(hasIdentityNorms([["conv.weight", mean]])).toBe(false);
});
