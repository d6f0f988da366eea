import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ImageFolder, loadModel, openSafetensors } from "../../src/index.js";
import { calibrate, codeSnippet } from "../../src/vision/index.js";
import { jsonLines, ocelli, tinyFolder } from "./run.js";

const root = tinyFolder();
const image = "tiny/val/bag/000.png";

beforeAll(async () => {
  const train = ["train", "tiny", "-m", "small_cnn", "-w", "random", "--freeze-epochs", "0", "--epochs", "2", "-o", "m.safetensors", "--no-report"];
  expect((await ocelli(train, root)).code).toBe(0);
});

describe("ocelli explain", () => {
  it("writes the image with its heat map, and says what it shows", async () => {
    const { code, stdout } = await ocelli(["explain", "m.safetensors", image, "-o", "heat.png", "--label", "bag", "--json"], root);
    const [{ label, score, layer, grid }] = jsonLines(stdout) as [{ label: string; score: number; layer: string; grid: { data: number[]; width: number } }];
    expect([code, label, typeof score, typeof layer]).toEqual([0, "bag", "number", "string"]);
    expect(grid.data.length).toBeGreaterThan(1);
    const png = readFileSync(join(root, "heat.png"));
    expect([png.subarray(1, 4).toString(), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(["PNG", 28, 28]);
    expect((await ocelli(["explain", "m.safetensors", image], root)).stdout).toMatch(/^\w+ [\d.]+ % {2}\S+, \d+ x \d+ {2}heat\.png\n$/);
    const wrong = await ocelli(["explain", "m.safetensors", image, "--layer", "nowhere"], root);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('there is no spatial layer "nowhere"')]);
  });

  it.each(["explain", "augment"])("%s gives a PNG no other ending", async (command) => {
    const { code, stderr } = await ocelli([command, "m.safetensors", image, "-o", "heat.txt"], root);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--output: expected a file that ends in .png, got heat.txt")]);
    expect(existsSync(join(root, "heat.txt"))).toBe(false);
  });

  it("takes other programs' files: the same map for the same network as ONNX", async () => {
    const model = await loadModel(join(root, "m.safetensors"));
    await model.save(join(root, "m.onnx"));
    model.close();
    const [[native], [imported]] = await Promise.all(
      ["m.safetensors", "m.onnx"].map(async (file) => {
        const { stdout } = await ocelli(["explain", file, image, "-o", `${file}.png`, "--label", "bag", "--build", "simd", "--json"], root);
        return jsonLines(stdout) as unknown as [{ label: string; score: number; grid: { data: number[] } }];
      }),
    );
    expect([imported.label, imported.score]).toEqual(["bag", expect.closeTo(native.score, 5)]);
    expect(imported.grid.data).toEqual(native.grid.data.map((value) => expect.closeTo(value, 5)));
  });
});

describe("ocelli augment", () => {
  it("draws what training makes of an image", async () => {
    const args = ["augment", "m.safetensors", image, "--count", "5", "--columns", "3", "--area", "0.3"];
    const { code, stdout } = await ocelli([...args, "--json"], root);
    const [{ width, height }] = jsonLines(stdout) as [{ width: number; height: number }];
    expect(code).toBe(0);
    const png = readFileSync(join(root, "samples.png"));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([3 * width + 8, 2 * height + 4]);
    expect((await ocelli(args, root)).stdout).toBe(`5 samples of ${width} x ${height}  samples.png\n`);
    expect(readFileSync(join(root, "samples.png")).equals(png)).toBe(true);
  });
});

describe("ocelli export", () => {
  it("writes a page with the model inside, or code that names the model's file", async () => {
    const { code, stdout } = await ocelli(["export", "page", "m.safetensors", "-o", "mine.html", "--title", "Bags & <more>"], root);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^wrote mine\.html, [\d.]+ [kM]B\n$/)]);
    const page = readFileSync(join(root, "mine.html"), "utf8");
    expect(page).toContain("<title>Bags &#38; &#60;more&#62;</title>");
    const [, inside] = /<script type="text\/plain" id="model">([^<]+)</.exec(page) as RegExpExecArray;
    const model = await loadModel(Buffer.from(inside, "base64"), { inline: true });
    expect(model.labels).toEqual(["bag", "sandal", "trouser"]);
    model.close();

    const file = join(root, "m.safetensors");
    for (const runtime of ["node", "browser"] as const) {
      expect(await ocelli(["export", runtime, file], root)).toEqual({ code: 0, stdout: codeSnippet({ runtime, file: "m.safetensors" }), stderr: "" });
      const [{ code }] = jsonLines((await ocelli(["export", runtime, file, "--json"], root)).stdout);
      expect(code).toBe(codeSnippet({ runtime, file: "m.safetensors" }));
    }
    const [written] = jsonLines((await ocelli(["export", "node", file, "-o", "use.mjs", "--json"], root)).stdout);
    expect(written).toEqual({ file: "use.mjs", bytes: statSync(join(root, "use.mjs")).size });
  });

  it("says what it cannot do", async () => {
    const wrong = async (...args: string[]) => {
      const { code, stderr } = await ocelli(["export", ...args], root);
      return [code, stderr] as const;
    };
    expect(await wrong("deno", "m.safetensors")).toEqual([2, expect.stringContaining("page, node, browser")]);
    expect(await wrong("page", "nothing.safetensors")).toEqual([1, expect.stringContaining("nothing.safetensors")]);
    expect((await wrong("node", "m.safetensors", "-o", "no/where.mjs"))[1]).toContain("no/where.mjs");
  });
});

describe("ocelli search", () => {
  const search = async (...args: string[]) => jsonLines((await ocelli(["search", "tiny", "-m", "m.safetensors", "--json", ...args], root)).stdout);

  it("finds the image itself first, keeps the embeddings, and notices what came, changed or went", async () => {
    const [{ matches }] = (await search(image, "-k", "3")) as [{ matches: { id: string; similarity: number }[] }];
    expect(matches[0]).toEqual({ id: "val/bag/000.png", similarity: expect.closeTo(1, 6) });
    expect(matches).toHaveLength(3);
    const kept = join(root, "tiny/.ocelli-index.safetensors");
    const written = statSync(kept).mtimeMs;
    expect(await search(image, "-k", "3")).toEqual([{ image, matches }]);
    expect(statSync(kept).mtimeMs).toBe(written);
    cpSync(join(root, image), join(root, "tiny/val/bag/copy.png"));
    rmSync(join(root, "tiny/val/sandal/000.png"));
    writeFileSync(join(root, "tiny/broken.png"), "no image");
    const [bad, { matches: now }] = (await search(image)) as [{ error: object }, { matches: { id: string }[] }];
    expect(bad).toMatchObject({ error: { message: expect.stringContaining("broken.png") } });
    expect(now.slice(0, 2).map(({ id }) => id)).toEqual(["val/bag/000.png", "val/bag/copy.png"]);
    const file = await openSafetensors(kept);
    await file.close();
    const names = JSON.parse(file.metadata.get("ocelli.entries") as string).map(([id]: string[]) => id);
    expect([names.includes("val/bag/copy.png"), names.includes("val/sandal/000.png"), names.includes("broken.png")]).toEqual([true, false, false]);
    rmSync(join(root, "tiny/broken.png"));
    cpSync(join(root, "tiny/val/sandal/001.png"), join(root, "tiny/val/sandal/000.png"));
  });

  it("lists pictures that are there twice, also by another model, and keeps the index where it is told", async () => {
    cpSync(join(root, image), join(root, "tiny/val/bag/copy.png"));
    const { stdout } = await ocelli(["search", "tiny", "-m", "m.safetensors", "--duplicates", "--threshold", "0.999999", "--index", "i.safetensors"], root);
    expect(stdout).toContain(`1.000  ${join("tiny", "val/bag/000.png")}  ${join("tiny", "val/bag/copy.png")}\n`);
    expect(existsSync(join(root, "i.safetensors"))).toBe(true);
    const { code } = await ocelli(["search", "tiny", image, "-k", "1", "--index", "i.safetensors"], root); // the package's own model
    expect([code, (await ocelli(["search", "tiny"], root)).code]).toEqual([0, 2]);
    rmSync(join(root, "tiny/val/bag/copy.png"));
  });
});

describe("ocelli calibrate and eval --mistakes", () => {
  it("write a model that knows how sure it is, and list what it gets wrong", async () => {
    const { code, stdout } = await ocelli(["calibrate", "m.safetensors", "tiny", "-o", "sure.safetensors", "--json"], root);
    const [report] = jsonLines(stdout);
    expect([code, report]).toMatchObject([0, { file: "sure.safetensors", images: 9, temperature: expect.any(Number) }]);
    const model = await loadModel(join(root, "sure.safetensors"));
    const { train, validation } = await ImageFolder.open(join(root, "tiny"));
    const { calibration } = model;
    await calibrate(model, validation, { examples: train });
    expect([report.examples, calibration]).toEqual([18, model.calibration]);
    model.close();
    const [{ loss }] = jsonLines((await ocelli(["eval", "sure.safetensors", "tiny", "--json"], root)).stdout);
    expect(loss).toBeCloseTo((report as { after: { loss: number } }).after.loss, 4);
    const [{ accuracy, mistakes }] = jsonLines((await ocelli(["eval", "m.safetensors", "tiny", "--mistakes", "2", "--json"], root)).stdout) as [
      { accuracy: number; mistakes: { accuracy: number; wrong: object[] } },
    ];
    expect(mistakes.accuracy).toBe(accuracy);
    expect(mistakes.wrong).toHaveLength(Math.min(2, Math.round(9 * (1 - accuracy))));
    const text = (await ocelli(["eval", "m.safetensors", "tiny", "--mistakes", "2"], root)).stdout;
    expect(text).toMatch(/mistakes, the surest first\n[\s\S]+labels that look wrong\n/);
  });
});
