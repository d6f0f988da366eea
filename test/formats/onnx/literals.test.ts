import { expect, test } from "vitest";
import { type Constant, constant, integers } from "../../../src/formats/onnx/constant.js";
import { Literals } from "../../../src/formats/onnx/export/literals.js";

const floats = (...values: number[]) => constant("float32", [values.length], values);

test("equal numbers of one type and shape have one name; the bits count, not the values", () => {
  const literals = new Literals();
  const added: string[] = [];
  const name = (tensor: Constant) =>
    literals.name(tensor, (suggestion) => {
      added.push(suggestion);
      return suggestion;
    });
  const tensors = [floats(1, 2), floats(1, 2), floats(2, 1), { ...floats(1, 2), shape: [2, 1] }, integers([1, 2]), floats(0), floats(-0), floats(0)];
  expect(tensors.map(name).map((each) => Number(each.slice("constant.".length)))).toEqual([0, 0, 1, 2, 3, 4, 5, 4]);
  expect(added).toHaveLength(6);
});

test("numbers that share a hash are still told apart", () => {
  // Found by search: two words of equal FNV-1a sums.
  const [a, b] = collision();
  const literals = new Literals();
  expect(literals.name(a, () => "a")).toBe("a");
  expect(literals.name(b, () => "b")).toBe("b");
  expect(literals.name(b, () => "c")).toBe("b");
});

/** By the birthday paradox about one pair in 2^16 tensors of two words. */
function collision(): [Constant, Constant] {
  const seen = new Map<number, Constant>();
  for (let i = 1; ; i++) {
    const tensor = constant("int32", [2], [Math.imul(i, 0x9e3779b1), Math.imul(i, 0x85ebca6b)]);
    let sum = 0x811c9dc5;
    for (const byte of new Uint8Array(tensor.data.buffer)) sum = Math.imul(sum ^ byte, 0x01000193);
    const other = seen.get(sum);
    if (other) return [other, tensor];
    seen.set(sum, tensor);
  }
}
