import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.js";
import { readOnnx } from "../../src/formats/onnx/read-model.js";
import { onnxBytes } from "../../src/formats/onnx/write-model.js";
import { env } from "../../src/hub/env.js";
import { patience } from "../../src/hub/transfer.js";
import type { Model } from "../../src/model/model.js";
import { createModel } from "../../src/zoo/create-model.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { parseReference, urlOf } from "../../src/hub/reference.js";
import { relativeError } from "../zoo/recipe.js";
import { withDataApart } from "./external-data.js";
import { commit, HubServer } from "./server.js";

const inline = { inline: true, build: "simd" as const };
const initial = { ...env };
let server: HubServer;
let folder: string;
/** A bare state_dict, as repositories have it, and the logits that it gives. */
let weights: Uint8Array;
let logits: Float32Array;
const x = { data: Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => Math.fround((i % 7) / 7 - 0.4)), shape: [1, 32, 32, 3] };
const config = {
  architecture: "resnet20",
  num_classes: 4,
  label_names: ["n01", "n02", "n03", "n04"],
  label_descriptions: { n01: "cat", n02: "dog", n03: "bird" },
  pretrained_cfg: {
    tag: "test_in1k",
    input_size: [3, 32, 32],
    test_input_size: [3, 40, 40],
    interpolation: "bilinear",
    crop_pct: 0.8,
    test_crop_pct: 1.0,
    crop_mode: "center",
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    num_classes: 4,
    license: "mit",
  },
};
const card = "---\ntags:\n- image-classification\nlicense: apache-2.0\n---\n# A model\n";

async function bare(model: Model): Promise<Uint8Array> {
  const file = await openSafetensors((await model.save()) as Uint8Array);
  const tensors = await Promise.all([...file.tensors.keys()].map(async (name) => ({ name, ...(await file.read(name)) })));
  return writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], { format: "pt" });
}

beforeAll(async () => {
  server = await HubServer.start();
  const model = await createModel("resnet20", { ...inline, numClasses: 4, seed: 5 });
  weights = await bare(model);
  logits = (await model.forward(x)).data;
  model.close();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ocelli-names-"));
  Object.assign(env, { remoteHost: server.origin, cacheDir: join(folder, "cache"), allowRemote: true, attempts: 2 });
  Object.assign(patience, { pause: 5 });
  server.reset();
  server.repositories.clear();
  server.put("timm/resnet20.test_in1k", { "config.json": config, "model.safetensors": weights, "README.md": card });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  Object.assign(env, initial);
});

const isRight = async (model: Model) => {
  expect((await model.forward(x)).data).toEqual(logits);
  expect(model.labels).toEqual(["cat", "dog", "bird", "n04"]);
  expect(model.preprocessing).toEqual({ resize: 40, crop: 32, interpolation: "bilinear", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], channels: 3 });
};

describe("weights by name", () => {
  it("an architecture with timm's tag", async () => {
    const files: string[] = [];
    const model = await createModel("resnet20.test_in1k", { ...inline, pretrained: true, onProgress: ({ file }) => files.push(file) });
    await isRight(model);
    expect(model.architecture.name).toBe("resnet20");
    expect(model.facts.notes).toEqual({ source: "hf-hub:timm/resnet20.test_in1k", revision: commit, license: "mit" });
    expect([...new Set(files)]).toEqual(["config.json", "README.md", "model.safetensors"]);
    // Files of one commit: asked for by it once it is known.
    expect(server.log.map(({ path }) => path.split("/")[4])).toEqual(["main", "main", ...Array(server.log.length - 2).fill(commit)]);
    model.close();
  });

  it("a repository, by its name, its page or its file's address", async () => {
    for (const name of [
      "hf-hub:timm/resnet20.test_in1k",
      `hf_hub:timm/resnet20.test_in1k@${commit}`,
      `${server.origin}/timm/resnet20.test_in1k`,
      `${server.origin}/timm/resnet20.test_in1k/blob/main/model.safetensors`,
    ]) {
      const model = await (name.startsWith("hf-hub") ? createModel(name, inline) : loadModel(name, inline));
      await isRight(model);
      model.close();
    }
  });

  it("again from the cache alone, with not one request", async () => {
    (await loadModel("hf-hub:timm/resnet20.test_in1k", inline)).close();
    server.reset();
    env.allowRemote = false;
    const model = await loadModel("hf-hub:timm/resnet20.test_in1k", inline);
    await isRight(model);
    model.close();
    expect(server.log).toEqual([]);
    await expect(loadModel("hf-hub:timm/other", inline)).rejects.toThrow(
      /cannot download hf-hub:timm\/other \(model\.safetensors, .*\): downloads are off .*; the cache has /,
    );
    // Where the network is merely gone: one file is asked for, and then the cache serves all.
    env.allowRemote = true;
    env.remoteHost = server.origin;
    server.fault = (_, response) => !response.socket?.destroy().connecting;
    const gone = await loadModel("hf-hub:timm/resnet20.test_in1k", inline);
    await isRight(gone);
    gone.close();
    expect(server.log).toHaveLength(1);
  });

  it("a folder with the same files, or with a file of ours", async () => {
    const dir = join(folder, "mine");
    mkdirSync(dir);
    writeFileSync(join(dir, "config.json"), JSON.stringify(config));
    writeFileSync(join(dir, "model.safetensors"), weights);
    for (const source of [dir, pathToFileURL(dir)]) {
      const model = await loadModel(source, inline);
      await isRight(model);
      expect(model.facts.notes).toEqual({ source: dir, license: "mit" });
      writeFileSync(join(folder, "ours.safetensors"), (await model.save()) as Uint8Array);
      model.close();
    }
    const saved = await loadModel(join(folder, "ours.safetensors"), inline);
    await isRight(saved);
    expect(saved.facts.notes).toEqual({ source: dir, license: "mit" });
    saved.close();
    writeFileSync(join(dir, "config.json"), "<html>");
    await expect(loadModel(dir, inline)).rejects.toThrow(/expected JSON, got "<html>" \(config\.json of /);
    rmSync(join(dir, "model.safetensors"));
    rmSync(join(dir, "config.json"));
    await expect(loadModel(dir, inline)).rejects.toThrow(/has none of model\.safetensors, .*: it has no files/);
    writeFileSync(join(dir, ".ocelli-index.safetensors"), weights); // of a program's own, such as `ocelli search`'s in a folder of photos
    await expect(loadModel(dir, inline)).rejects.toThrow(/has none of model\.safetensors, /);
    writeFileSync(join(dir, "pytorch_model.bin"), "");
    await expect(loadModel(dir, inline)).rejects.toThrow("got a Python pickle");
  });

  it("a file's address, with a hash that holds", async () => {
    const model = await createModel("resnet20", { ...inline, pretrained: true });
    server.put("a/b", { "ours.safetensors": (await model.save()) as Uint8Array });
    model.close();
    env.remotePath = "other/{repo}/{file}"; // so that the address is that of no repository
    const url = `${server.origin}/a/b/resolve/main/ours.safetensors`;
    const loaded = await loadModel(url, inline);
    expect(loaded.labels).toHaveLength(200);
    expect(loaded.facts.notes).toMatchObject({ source: url });
    loaded.close();
    await expect(loadModel(`${url}#sha256=${"0".repeat(64)}`, inline)).rejects.toThrow("expected a file of sha256 0000");
  });

  it("what the user says goes before what the repository does", async () => {
    const preprocessing = { resize: null, crop: 32, interpolation: "bicubic", mean: [0], std: [1] } as const;
    const labels = ["a", "b", "c"];
    const model = await createModel("hf-hub:timm/resnet20.test_in1k", { ...inline, preprocessing, labels });
    expect({ labels: model.labels, preprocessing: model.preprocessing }).toEqual({ labels, preprocessing: { ...preprocessing, channels: 3 } });
    model.close();
    const test = await createModel("hf-hub:timm/resnet20.test_in1k", { ...inline, testSize: true });
    expect(test.preprocessing).toMatchObject({ resize: 40, crop: 40 });
    test.close();
  });

  it("the package's own weights where it has them, else those of timm's default tag", async () => {
    env.allowRemote = false;
    const bundled = await createModel("resnet20", { ...inline, pretrained: true });
    expect(bundled.labels).toHaveLength(200);
    bundled.close();
    await expect(createModel("mobilenetv3_small_100", { ...inline, pretrained: true })).rejects.toThrow("hf-hub:timm/mobilenetv3_small_100.lamb_in1k");
    await expect(createModel("resnet50.IMAGENET1K_V2", { ...inline, pretrained: true })).rejects.toThrow("hf-hub:timm/resnet50.tv2_in1k");
    await expect(createModel("mobilenet_v2.IMAGENET1K_V2", { ...inline, pretrained: true })).rejects.toThrow(
      /only PyTorch's own; save a state_dict as safetensors/,
    );
    await expect(createModel("squeezenet1_0", { ...inline, pretrained: true })).rejects.toThrow(/no weights are known for squeezenet1_0/);
  });

  it("torchvision's tag says how images are prepared for a file of its weights", async () => {
    const model = await createModel("resnet20", { ...inline, numClasses: 4, seed: 5 });
    const source = (await bare(model)) as Uint8Array;
    model.close();
    const named = await createModel("resnet20.IMAGENET1K_V2", { ...inline, pretrained: source });
    expect(named.preprocessing).toMatchObject({ resize: 232, crop: 224, interpolation: "bilinear" });
    named.close();
  });
});

describe("what repositories lack", () => {
  it("is said", async () => {
    server.put("a/pickled", { "config.json": config, "pytorch_model.bin": Uint8Array.of(0x80, 2) });
    await expect(loadModel("hf-hub:a/pickled", inline)).rejects.toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: expect.stringContaining("pytorch_model.bin of hf-hub:a/pickled"),
    });
    server.put("a/empty", { "config.json": {} });
    await expect(loadModel("hf-hub:a/empty", inline)).rejects.toThrow(
      /hf-hub:a\/empty has none of model\.safetensors, onnx\/model\.onnx, model\.onnx; the option "file" names another/,
    );
    await expect(loadModel("hf-hub:a/none", inline)).rejects.toThrow("there is no such repository");
    server.put("a/unknown", { "config.json": { ...config, architecture: "nonet" }, "model.safetensors": weights });
    await expect(loadModel("hf-hub:a/unknown", inline)).rejects.toThrow('unknown architecture "nonet"');
    server.put("a/nameless", { "model.safetensors": weights });
    await expect(createModel("hf-hub:a/nameless", inline)).rejects.toThrow(/neither the file nor a config\.json beside it says of which architecture/);
    const named = await createModel("resnet20", { ...inline, pretrained: "hf-hub:a/nameless" });
    expect((await named.forward(x)).data).toEqual(logits);
    named.close();
    await expect(loadModel("hf-hub:timm/resnet20.test_in1k@v9", inline)).rejects.toThrow("no such revision");
    await expect(loadModel("hf-hub:timm/resnet20.test_in1k", { ...inline, file: "weights.pth" })).rejects.toThrow("got a Python pickle");
  });
});

describe("a network of Hugging Face's transformers", () => {
  it("comes as ONNX, with its labels, preprocessing and licence", async () => {
    const model = await createModel("resnet20", { ...inline, numClasses: 4, seed: 5 });
    const ours = readOnnx((await model.save(undefined, { format: "onnx" })) as Uint8Array, "net.onnx");
    const onnx = onnxBytes({ ...ours, metadata: new Map() });
    model.close();
    server.put("org/net", {
      "onnx/model.onnx": onnx,
      "config.json": { model_type: "resnet", id2label: { 0: "a", 1: "b", 2: "c", 3: "d" } },
      "preprocessor_config.json": { size: { shortest_edge: 40 }, crop_size: 32, do_center_crop: true, resample: 3, image_mean: [0.5], image_std: [0.25] },
      "README.md": card,
    });
    const loaded = await loadModel("hf-hub:org/net", inline);
    expect(loaded.labels).toEqual(["a", "b", "c", "d"]);
    expect(loaded.preprocessing).toMatchObject({ resize: 40, crop: 32, interpolation: "bicubic", mean: [0.5], std: [0.25] });
    expect(loaded.facts.notes).toMatchObject({ source: "hf-hub:org/net", revision: commit, license: "apache-2.0" });
    const { data } = await loaded.forward(x);
    expect(relativeError(data, logits)).toBeLessThan(1e-5);
    loaded.close();

    // The same with its weights in a file of their own, as exporters write large networks; from the cache then.
    const { file, data: weightsApart } = withDataApart(onnx, "model.onnx_data");
    server.put("org/large", { "onnx/model.onnx": file, "onnx/model.onnx_data": weightsApart, "config.json": { model_type: "resnet" } });
    for (const allowRemote of [true, false]) {
      env.allowRemote = allowRemote;
      const large = await loadModel("hf-hub:org/large", { ...inline, preprocessing: "imagenet" });
      expect(relativeError((await large.forward(x)).data, logits)).toBeLessThan(1e-5);
      large.close();
    }
    env.allowRemote = true;
    server.put("org/torn", { "onnx/model.onnx": file, "config.json": { model_type: "resnet" } });
    await expect(loadModel("hf-hub:org/torn", inline)).rejects.toThrow("cannot open model.onnx_data: there is no such file beside the model");
  });
});

describe("a backbone alone", () => {
  it("needs to be told of a classifier", async () => {
    const file = await openSafetensors(weights);
    const tensors = await Promise.all(
      [...file.tensors.keys()].filter((name) => !name.startsWith("linear.")).map(async (name) => ({ name, ...(await file.read(name)) })),
    );
    expect(tensors.length).toBe(file.tensors.size - 2);
    const headless = await writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], {});
    server.put("timm/resnet20.features", { "config.json": { ...config, num_classes: 0 }, "model.safetensors": headless });
    await expect(createModel("resnet20.features", { ...inline, pretrained: true })).rejects.toThrow(
      "the weights have no classifier; give labels or numClasses for a new one",
    );
    const model = await createModel("resnet20.features", { ...inline, pretrained: true, labels: ["a", "b"] });
    expect((await model.forward(x)).shape).toEqual([1, 2]);
    model.close();
  });
});

describe("references", () => {
  it.each(["hf-hub:timm", "hf-hub:a/b/c", "hf-hub:../b", "hf-hub:a/..", "hf-hub:a/b@x@y", "hf-hub:a/b@../x", "hf-hub:a/b?c", "hf-hub:a/b@", "hf-hub:"])(
    "%s is malformed",
    (text) => {
      expect(() => parseReference(text)).toThrow(/expected (a repository|a revision|hf-hub)/);
    },
  );

  it("become addresses by the template of the mirror, and never leave it", () => {
    const reference = { repo: "timm/net", revision: "refs/pr/1" };
    expect(urlOf(reference, "onnx/model.onnx")).toBe(`${server.origin}/timm/net/resolve/refs%2Fpr%2F1/onnx/model.onnx`);
    env.remoteHost = "https://mirror.example/hub/";
    env.remotePath = "models/{repo}/{file}?rev={revision}";
    expect(urlOf(reference, "a b.onnx")).toBe("https://mirror.example/hub/models/timm/net/a%20b.onnx?rev=refs%2Fpr%2F1");
    for (const file of ["../secret", "a/../../b", "/etc/passwd", "a//b", ""]) expect(() => urlOf(reference, file)).toThrow("expected a file of timm/net");
  });
});
