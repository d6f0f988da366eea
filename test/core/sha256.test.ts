import { expect, it } from "vitest";
import { Random } from "../../src/core/random.js";
import { Sha256 } from "../../src/core/sha256.js";
import { sha256Of } from "../hub/server.js";

it("SHA-256 of any length, in parts of any length, is Node's", () => {
  const random = new Random(1);
  const bytes = Uint8Array.from({ length: 1000 }, () => random.integer(256));
  for (let length = 0; length <= 200; length++) expect(new Sha256().update(bytes.subarray(0, length)).hex()).toBe(sha256Of(bytes.subarray(0, length)));
  for (let turn = 0; turn < 50; turn++) {
    const hash = new Sha256();
    for (let at = 0; at < bytes.length; ) {
      const length = random.integer(150);
      hash.update(bytes.subarray(at, at + length));
      at += length;
    }
    expect(hash.hex()).toBe(sha256Of(bytes));
  }
});
