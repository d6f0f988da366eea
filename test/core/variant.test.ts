import { expect, test } from "vitest";
import { checkedVariant, type Variants, wholeVariant } from "../../src/core/variant.js";

type Shape =
  | { readonly name: "round"; readonly radius?: number; readonly hollow?: boolean }
  | { readonly name: "square"; readonly sides?: readonly [number, number]; readonly corner?: "sharp" | "soft" };
const defaults: Variants<Shape> = { round: { name: "round", radius: 1, hollow: false }, square: { name: "square", sides: [1, 1], corner: "sharp" } };
const rules = { radius: [0, 10], sides: [0, Number.MAX_VALUE], corner: ["sharp", "soft"] } as const;
const checked = (given: unknown) => checkedVariant<Shape>("shape", given as Shape, defaults, rules);

test("what is not said has its default", () => {
  expect(checked("round")).toEqual({ name: "round", radius: 1, hollow: false });
  expect(checked({ name: "square", corner: "soft", sides: undefined })).toEqual({ name: "square", sides: [1, 1], corner: "soft" });
  expect(wholeVariant<Shape>({ name: "round", radius: 3 }, defaults)).toEqual({ name: "round", radius: 3, hollow: false });
});

test.each<[unknown, string]>([
  [undefined, "shape expected round or square, got undefined"],
  [{ radius: 2 }, "shape expected round or square, got undefined"],
  ["constructor", 'shape expected round or square, got "constructor"'],
  [{ name: "round", sides: [1, 2] }, "shape round: sides is no option of it; those are radius, hollow"],
  [{ name: "round", radius: 11 }, "shape round: radius expected a number from 0 to 10, got 11"],
  [{ name: "round", radius: Number.NaN }, "shape round: radius expected a number from 0 to 10, got null"],
  [{ name: "round", hollow: "yes" }, 'shape round: hollow expected true or false, got "yes"'],
  [{ name: "square", sides: [1] }, "shape square: sides expected 2 numbers of 0 or more, got [1]"],
  [{ name: "square", corner: "round" }, 'shape square: corner expected sharp or soft, got "round"'],
])("refuses %j", (given, message) => {
  expect(() => checked(given)).toThrow(message);
});
