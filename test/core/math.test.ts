import { describe, expect, it } from "vitest";
import * as ours from "../../src/core/math.js";
import { Random } from "../../src/core/random.js";

const bits = new BigInt64Array(1);
const double = new Float64Array(bits.buffer);
/** Doubles between a and b: neighbours are 1 apart; numbers of other sign or kind are far. */
function apart(a: number, b: number): number {
  if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const ordinal = (value: number) => {
    double[0] = value;
    return bits[0];
  };
  return Math.abs(Number(ordinal(a) - ordinal(b)));
}

type Name = "exp" | "log" | "pow" | "sin" | "cos" | "tan" | "tanh";
const random = new Random(1);
const domains: [Name, number, () => number[]][] = [
  ["exp", 1, () => [random.uniform(-745, 710)]],
  ["exp", 1, () => [random.uniform(-1, 1)]],
  ["log", 1, () => [ours.exp(random.uniform(-740, 709))]],
  ["log", 1, () => [random.uniform(0.5, 2)]],
  ["pow", 1, () => [ours.exp(random.uniform(-50, 50)), random.uniform(-14, 14)]],
  ["pow", 1, () => [random.uniform(0.9, 1), random.integer(5000)]],
  ["sin", 1, () => [random.uniform(-100, 100)]],
  ["sin", 1, () => [random.uniform(-1e5, 1e5)]],
  ["cos", 1, () => [random.uniform(-100, 100)]],
  ["tan", 2, () => [random.uniform(-100, 100)]],
  ["tanh", 3, () => [random.uniform(-2, 2)]],
  ["tanh", 2, () => [random.uniform(-25, 25)]],
];
const special = [
  0,
  -0,
  1,
  -1,
  2,
  -2,
  3,
  -3,
  0.5,
  -0.5,
  Infinity,
  -Infinity,
  NaN,
  1e300,
  -1e300,
  1e-310,
  5e-324,
  -5e-324,
  Number.MAX_VALUE,
  2 ** 53,
  -745.2,
  709.9,
];

describe("core/math", () => {
  for (const [name, most, draw] of domains) {
    it(`${name} is within ${most} units in the last place of the host's`, () => {
      for (let i = 0; i < 20000; i++) {
        const args = draw() as [number, number];
        const [found, host] = [ours[name](...args), Math[name](...args)];
        // The host may be one unit off itself.
        if (apart(found, host) > most + 1) expect.fail(`${name}(${args}) is ${found}, the host says ${host}`);
      }
    });
  }

  it("gives the host's special values", () => {
    for (const x of special)
      for (const name of ["exp", "log", "tanh"] as const) expect(apart(ours[name](x), Math[name](x)), `${name}(${x})`).toBeLessThanOrEqual(2);
    for (const x of [0, -0, NaN, Infinity])
      for (const name of ["sin", "cos", "tan"] as const) expect(apart(ours[name](x), Math[name](x)), `${name}(${x})`).toBe(0);
    for (const x of special) for (const y of special) expect(apart(ours.pow(x, y), x ** y), `${x} ** ${y}`).toBeLessThanOrEqual(2);
  });

  it("gives the same bits on every engine", () => {
    let hash = 0n;
    const draws = new Random(2);
    for (let i = 0; i < 2000; i++) {
      const x = draws.uniform(0, 30);
      for (const value of [ours.exp(x), ours.log(x), ours.pow(x, 2.5), ours.sin(x), ours.cos(x), ours.tan(x), ours.tanh(x / 10)]) {
        double[0] = value;
        hash = BigInt.asUintN(64, (hash ^ BigInt.asUintN(64, bits[0])) * 0x100000001b3n);
      }
    }
    expect(hash.toString(16)).toBe("2087ac81e55bffb");
  });
});
