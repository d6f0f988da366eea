import { cpSync, existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { onnxBytes } from "../../src/formats/onnx/write-model.js";
import { tinyCnn } from "../zoo/tiny-onnx.js";
import { jsonLines, ocelli, tinyFolder } from "./run.js";

const root = tinyFolder();
const image = "tiny/val/bag/000.png";

beforeAll(async () => {
  const { code } = await ocelli(
    ["train", "tiny", "-m", "small_cnn", "-w", "random", "--freeze-epochs", "0", "--epochs", "30", "-o", "m.safetensors", "--no-report"],
    root,
  );
  expect(code).toBe(0);
  writeFileSync(join(root, "broken.png"), "no image");
});

describe("ocelli predict", () => {
  it("prints the best classes of each image in the order given", async () => {
    const { code, stdout } = await ocelli(["predict", "m.safetensors", image, "tiny/val/sandal/000.png", "-k", "2"], root);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tiny\/val\/bag\/000\.png +\w+ [\d.]+ % {3}\w+ [\d.]+ %\ntiny\/val\/sandal\/000\.png +\w+ [\d.]+ % {3}\w+ [\d.]+ %\n$/);
  });

  it("takes folders, and goes on after an image that cannot be read", async () => {
    const { code, stdout } = await ocelli(["predict", "m.safetensors", "broken.png", "tiny/val", "none.png", "--json"], root);
    const lines = jsonLines(stdout);
    expect(code).toBe(1);
    expect(lines).toHaveLength(11);
    expect(lines[0]).toMatchObject({ image: "broken.png", error: { code: "ERR_FORMAT", message: expect.stringContaining("broken.png") } });
    expect(lines[1]).toMatchObject({ image, scores: [{ label: expect.any(String), score: expect.any(Number) }, {}, {}] });
    expect(lines[10]).toMatchObject({ image: "none.png", error: { code: "ERR_DATA" } });
  });
});

describe("networks of other programs", () => {
  it("are told by their content, and asked how images are prepared by the name of the flag", async () => {
    writeFileSync(join(root, "cats.bin"), onnxBytes(tinyCnn()));
    const asked = await ocelli(["predict", "cats.bin", image], root);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toBe(
      'ocelli: cats.bin: the file does not say how images are prepared; add --preprocessing with what it was trained with: "imagenet", "caffe", "-1..1", "0..1", "0..255"\n',
    );
    const { code, stdout } = await ocelli(["predict", "cats.bin", image, "--preprocessing", "-1..1", "--json"], root);
    expect([code, jsonLines(stdout)]).toMatchObject([0, [{ image, scores: [{}, {}, {}] }]]);
    const [facts] = jsonLines((await ocelli(["inspect", "cats.bin", "--json"], root)).stdout);
    expect(facts).toMatchObject({ architecture: "cats.bin", inputShape: [1, 8, 8, 3], classes: 5, preprocessing: null });
    const train = await ocelli(["train", "tiny", "-w", "cats.bin", "-o", "cats.safetensors"], root);
    expect([train.code, train.stderr]).toMatchObject([2, expect.stringContaining("add --preprocessing")]);
  });

  it("are refused where they are none", async () => {
    writeFileSync(join(root, "noise.bin"), "noise");
    const { code, stderr } = await ocelli(["inspect", "noise.bin"], root);
    expect([code, stderr]).toMatchObject([1, expect.stringContaining("expected safetensors, ONNX, TFLite")]);
  });
});

describe("--tta", () => {
  it("averages over views in predict and eval, and names those that there are", async () => {
    const scores = async (...more: string[]) => jsonLines((await ocelli(["predict", "m.safetensors", image, "--json", ...more], root)).stdout)[0].scores;
    const [plain, flip, ten] = [await scores(), await scores("--tta", "flip"), await scores("--tta", "ten-crop")];
    expect(flip).not.toEqual(plain);
    expect(ten).not.toEqual(flip);
    const loss = async (...more: string[]) => jsonLines((await ocelli(["eval", "m.safetensors", "tiny", "--json", ...more], root)).stdout)[0].loss;
    expect(await loss("--tta", "scales")).not.toBe(await loss());
    const unknown = await ocelli(["predict", "m.safetensors", image, "--tta", "nine"], root);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("expected flip, five-crop, ten-crop, scales") });
  });
});

describe("ocelli models", () => {
  it("lists names like a pattern, one a line", async () => {
    expect(await ocelli(["models", "*resnet1?"], root)).toMatchObject({ code: 0, stdout: "resnet18\nseresnet18\n" });
    expect(jsonLines((await ocelli(["models", "swin_?", "--json"], root)).stdout)).toEqual([{ name: "swin_b" }, { name: "swin_s" }, { name: "swin_t" }]);
  });
});

describe("ocelli lr-find", () => {
  it("draws the loss over the rates and suggests one, or gives the numbers", async () => {
    const args = ["lr-find", "tiny", "--model", "small_cnn", "--weights", "random", "--size", "12", "--steps", "30", "--batch-size", "6"];
    const { code, stdout } = await ocelli(args, root);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *[\d.]+ ┤[^]*[*][^]*└─+\n +1.0e-7 +[\d.]+e[+-]\d+\n\nvalley [\d.]+e[+-]\d+ .*\nsteep {2}[\d.]+e[+-]\d+\n$/);
    const [found] = jsonLines((await ocelli([...args, "--json"], root)).stdout);
    const { lrs, losses, valley } = found as { lrs: number[]; losses: number[]; valley: number };
    expect(lrs.length).toBe(losses.length);
    expect(lrs[0]).toBe(1e-7);
    expect(lrs).toContain(valley);
    expect(stdout).toContain(`valley ${valley.toExponential(1)}`);
  });
});

describe("ocelli eval", () => {
  it("measures accuracy and figures of each class", async () => {
    const { code, stdout } = await ocelli(["eval", "m.safetensors", "tiny", "--json"], root);
    const [result] = jsonLines(stdout);
    expect(code).toBe(0);
    expect(result).toMatchObject({ images: 9, accuracy: expect.any(Number), classes: [{ label: "bag", support: 3 }, {}, {}] });
    expect((await ocelli(["eval", "m.safetensors", "tiny"], root)).stdout).toMatch(
      /^accuracy [\d.]+ % {2}loss [\d.]+ {2}calibration error [\d.]+ % {2}9 images\n\nclass +precision +recall +f1 +roc auc +images\nbag [^]*\nmean +[\d.]+ % +[\d.]+ % +[\d.]+ % +[\d.]+ +9\n$/,
    );
    const { ece, macro, topK } = result as { ece: number; macro: Record<string, number>; topK: { k: number; accuracy: number } };
    expect(topK).toEqual({ k: 5, accuracy: 1 });
    for (const value of [ece, macro.precision, macro.recall, macro.f1, macro.rocAuc]) expect(value >= 0 && value <= 1).toBe(true);
    expect(macro.rocAuc).toBeGreaterThan(0.5);
    const [top2] = jsonLines((await ocelli(["eval", "m.safetensors", "tiny", "--top-k", "2", "--json"], root)).stdout);
    expect((top2.topK as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(result.accuracy as number);
  });

  it("uses all images of a folder without a split, or the part that training holds out", async () => {
    cpSync(join(root, "tiny/train"), join(root, "flat"), { recursive: true });
    expect(jsonLines((await ocelli(["eval", "m.safetensors", "flat", "--json"], root)).stdout)[0]).toMatchObject({ images: 18 });
    expect(jsonLines((await ocelli(["eval", "m.safetensors", "flat", "--validation", "0.5", "--json"], root)).stdout)[0]).toMatchObject({ images: 9 });
  });

  it("fails on an image that cannot be read, or skips it by name", async () => {
    cpSync(join(root, "tiny"), join(root, "bad"), { recursive: true });
    cpSync(join(root, "broken.png"), join(root, "bad/val/bag/broken.png"));
    const failed = await ocelli(["eval", "m.safetensors", "bad"], root);
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toContain("val/bag/broken.png");
    const skipped = await ocelli(["eval", "m.safetensors", "bad", "--bad-images", "skip"], root);
    expect(skipped.code).toBe(0);
    expect(skipped.stdout).toContain("9 images");
    expect(skipped.stderr).toContain("broken.png");
  });
});

describe("ocelli embed", () => {
  it("says under which terms the package's own weights are, once they are asked for by name", async () => {
    const { code, stderr } = await ocelli(["embed", "resnet20", image], root);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^ResNet-20 trained by Ocelli on .*; learnt from images under ImageNet's terms \(research and education, non-commercial\); see NOTICE\.md\n$/,
    );
    expect((await ocelli(["embed", "resnet20", image, "--json"], root)).stderr).toBe("");
  });

  it("prints numbers of each image", async () => {
    const { code, stdout } = await ocelli(["embed", "m.safetensors", image], root);
    const [path, ...numbers] = stdout.trimEnd().split("\t");
    expect({ code, path }).toEqual({ code: 0, path: image });
    expect(numbers.length).toBeGreaterThan(1);
    expect(numbers.map(Number).every(Number.isFinite)).toBe(true);
    const [line] = jsonLines((await ocelli(["embed", "m.safetensors", image, "--json"], root)).stdout);
    expect(line).toEqual({ image, embedding: numbers.map(Number) });
  });
});

describe("ocelli quantize", () => {
  it("writes a smaller model and says what it cost, or refuses", async () => {
    const { code, stdout } = await ocelli(["quantize", "m.safetensors", "tiny", "-o", "q.safetensors", "--images", "6", "--max-loss", "1"], root);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^size {6}[\d.]+ MB -> .*smaller\nspeed .* times as fast\naccuracy {2}[\d.]+ % -> [\d.]+ %, .*\nwrote {5}q\.safetensors\n$/,
      ),
    });
    expect(statSync(join(root, "m.safetensors")).size / statSync(join(root, "q.safetensors")).size).toBeGreaterThan(3.5);
    expect((await ocelli(["predict", "q.safetensors", image], root)).code).toBe(0);
    const again = await ocelli(["quantize", "q.safetensors", "tiny", "-o", "r.safetensors", "--json"], root);
    expect(again.code).toBe(2);
    expect(jsonLines(again.stderr)).toEqual([{ error: { code: "ERR_ARGUMENT", message: "quantize: the model is quantised already" } }]);
    const train = await ocelli(["train", "tiny", "-w", "q.safetensors", "-o", "t.safetensors"], root);
    expect(train.stderr).toMatch(/quantised model/);
  });
});

describe("ocelli inspect", () => {
  it("knows architectures, our files and files of others", async () => {
    expect((await ocelli(["inspect", "resnet18"], root)).stdout).toMatch(
      /^architecture +resnet18\ninput +\[1, 224, 224, 3\]\nclasses +1000\nparameters +11\.69 M\n/,
    );
    const [facts] = jsonLines((await ocelli(["inspect", "m.safetensors", "--json"], root)).stdout);
    expect(facts).toMatchObject({ architecture: "small_cnn", labels: ["bag", "sandal", "trouser"], preprocessing: { crop: 28 } });
    expect((await ocelli(["inspect", "m.safetensors", "--layers"], root)).stdout).toContain("conv2d");
    const header = JSON.stringify({ w: { dtype: "F32", shape: [2], data_offsets: [0, 8] } });
    writeFileSync(
      join(root, "plain.safetensors"),
      Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer), Buffer.from(header), Buffer.alloc(8)]),
    );
    expect((await ocelli(["inspect", "plain.safetensors"], root)).stdout).toMatch(/^tensor +dtype +shape +bytes\nw +F32 +\[2\] +8 B\n/);
  });
});

describe("ocelli bench", () => {
  it("times inference and training", async () => {
    const { code, stdout } = await ocelli(["bench", "small_cnn", "--batch", "2", "--runs", "2", "--json"], root);
    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({ model: "small_cnn", batch: 2, rows: [{ work: "inference" }, { work: "training", build: "simd" }] });
  });
});

describe("wrong usage", () => {
  it.each([
    [["nonsense"], 2, "unknown command 'nonsense'; see ocelli --help"],
    [["train"], 2, "train: expected a folder of images, or --recipe"],
    [["train", "tiny", "--nonsense"], 2, "unknown option '--nonsense'; see ocelli train --help"],
    [["train", "tiny", "--epochs", "few"], 2, "option '--epochs <n>' argument 'few' is invalid. expected a whole number of 0 or more; see ocelli train --help"],
    [["train", "none"], 1, "cannot open none: there is no such file or folder"],
    [["train", "tiny", "-w", "none.safetensors"], 1, "cannot open none.safetensors: there is no such file or folder"],
    [["predict", "none.safetensors", image], 1, "cannot open none.safetensors: there is no such file or folder"],
    [["predict", "m.safetensors"], 2, "missing required argument 'images'; see ocelli predict --help"],
  ])("%j ends with %i", async (args, code, message) => {
    expect(await ocelli(args, root)).toEqual({ code, stdout: "", stderr: `ocelli: ${message}\n` });
    const json = await ocelli([...args, "--json"], root);
    expect({ code: json.code, stdout: json.stdout }).toEqual({ code, stdout: "" });
    expect(jsonLines(json.stderr)).toEqual([{ error: { code: expect.stringMatching(/^ERR_/), message } }]);
  });

  it("leads to the list of architectures", async () => {
    for (const args of [
      ["predict", "resnet1000", image],
      ["inspect", "resnet1000"],
      ["calibrate", "resnet1000", "tiny"],
      ["train", "tiny", "-m", "resnet1000"],
    ]) {
      const { code, stderr } = await ocelli(args, root);
      expect(code).toBe(2);
      expect(stderr).toMatch(/resnet1000.*; did you mean resnet101\? `ocelli models` lists all/);
    }
    expect((await ocelli(["train", "tiny", "-m", "mobilenet_v2"], root)).stderr).toMatch(
      /no weights are known for mobilenet_v2 .*save a state_dict as safetensors/,
    );
    expect(existsSync(join(root, "model.safetensors.checkpoint"))).toBe(false);
  });

  it("has help for every command", async () => {
    const { code, stdout } = await ocelli(["--help"], root);
    expect(code).toBe(0);
    for (const name of ["train", "predict", "eval", "embed", "inspect", "bench"]) {
      expect(stdout).toContain(`  ${name} `);
      expect(await ocelli([name, "--help"], root)).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("--json") });
    }
  });
});
