import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createModel, type Dataset, fineTune, ImageList, loadModel, type Model, openSafetensors, quantize } from "../../src/index.js";
import { writeSafetensors } from "../../src/formats/safetensors/index.js";
import { familiarityOf, freeEnergy } from "../../src/model/calibration.js";
import { areaUnderRoc } from "../../src/model/roc.js";
import { calibrate, recognize } from "../../src/vision/index.js";
import { fitTemperature } from "../../src/vision/calibrate/temperature.js";

/** Mean cross-entropy at a temperature, from the formula: each target is shared out as if every class had been seen once more. */
function loss(images: readonly { logits: Float32Array; label: number }[], temperature: number): number {
  const of = ({ logits, label }: { logits: Float32Array; label: number }) => {
    const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value / temperature), 0));
    const shares = Array.from(logits, (_, k) => ((k === label ? images.length : 0) + 1) / (images.length + logits.length));
    return total - shares.reduce((sum, share, k) => sum + (share * logits[k]) / temperature, 0);
  };
  return images.reduce((sum, image) => sum + of(image), 0) / images.length;
}

describe("the temperature", () => {
  it.each([0.4, 1, 3.5])("is the one of least loss, of logits that are %f times too large", async (scale) => {
    const images = Array.from({ length: 400 }, (_, i) => {
      const logits = Float32Array.from({ length: 4 }, (_, k) => scale * (((i * 31 + k * 17) % 23) / 6 - 2));
      const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
      return { logits, label: order[i % 10 < 6 ? 0 : i % 10 < 8 ? 1 : i % 10 < 9 ? 2 : 3] };
    });
    const found = await fitTemperature(images);
    for (const factor of [0.97, 0.999, 1.001, 1.03]) expect(loss(images, found)).toBeLessThan(loss(images, found * factor));
  });

  it("makes no model certain that was right on a few images, and stays within bounds where it never is", async () => {
    const images = (label: number) => Array.from({ length: 9 }, () => ({ logits: Float32Array.of(3, 1), label }));
    expect(2 / (await fitTemperature(images(0)))).toBeCloseTo(Math.log(10), 4); // right 10 of 11 times
    expect(await fitTemperature(images(1))).toBeCloseTo(20, 3);
  });
});

describe("the parts of a calibration", () => {
  it("are free energy and the share of images at least as odd", () => {
    expect(freeEnergy([1000, 1000])).toBeCloseTo(-1000 - Math.LN2, 9);
    const calibration = { oddness: [-1, 0, 0, 2] } as unknown as Parameters<typeof familiarityOf>[0];
    expect([-2, -1, -0.5, 0, 1, 2, 3].map((odd) => familiarityOf(calibration, odd))).toEqual([1, 1, 0.8, 0.8, 0.4, 0.4, 0.2]);
  });
});

describe("a calibrated model", () => {
  const classes = ["bag", "sandal", "trouser"];
  const listed = (side: string, names: readonly string[], count: number) =>
    names.flatMap((label) =>
      readdirSync(join("examples/fashion", side, label))
        .sort()
        .slice(0, count)
        .map((file) => ({ image: join("examples/fashion", side, label, file), label })),
    );
  let model: Model;
  let validation: Dataset;
  beforeAll(async () => {
    model = await createModel("resnet20", { pretrained: true, labels: classes, seed: 1 });
    await fineTune(model, { train: ImageList.from(listed("train", classes, 20)) }, { freezeEpochs: 10, headLr: 1e-2, epochs: 0 });
    validation = ImageList.from(listed("val", classes, 20));
  });
  afterAll(() => model.close());

  it("knows its classes from others, gives scores of a smaller loss, and says so in classify", async () => {
    const before = await model.evaluate(validation);
    await expect(recognize(model, "x.png")).rejects.toThrow("the model is not calibrated");
    const report = await calibrate(model, validation, { truePositiveRate: 0.9 });
    expect(report.images).toBe(validation.length);
    expect(report.before).toEqual({ loss: expect.closeTo(before.loss, 5), ece: expect.closeTo(before.ece, 5) });
    expect(report.after.loss).toBeLessThanOrEqual(report.before.loss);
    const evaluation = await model.evaluate(validation);
    expect([evaluation.loss, evaluation.accuracy]).toEqual([expect.closeTo(report.after.loss, 5), before.accuracy]);

    const others = readdirSync("examples/fashion/val").filter((name) => !classes.includes(name));
    const images = [...listed("val", classes, 20), ...listed("val", others, 8)];
    const found = await recognize(
      model,
      images.map(({ image }) => image),
    );
    const isOther = images.map(({ label }) => others.includes(label));
    const area = areaUnderRoc(
      Float64Array.from(found, ({ familiarity }) => -familiarity),
      isOther,
    );
    const share = (wanted: boolean) =>
      found.filter(({ isUnknown }, i) => isUnknown && isOther[i] === wanted).length / isOther.filter((is) => is === wanted).length;
    console.log(`unknown: area under ROC ${area?.toFixed(3)}, found ${share(true).toFixed(2)}, false alarms ${share(false).toFixed(2)}`);
    expect(area).toBeGreaterThan(0.75);
    expect(share(false)).toBeLessThanOrEqual(0.1);
    expect(share(true)).toBeGreaterThan(0.25);

    const classified = await model.classify(
      images.map(({ image }) => image),
      { topK: 4 },
    );
    found.forEach(({ scores, isUnknown, familiarity }, i) => {
      expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
      expect(classified[i]).toEqual([...(isUnknown ? [{ label: "none of these", score: 1 - familiarity, isUnknown: true }] : []), ...scores]);
    });
    const odd = found.findIndex(({ isUnknown }) => isUnknown);
    expect(await model.classify(images[odd].image, { topK: 1 })).toEqual([classified[odd][0]]);
    expect((await model.classify(images[odd].image, { tta: "flip" }))[0].score).toBeGreaterThan(0);
  });

  it("compares with examples where it is given some, so that few images to calibrate on, or wrong labels of theirs, do not blur it", async () => {
    const few = listed("val", classes, 3);
    const mislabelled = few.map(({ image }, i) => ({ image, label: classes[(i + 1) % 3] }));
    const examples = ImageList.from(listed("train", classes, 20));
    const calibrationOf = async (data: Dataset, examples?: Dataset) => {
      await calibrate(model, data, { examples });
      return model.calibration as NonNullable<Model["calibration"]>;
    };
    const alone = await calibrationOf(ImageList.from(few));
    const ofExamples = await calibrationOf(examples);
    const compared = await calibrationOf(ImageList.from(few), examples);
    expect([compared.temperature, compared.prototypes]).toEqual([alone.temperature, ofExamples.prototypes]);
    // The place of each image among them is what it is told: no image's distance was measured otherwise for being one of them.
    const familiar = async () =>
      (
        await recognize(
          model,
          few.map(({ image }) => image),
        )
      )
        .map(({ familiarity }) => familiarity)
        .sort((a, b) => a - b);
    expect(await familiar()).toEqual(few.map((_, i) => (i + 2) / (few.length + 1)));
    const wrong = await calibrationOf(ImageList.from(mislabelled), examples);
    expect([wrong.oddness, wrong.prototypes]).toEqual([compared.oddness, compared.prototypes]);
    await calibrationOf(ImageList.from(few));
    expect(await familiar()).not.toEqual(few.map((_, i) => (i + 2) / (few.length + 1)));
  });

  it("keeps that in its file, and loses it when it learns or gets another head", async () => {
    await calibrate(model, validation, { truePositiveRate: 0.9 });
    const bytes = await model.save();
    const loaded = await loadModel(bytes);
    const image = "examples/fashion/val/bag/000.png";
    expect(loaded.calibration).toEqual(model.calibration);
    expect(await recognize(loaded, image)).toEqual(await recognize(model, image));
    const onnx = await loadModel(await model.save(undefined, { format: "onnx" }));
    expect((await recognize(onnx, image)).familiarity).toBeCloseTo((await recognize(model, image)).familiarity, 5);
    expect((await loaded.replaceHead(["x", "y"])).calibration).toBeUndefined();
    await fineTune(loaded, { train: ImageList.from(listed("train", classes, 2)) }, { freezeEpochs: 1, epochs: 0 });
    expect(loaded.calibration).toBeUndefined();
    for (const each of [loaded, onnx]) each.close();
  });

  it("keeps it as it is quantised: the copy finds nearly the same images unknown", async () => {
    const data = ImageList.from(listed("train", classes, 20));
    const quantized = await quantize(model, data, { maxLoss: 1, onReport: () => {} });
    expect(quantized.calibration).toEqual(model.calibration);
    const others = readdirSync("examples/fashion/val").filter((name) => !classes.includes(name));
    const images = [...listed("val", classes, 20), ...listed("val", others, 8)].map(({ image }) => image);
    const [float, int8] = [await recognize(model, images), await recognize(quantized, images)];
    const moved = float.map(({ familiarity }, i) => Math.abs(familiarity - int8[i].familiarity));
    const differing = float.filter(({ isUnknown }, i) => isUnknown !== int8[i].isUnknown).length;
    console.log(`int8: familiarity moves by ${Math.max(...moved).toFixed(3)} at most, ${differing} of ${images.length} images are judged otherwise`);
    expect(moved.reduce((sum, by) => sum + by, 0) / moved.length).toBeLessThan(0.05);
    expect(differing / images.length).toBeLessThan(0.05);
    const loaded = await loadModel(await quantized.save());
    expect(loaded.calibration).toEqual(model.calibration);
    for (const each of [quantized, loaded]) each.close();
  });

  it.each([
    ["no temperature", (calibration: object) => ({ ...calibration, temperature: 0 }), "unexpected form"],
    ["oddness in no order", (calibration: object) => ({ ...calibration, oddness: [2, 1] }), "unexpected form"],
    ["a rate that is none", (calibration: object) => ({ ...calibration, truePositiveRate: 1 }), "unexpected form"],
    ["prototypes of other classes", (calibration: object) => ({ ...calibration, prototypes: "AAAA" }), "expected prototypes of"],
    ["a list", () => [], "unexpected form"],
  ])("is not loaded with %s", async (_, change, message) => {
    const file = await openSafetensors(await model.save());
    const tensors = await Promise.all([...file.tensors.keys()].map(async (name) => ({ name, ...(await file.read(name)) })));
    const metadata = new Map(file.metadata).set("ocelli.calibration", JSON.stringify(change(model.calibration as object)));
    metadata.delete("ocelli.sha256");
    await expect(loadModel(await writeSafetensors(tensors, metadata))).rejects.toMatchObject({ code: "ERR_FORMAT", message: expect.stringContaining(message) });
  });

  it("is asked for with images, and a rate that is one", async () => {
    await expect(calibrate(model, validation.subset([0]))).rejects.toThrow("expected images, got 1");
    await expect(calibrate(model, validation, { truePositiveRate: 1 })).rejects.toThrow("between 0 and 1, got 1");
    await expect(calibrate(model, validation, { examples: validation.subset([]) })).rejects.toThrow("examples expected images, got 0");
    await expect(calibrate(model, validation, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
