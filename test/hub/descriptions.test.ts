import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evaluationTransforms } from "../../src/data/preprocessing.js";
import { FormatError } from "../../src/core/errors.js";
import { readRepository } from "../../src/hub/checkpoint.js";
import { Fields } from "../../src/hub/fields.js";
import { licenseOfCard } from "../../src/hub/model-card.js";
import { huggingFacePreprocessing } from "../../src/hub/preprocessing/hugging-face.js";
import { timmPreprocessing } from "../../src/hub/preprocessing/timm.js";
import { torchvisionPreprocessing } from "../../src/hub/preprocessing/torchvision.js";
import { published } from "../../src/hub/published.js";
import type { Repository } from "../../src/hub/repository.js";
import { listModels } from "../../src/zoo/catalogue/index.js";
import { attacks } from "../formats/attacks/descriptions.js";

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const timm = (config: object, options?: { testSize?: boolean }) => timmPreprocessing(new Fields("config.json", config), options);
const huggingFace = (config: object) => huggingFacePreprocessing(new Fields("preprocessor_config.json", config));

describe("timm's pretrained_cfg", () => {
  const resnet = {
    input_size: [3, 224, 224],
    test_input_size: [3, 288, 288],
    crop_pct: 0.95,
    test_crop_pct: 1.0,
    interpolation: "bicubic",
    crop_mode: "center",
    ...imagenet,
  };

  it("says size, crop, filter and normalisation", () => {
    expect(timm(resnet)).toEqual({ resize: 235, crop: 224, interpolation: "bicubic", ...imagenet, channels: 3 });
    expect(timm(resnet, { testSize: true })).toEqual({ resize: 288, crop: 288, interpolation: "bicubic", ...imagenet, channels: 3 });
    expect(timm({ ...half, input_size: [3, 160, 160], crop_pct: 0.95 })).toMatchObject({ resize: 168, crop: 160, ...half });
    expect(timm({ input_size: [1, 28, 28], mean: [0.5], std: [0.5] })).toMatchObject({ channels: 1, mean: [0.5] });
    expect(timm({})).toEqual({ resize: 256, crop: 224, interpolation: "bicubic", ...imagenet, channels: 3 });
    expect(timm({ test_input_size: null, input_size: [3, 224, 224] }, { testSize: true })).toMatchObject({ crop: 224, resize: 256 });
  });

  it("squashes where it says so, and is unknown where it pads", () => {
    expect(timm({ ...resnet, crop_pct: 1, input_size: [3, 384, 384], crop_mode: "squash" })).toMatchObject({ resize: [384, 384], crop: 384 });
    expect(timm({ ...resnet, crop_mode: "border" })).toBeUndefined();
    expect(timm({ ...resnet, input_size: [3, 128, 64] })).toBeUndefined();
  });

  it.each([
    [{ input_size: [3, 224] }, "input_size: expected [channels, height, width], got [3,224]"],
    [{ input_size: [3, -1, 224] }, "input_size"],
    [{ input_size: [3, 1e9, 1e9] }, "input_size"],
    [{ crop_pct: 0 }, "crop_pct: expected a number above 0 and up to 2, got 0"],
    [{ crop_pct: "0.9" }, "crop_pct"],
    [{ mean: "imagenet" }, "mean: expected 1 to 4 finite numbers"],
    [{ std: [0, 0, 0] }, "std"],
    [{ interpolation: "random" }, "interpolation: expected nearest"],
    [{ crop_mode: 3 }, "crop_mode: expected a text"],
  ])("%o is refused", (config, message) => {
    expect(() => timm(config)).toThrow(FormatError);
    expect(() => timm(config)).toThrow(message);
  });
});

describe("Hugging Face's preprocessor_config.json", () => {
  const vit = { do_normalize: true, do_rescale: true, do_resize: true, image_mean: half.mean, image_std: half.std, resample: 2, rescale_factor: 1 / 255 };
  const pixels = (side: number) => ({ height: side, width: side });

  it.each([
    [
      "ViTImageProcessor",
      { ...vit, image_processor_type: "ViTImageProcessor", size: pixels(224) },
      { resize: [224, 224], crop: 224, interpolation: "bilinear", ...half },
    ],
    ["ViTFeatureExtractor of old", { ...vit, feature_extractor_type: "ViTFeatureExtractor", size: 224 }, { resize: [224, 224], crop: 224 }],
    [
      "DeiT",
      { ...vit, size: pixels(256), do_center_crop: true, crop_size: pixels(224), resample: 3 },
      { resize: [256, 256], crop: 224, interpolation: "bicubic" },
    ],
    [
      "DINOv2",
      { ...vit, image_processor_type: "BitImageProcessor", size: { shortest_edge: 256 }, crop_size: pixels(224), do_center_crop: true },
      { resize: 256, crop: 224 },
    ],
    ["ConvNeXt at 224", { ...vit, image_processor_type: "ConvNextImageProcessor", size: { shortest_edge: 224 }, crop_pct: 0.875 }, { resize: 256, crop: 224 }],
    ["ConvNeXt of old", { ...vit, feature_extractor_type: "ConvNextFeatureExtractor", size: 224 }, { resize: 256, crop: 224 }],
    ["ConvNeXt at 384", { ...vit, image_processor_type: "ConvNextImageProcessor", size: { shortest_edge: 384 } }, { resize: [384, 384], crop: 384 }],
    [
      "MobileNet",
      { ...vit, image_processor_type: "MobileNetV2ImageProcessor", size: { shortest_edge: 256 }, do_center_crop: true, crop_size: pixels(224) },
      { resize: 256, crop: 224 },
    ],
    [
      "MobileViT",
      {
        image_processor_type: "MobileViTImageProcessor",
        size: { shortest_edge: 288 },
        crop_size: pixels(256),
        do_center_crop: true,
        resample: 2,
        do_flip_channel_order: true,
      },
      { resize: 288, crop: 256, mean: [0], std: [1], channelOrder: "bgr" },
    ],
    ["levels as they are", { ...vit, size: pixels(32), do_rescale: false, do_normalize: false }, { resize: [32, 32], crop: 32, mean: [0], std: [1], scale: 1 }],
    ["no resizing", { ...vit, do_resize: false, do_center_crop: true, crop_size: 96 }, { resize: null, crop: 96 }],
    [
      "timm's wrapper",
      { image_processor_type: "TimmWrapperImageProcessor", pretrained_cfg: { input_size: [3, 96, 96], crop_pct: 1 } },
      { resize: 96, crop: 96 },
    ],
  ])("%s", (_, config, expected) => {
    const found = huggingFace(config);
    expect(found).toMatchObject(expected);
    expect(evaluationTransforms(found as never).length).toBeGreaterThan(0);
  });

  it.each([
    ["without normalisation that only the class knows", { ...vit, image_mean: undefined, size: pixels(224) }],
    ["without a filter", { ...vit, resample: undefined, size: pixels(224) }],
    ["with an input of unknown size", { ...vit, size: { shortest_edge: 224 } }],
    ["with the longest edge", { ...vit, size: { shortest_edge: 600, longest_edge: 800 }, do_center_crop: true, crop_size: 224 }],
    ["that pads", { ...vit, size: pixels(224), do_pad: true }],
    ["that normalises twice", { ...vit, image_processor_type: "EfficientNetImageProcessor", size: pixels(224) }],
  ])("is unknown %s", (_, config) => expect(huggingFace(config)).toBeUndefined());

  it("is refused where a number is none", () => {
    expect(() => huggingFace({ ...vit, size: pixels(-4) })).toThrow("height: expected a number of pixels, got -4 (size of preprocessor_config.json)");
    expect(() => huggingFace({ ...vit, size: pixels(224), resample: 9 })).toThrow("resample: expected a filter of Pillow's, 0 to 5, got 9");
  });
});

describe("torchvision's weights", () => {
  const { groups } = JSON.parse(readFileSync("test/fixtures/torchvision-weights.json", "utf8"));

  it("prepare images as torchvision does, all of them", () => {
    let count = 0;
    for (const { weights, ...expected } of groups) {
      for (const name of weights) {
        const [architecture, tag] = name.split(".");
        const turnedInside = architecture === "googlenet" || architecture === "inception_v3";
        expect({ name, ...torchvisionPreprocessing(architecture, tag) }).toEqual({ name, ...expected, ...(turnedInside && half) });
        count++;
      }
    }
    expect(count).toBeGreaterThan(110);
    expect(torchvisionPreprocessing("resnet50", "a1_in1k")).toBeUndefined();
  });

  it("are found in timm's copies", () => {
    const repo = (name: string) => published(...(name.split(".") as [string, string])).repo;
    expect(repo("resnet50.IMAGENET1K_V1")).toBe("timm/resnet50.tv_in1k");
    expect(repo("wide_resnet101_2.IMAGENET1K_V2")).toBe("timm/wide_resnet101_2.tv2_in1k");
    expect(repo("regnet_x_400mf.IMAGENET1K_V2")).toBe("timm/regnetx_004_tv.tv2_in1k");
    expect(repo("regnet_y_8gf.IMAGENET1K_V2")).toBe("timm/regnety_080_tv.tv2_in1k");
    expect(repo("regnet_y_3_2gf.IMAGENET1K_V2")).toBe("timm/regnety_032.tv2_in1k");
    expect(["regnet_y_400mf.IMAGENET1K_V1", "resnet18.IMAGENET1K_V2", "mobilenet_v2.IMAGENET1K_V2"].map(repo)).toEqual([undefined, undefined, undefined]);
    expect(published("regnet_y_400mf")).toMatchObject({ repo: "timm/regnety_004.tv2_in1k", preprocessing: { resize: 232, crop: 224 } });
    expect(published("mobilenetv3_small_100")).toEqual({ repo: "timm/mobilenetv3_small_100.lamb_in1k" });
    expect(published("no_such_model")).toEqual({});
  });
});

describe("a repository's description", () => {
  const repository = (files: Record<string, object | string>): Repository => ({
    name: "hf-hub:timm/net.a_in1k",
    async file(name) {
      const content = files[name];
      return content === undefined ? undefined : new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
    },
    withoutAny: async (names) => new Error(`none of ${names.join(" ")}`),
  });
  const weights = { "model.safetensors": "", "onnx/model.onnx": "onnx" };
  const labelsOf = async (config: object) => (await readRepository(repository({ ...weights, "config.json": config }))).labels;

  it("names the classes", async () => {
    const net = { architecture: "net", num_classes: 3 };
    expect(await labelsOf({ ...net, label_names: ["a", "b", "c"], label_descriptions: { b: "bee" } })).toEqual(["a", "bee", "c"]);
    expect(await labelsOf({ ...net, label_names: { 0: "a", 1: "b", 2: "c" } })).toEqual(["a", "b", "c"]);
    expect(await labelsOf({ ...net, label_names: ["a", "b"] })).toBeUndefined();
    expect(await labelsOf({ ...net, pretrained_cfg: { label_names: ["a", "b", "c"] } })).toEqual(["a", "b", "c"]);
    expect(await labelsOf({ ...net, pretrained_cfg: { tag: "x_in1k" } })).toBeUndefined();
    const imagenetLabels = await labelsOf({ architecture: "net", num_classes: 1000, pretrained_cfg: { tag: "augreg_in21k_ft_in1k" } });
    expect([imagenetLabels?.length, imagenetLabels?.[0], imagenetLabels?.[285], imagenetLabels?.[999]]).toEqual([
      1000,
      "tench",
      "Egyptian cat",
      "toilet tissue",
    ]);
    expect(await labelsOf({ architecture: "net", num_classes: 1000, pretrained_cfg: { tag: "x_in12k" } })).toBeUndefined();
    expect(await labelsOf({ model_type: "vit", id2label: { 1: "dog", 0: "cat" } })).toEqual(["cat", "dog"]);
    expect(await labelsOf({ model_type: "vit", id2label: { 0: "LABEL_0", 1: "LABEL_1" } })).toBeUndefined();
    expect(await labelsOf({ model_type: "vit", id2label: JSON.parse('{"__proto__":"a","0":"b"}') })).toBeUndefined();
    await expect(labelsOf({ ...net, label_names: [1, 2, 3] })).rejects.toThrow("label_names: expected a list of texts");
    await expect(readRepository(repository({ ...weights, "config.json": "[]" }))).rejects.toThrow(
      "expected an object, got [] (config.json of hf-hub:timm/net.a_in1k)",
    );
  });

  it.each(attacks)("$name is refused", async ({ config, message }) => {
    const refused = await readRepository(repository({ ...weights, "config.json": config })).catch((reason) => reason);
    expect(refused).toBeInstanceOf(FormatError);
    expect(refused.message).toContain(message);
  });

  it("says which file has the network: timm's weights are built here, transformers' networks come as ONNX", async () => {
    const sourceOf = async (files: Record<string, object | string>, file?: string) => {
      const { source } = await readRepository(repository(files), { file });
      return new TextDecoder().decode(source as Uint8Array);
    };
    expect(await sourceOf({ ...weights, "config.json": { model_type: "vit" } })).toBe("onnx");
    expect(await sourceOf({ ...weights, "config.json": { architecture: "net" } })).toBe("");
    expect(await sourceOf({ ...weights, "other.onnx": "other" }, "other.onnx")).toBe("other");
    await expect(sourceOf({ "config.json": { architecture: "net" }, "onnx/model.onnx": "" })).rejects.toThrow("none of model.safetensors");
  });

  it.each([
    ["---\nlicense: mit\n---\n", "mit"],
    ['---\r\ntags:\r\n- a\r\nlicense: "apache-2.0" # really\r\n---\r\n', "apache-2.0"],
    ["---\nlicense:\n- cc-by-nc-4.0\n---\n", "cc-by-nc-4.0"],
    ["---\nlicense: other\nlicense_name: apple-ascl\nlicense_link: https://example.com/LICENSE\n---\n", "apple-ascl (https://example.com/LICENSE)"],
    ["---\nlicense: other\n---\n", "other"],
    ["---\nlibrary_name: timm\n---\nlicense: mit\n", undefined],
    ["license: mit", undefined],
    ["", undefined],
  ])("a card's licence: %j", (card, license) => expect(licenseOfCard(card)).toBe(license));
});

it("bare names stand for weights of architectures that there are, or will be", () => {
  const named = listModels().filter((name) => published(name).repo);
  expect(named.length).toBeGreaterThan(80);
});
