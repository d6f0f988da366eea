import { expect, test } from "vitest";
import { readOnnx } from "../../../src/formats/onnx/read-model.js";
import { attacks } from "../attacks/onnx.js";
import { externalTensor, identity, onnxFile } from "./model.js";

test.each(attacks)("$name is refused", ({ file, error, says }) => {
  const asked: string[] = [];
  const external = (name: string) => {
    asked.push(name);
    return new Uint8Array(12);
  };
  const refused = (() => {
    try {
      for (const tensor of readOnnx(file, "test.onnx", { external }).initializers.values()) tensor.decode();
      return new Error("the file was read");
    } catch (thrown) {
      return thrown as Error;
    }
  })();
  expect({ name: refused.name, message: refused.message }).toEqual({ name: error, message: expect.stringMatching(says) });
  expect(asked.filter((name) => name !== "weights.bin")).toEqual([]);
});

test("data in another file are refused where there is no folder", () => {
  const file = onnxFile({ node: [identity], initializer: [externalTensor({ location: "weights.bin" })] });
  expect(() => readOnnx(file, "test.onnx")).toThrow(/lies in another file/);
});
