import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.js";
import { createModel } from "../../src/zoo/create-model.js";
import { jsonLines, ocelli, tinyFolder } from "../cli/run.js";
import { withDataApart } from "./external-data.js";
import { commit, HubServer, sha256Of } from "./server.js";

const root = tinyFolder({ train: 3, validation: 1 });
const image = "tiny/val/bag/000.png";
let server: HubServer;
let weights: Uint8Array;
let onnx: Uint8Array;

beforeAll(async () => {
  server = await HubServer.start();
  Object.assign(process.env, { HF_ENDPOINT: server.origin, OCELLI_CACHE: join(root, "cache") });
  const model = await createModel("resnet20", { inline: true, build: "simd", numClasses: 2, seed: 3 });
  const file = await openSafetensors((await model.save()) as Uint8Array);
  const tensors = await Promise.all([...file.tensors.keys()].map(async (name) => ({ name, ...(await file.read(name)) })));
  weights = await writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], {});
  onnx = (await model.save(undefined, { format: "onnx" })) as Uint8Array;
  model.close();
  const config = {
    architecture: "resnet20",
    num_classes: 2,
    label_names: ["cat", "dog"],
    pretrained_cfg: { input_size: [3, 32, 32], crop_pct: 1, interpolation: "bilinear", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], license: "cc-by-nc-4.0" },
  };
  server.put("timm/resnet20.pets", { "config.json": config, "model.safetensors": weights });
  server.put("me/bare", { "model.safetensors": weights });
});
afterAll(async () => {
  delete process.env.HF_ENDPOINT;
  delete process.env.OCELLI_CACHE;
  delete process.env.OCELLI_OFFLINE;
  await server.close();
});
beforeEach(() => server.reset());

const origin = "weights of hf-hub:timm/resnet20.pets, licence cc-by-nc-4.0 (not for commercial use)";

describe("ocelli with weights by name", () => {
  it("downloads, and says the terms and the path", async () => {
    const { code, stdout, stderr } = await ocelli(["download", "resnet20.pets"], root);
    const path = join(root, "cache/files", sha256Of(weights), "model.safetensors");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${path}\n`,
      stderr: expect.stringMatching(/^weights of .*\nconfig\.json +\d+ B\nmodel\.safetensors +1\.1 MB\n$/),
    });
    expect(stderr).toContain(origin);
    const [line] = jsonLines((await ocelli(["download", "hf-hub:timm/resnet20.pets", "--json"], root)).stdout);
    expect(line).toMatchObject({
      name: "hf-hub:timm/resnet20.pets",
      path,
      architecture: "resnet20",
      notes: { source: "hf-hub:timm/resnet20.pets", revision: commit, license: "cc-by-nc-4.0" },
      files: [{ name: "config.json" }, { name: "model.safetensors", size: weights.length, sha256: sha256Of(weights) }],
    });
  });

  it("predicts and inspects, without a network too", async () => {
    process.env.OCELLI_OFFLINE = "1";
    const { code, stdout, stderr } = await ocelli(["predict", "resnet20.pets", image], root);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${origin}\n` });
    expect(stdout).toMatch(/(cat|dog) [\d.]+ %/);
    expect((await ocelli(["predict", "hf-hub:timm/resnet20.pets", image, "--json"], root)).stderr).toBe("");
    const inspected = await ocelli(["inspect", "hf-hub:timm/resnet20.pets"], root);
    expect(inspected.stdout).toMatch(
      /^architecture +resnet20\n.*\nclasses +2: cat, dog\n[\s\S]*\npreprocessing +resize 32 \(bilinear\), crop 32\n +mean 0\.5 0\.5 0\.5, std 0\.5 0\.5 0\.5\n/m,
    );
    expect(inspected.stdout).toMatch(/\nsource +hf-hub:timm\/resnet20\.pets\nrevision +0123456789abcdef\w+\nlicense +cc-by-nc-4\.0\n$/);
    expect(server.log).toEqual([]);
    const missing = await ocelli(["predict", "resnet50", image, "--json"], root);
    expect(missing.code).toBe(1);
    expect(jsonLines(missing.stderr)[0]).toMatchObject({
      error: { code: "ERR_DATA", message: expect.stringMatching(/hf-hub:timm\/resnet50.*downloads are off/) },
    });
    delete process.env.OCELLI_OFFLINE;
  });

  it("inspects weights that nobody describes, and a folder", async () => {
    expect((await ocelli(["inspect", "hf-hub:me/bare"], root)).stdout).toMatch(/^tensor +dtype +shape +bytes\n/);
    mkdirSync(join(root, "folder"));
    writeFileSync(join(root, "folder/config.json"), JSON.stringify({ architecture: "resnet20", num_classes: 2 }));
    copyFileSync(join(root, "cache/files", sha256Of(weights), "model.safetensors"), join(root, "folder/model.safetensors"));
    expect((await ocelli(["inspect", "./folder"], root)).stdout).toMatch(/^architecture +resnet20\n/);
  });

  it("inspects a network of another program whose weights lie in a file of their own, from the cache too", async () => {
    const { file, data } = withDataApart(onnx, "model.onnx_data");
    server.put("me/large", { "onnx/model.onnx": file, "onnx/model.onnx_data": data });
    const first = await ocelli(["inspect", "hf-hub:me/large"], root);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nclasses +2[:\n][\s\S]*\nsource +hf-hub:me\/large\n/) });
    expect(server.requests("model.onnx_data")).toContain("GET store");
    server.reset();
    process.env.OCELLI_OFFLINE = "1";
    expect((await ocelli(["inspect", "hf-hub:me/large"], root)).stdout).toBe(first.stdout);
    delete process.env.OCELLI_OFFLINE;
    expect(server.log).toEqual([]);
  });

  it("downloads a network whose weights lie in a file of their own with that file", async () => {
    const { file, data } = withDataApart(onnx, "model.onnx_data");
    server.put("me/apart", { "onnx/model.onnx": file, "onnx/model.onnx_data": data });
    const { code, stderr } = await ocelli(["download", "hf-hub:me/apart"], root);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/\nmodel\.onnx +[\d.]+ kB\nmodel\.onnx_data +1\.1 MB\n$/) });
    server.reset();
    process.env.OCELLI_OFFLINE = "1";
    expect((await ocelli(["inspect", "hf-hub:me/apart"], root)).code).toBe(0);
    delete process.env.OCELLI_OFFLINE;
    expect(server.log).toEqual([]);
  });

  it("starts training from them with a new head", async () => {
    const train = ["train", "tiny", "--freeze-epochs", "1", "--epochs", "0", "--no-report", "-o", "t.safetensors"];
    for (const from of [
      ["-m", "resnet20", "-w", "hf-hub:me/bare"],
      ["-m", "resnet20.pets"],
    ]) {
      const { code, stderr } = await ocelli([...train, ...from], root);
      expect({ from, code, stderr: code ? stderr : "" }).toEqual({ from, code: 0, stderr: "" });
      const [facts] = jsonLines((await ocelli(["inspect", "t.safetensors", "--json"], root)).stdout);
      expect(facts).toMatchObject({
        labels: ["bag", "sandal", "trouser"],
        notes: { source: from.at(-1) === "hf-hub:me/bare" ? "hf-hub:me/bare" : "hf-hub:timm/resnet20.pets" },
      });
      rmSync(join(root, "t.safetensors"));
    }
    expect((await ocelli([...train, "-w", "hf-hub:me/bare"], root)).stderr).toMatch(/does not say of which architecture its weights are; add --model <name>/);
    expect((await ocelli([...train, "-m", "resnet18", "-w", "resnet20.pets"], root)).stderr).toMatch(/--model resnet18: the weights are of resnet20/);
    expect(existsSync(join(root, "t.safetensors"))).toBe(false);
  });
});
