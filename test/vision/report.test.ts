import { afterAll, describe, expect, it } from "vitest";
import { createModel, type EpochRecord, ImageList, type Model, trainingReport } from "../../src/index.js";

const models: Model[] = [];
afterAll(() => {
  for (const model of models) model.close();
});

/** A report on so many gray images of two a class, of which an untrained network calls most wrongly. */
async function report(classes: readonly string[], extra: { records?: readonly EpochRecord[]; title?: string; measured?: boolean } = {}): Promise<string> {
  const model = await createModel("small_cnn", { labels: classes, inline: true });
  models.push(model);
  const items = Array.from({ length: classes.length * 2 }, (_, i) => ({
    image: { data: new Uint8Array(12 * 10).fill((i * 37) % 256), width: 12, height: 10, channels: 1 as const },
    label: i % classes.length,
    id: `photos/<img src=x onerror=alert(1)>/${i}.png`,
  }));
  const validation = ImageList.from(items, { classes });
  const evaluation = extra.measured === false ? undefined : await model.evaluate(validation);
  const { records = history, title = "photos" } = extra;
  return trainingReport({
    model,
    records,
    evaluation,
    validation: evaluation && validation,
    trainImages: 12_345,
    seconds: 75.2,
    title,
    settings: { optimizer: "adamw", seed: 7 },
  });
}

const history: EpochRecord[] = [
  { phase: "head", epoch: 1, loss: 1.2, accuracy: 0.4, validation: { loss: 1.1, accuracy: 0.5 }, imagesPerSecond: 900, waiting: 0 },
  { phase: "head", epoch: 2, loss: 0.9, accuracy: 0.6, validation: { loss: 0.9, accuracy: 0.6 }, imagesPerSecond: 900, waiting: 0 },
  { phase: "all", epoch: 3, loss: 0.7, accuracy: 0.7, validation: { loss: 0.6, accuracy: 0.8 }, imagesPerSecond: 90, waiting: 0.02 },
];

describe("trainingReport", () => {
  it("has figures, curves with both phases marked, confusion matrix, classes, mistakes as pictures, settings", async () => {
    const html = await report(["cat", "dog", "fox"]);
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain("<title>photos · Ocelli</title>");
    for (const text of ["12,345", "75.2 s", "head only", "all layers", "Confusion matrix", "Confused most often", "adamw"]) {
      expect(html).toContain(text);
    }
    expect(html.match(/<figure title="/g)).toHaveLength(4);
    expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(4);
  });

  it("asks nothing of any server and runs no script", async () => {
    const html = await report(["cat", "dog"]);
    expect(html).not.toMatch(/<script|<link[^>]*href="(?!data:)|src="(?!data:)|url\(|@import/i);
    expect(html.replaceAll(/xmlns="http:\/\/www\.w3\.org\/2000\/svg"/g, "").replaceAll(encodeURIComponent("http://www.w3.org/2000/svg"), "")).not.toMatch(
      /https?:/,
    );
  });

  it("shows names as they are, whatever is in them", async () => {
    const html = await report(["<script>alert(1)</script>", `"it's" & more`], { title: "</title><b>" });
    expect(html).not.toMatch(/<script|<b>"|<img src=x|<\/title><b>/);
    expect(html).toContain("&#60;script&#62;alert(1)&#60;/script&#62;");
    expect(html).toContain("<title>&#60;/title&#62;&#60;b&#62; · Ocelli</title>");
  });

  it("lists 200 classes weakest first, and shows 24 mistakes", async () => {
    const html = await report(Array.from({ length: 200 }, (_, i) => `class ${i}`));
    expect(html).toContain("Classes, weakest first");
    expect(html.match(/<figure title="/g)).toHaveLength(24);
    expect(html.length).toBeLessThan(1_000_000);
  });

  it("leaves out what there is nothing to say about", async () => {
    const html = await report(["cat", "dog"], { records: [], measured: false });
    expect(html).not.toMatch(/<h2>(Confusion|Classes|Mistakes)|class="curves"/);
    expect(html).not.toMatch(/NaN|undefined/);
  });
});
