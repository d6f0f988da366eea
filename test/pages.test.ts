import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { makePages } from "../scripts/pages.js";

let pages: Awaited<ReturnType<typeof makePages>>;
beforeAll(async () => {
  pages = await makePages();
});

const textOf = (folder: string) =>
  readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");

test("a page that only classifies has nothing of the trainer", () => {
  for (const said of ["patience needs validation images", "adamw_f32", "the loss became"]) {
    expect(textOf(pages.training).includes(said), said).toBe(true);
    expect(textOf(pages.inference).includes(said), said).toBe(false);
  }
});

test("a page downloads the kernels of one build, and decoders apart", () => {
  const names = readdirSync(pages.inference);
  expect(names.filter((name) => name.startsWith("wasm-")).map((name) => name.split("-")[1])).toEqual(["relaxed"]);
  expect(
    readdirSync(pages.decoders)
      .map((name) => name.split("-").slice(0, 2).join("-"))
      .sort(),
  ).toEqual(["codec-jpeg", "codec-webp", "decoders-source"]);
  for (const name of ["tasks-source", "worker-source", "host-web"]) expect(names.filter((file) => file.startsWith(name)).length, name).toBe(1);
});

test("a page of float models has neither the code nor the kernels of quantised ones, which are apart", () => {
  const apart = join(pages.inference, "../all-inference");
  for (const said of ["this quantised model does not say how", "a residual is added to bytes"]) {
    expect(textOf(apart).includes(said), said).toBe(true);
    expect(textOf(pages.inference).includes(said), said).toBe(false);
  }
  const quantized = readdirSync(apart).filter((name) => /^wasm-\w+-quantized-/.test(name));
  expect(quantized.map((name) => name.split("-")[1]).sort()).toEqual(["relaxed", "simd"]);
  expect(readdirSync(pages.inference)).not.toEqual(expect.arrayContaining([expect.stringContaining("quantized")]));
  expect(textOf(pages.training)).not.toContain("this quantised model does not say how");
});
