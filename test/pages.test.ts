import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
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
  for (const said of ["needs validation images to measure on", "adamw_f32", "the loss became"]) {
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

test("a page that classifies begins without trainer, formats, networks, kernels and whatever else is loaded later", async () => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: 'export { loadModel } from "ocelli";', resolveDir: join(import.meta.dirname, ".."), sourcefile: "page.js" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "out",
    write: false,
    metafile: true,
    tsconfigRaw: {},
    logLevel: "error",
  });
  const initial = new Set<string>();
  const follow = (file: string) => {
    if (initial.has(file)) return;
    initial.add(file);
    for (const { path, kind, external } of metafile.outputs[file].imports) if (kind !== "dynamic-import" && !external) follow(path);
  };
  follow(Object.keys(metafile.outputs).find((file) => metafile.outputs[file].entryPoint?.endsWith("page.js")) as string);
  const modules = [...initial].flatMap((file) => Object.keys(metafile.outputs[file].inputs)).map((path) => basename(path));
  expect(modules.length).toBeGreaterThan(5);

  const later = readdirSync(join(import.meta.dirname, "../dist/chunks")).filter((name) => !name.startsWith("chunk-"));
  for (const name of ["vit", "resnet", "mobilenet-v3", "read-foreign", "tflite", "tfjs", "hub", "save", "save-onnx", "catalogue", "wasm-relaxed", "codec-jpeg"])
    expect(
      later.filter((file) => file.startsWith(`${name}-`)),
      name,
    ).not.toEqual([]);
  expect(modules.filter((name) => later.includes(name))).toEqual([]);

  const texts = (files: typeof outputFiles) => files.map(({ text }) => text).join("\n");
  const begins = texts(outputFiles.filter(({ path }) => [...initial].some((file) => basename(file) === basename(path))));
  const whole = texts(outputFiles);
  for (const said of ["encoder.layers.encoder_layer_", "the file has no graph", "its parts lie over one another", "FusedDepthwiseConv2dNative"]) {
    expect(whole.includes(said), said).toBe(true);
    expect(begins.includes(said), said).toBe(false);
  }
  for (const said of ["needs validation images to measure on", "nesterov needs a momentum above 0", "The surest come first"])
    expect(whole.includes(said), said).toBe(false);
});
