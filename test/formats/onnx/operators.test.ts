import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { supportedOperators } from "../../../src/formats/onnx/build/index.js";

test("the page about ONNX lists the operators that there are", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/onnx.md"), "utf8");
  const list = /Operators:\n\n([^.]+)\./.exec(page)?.[1] ?? "";
  expect(list.split(/,\s+/)).toEqual(supportedOperators.toSorted());
});
