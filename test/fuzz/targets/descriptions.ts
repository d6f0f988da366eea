import { readRepository } from "../../../src/hub/checkpoint.js";
import { mutateJson, pick } from "../mutate.js";
import type { Target } from "../run.js";

const timm = {
  architecture: "mobilenetv3_small_100",
  num_classes: 3,
  num_features: 1024,
  pretrained_cfg: {
    tag: "lamb_in1k",
    input_size: [3, 224, 224],
    test_input_size: [3, 256, 256],
    crop_pct: 0.875,
    crop_mode: "center",
    interpolation: "bicubic",
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    label_names: ["cat", "dog", "bird"],
    license: "apache-2.0",
  },
};
const transformers = {
  config: { model_type: "resnet", architectures: ["ResNetForImageClassification"], id2label: { 0: "cat", 1: "dog" } },
  processor: {
    do_resize: true,
    do_rescale: true,
    do_normalize: true,
    size: { shortest_edge: 224 },
    crop_pct: 0.875,
    resample: 3,
    rescale_factor: 1 / 255,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  },
};
const card = "---\nlicense: mit\ntags:\n- image-classification\n---\n# A model\n";

const repositories = [
  { config: timm, card },
  { ...transformers, card },
];
const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

/** The JSON files and the card of a repository, all in one file here. */
export const descriptions: Target = {
  name: "descriptions",
  files: repositories.map(text),
  vary: (random) => text(mutateJson(pick(repositories, random), random)),
  async read(bytes) {
    const parts = split(bytes);
    await readRepository({
      name: "someone/model",
      file: async (name) => (name.endsWith(".safetensors") || name.endsWith(".onnx") ? new Uint8Array(8) : parts.get(name)),
      withoutAny: async () => new Error("there are weights"),
    } as Parameters<typeof readRepository>[0]);
  },
};

/** The files of a repository; bytes that are no JSON are its config. */
function split(bytes: Uint8Array): Map<string, Uint8Array> {
  try {
    const { config, processor, card: readme } = JSON.parse(new TextDecoder().decode(bytes));
    const files = new Map([["config.json", text(config ?? null)]]);
    if (processor !== undefined) files.set("preprocessor_config.json", text(processor));
    return files.set("README.md", new TextEncoder().encode(String(readme)));
  } catch {
    return new Map([["config.json", bytes]]);
  }
}
