import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonLines, ocelli, start, tinyFolder } from "./run.js";

const root = tinyFolder();
const quick = ["train", "tiny", "-m", "small_cnn", "-w", "random", "--freeze-epochs", "2", "--epochs", "3", "--batch-size", "4"];

describe("ocelli train", () => {
  it("writes a model and a report, prints a line an epoch, and leaves no checkpoint", async () => {
    const { code, stdout, stderr } = await ocelli([...quick, "-o", "plain.safetensors"], root);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^small_cnn at 28x28 px, 18 images to learn from, 9 to check\n3 classes: bag, sandal, trouser\n/);
    expect(stdout.match(/^(head 2\/2|all [123]\/3) +\d+\.\d{3} +\d+\.\d % +\d+\.\d{3} +\d+\.\d %( +\d+ +\d+\.\d %)?$/gm)).toHaveLength(4);
    expect(stdout).toContain("wrote plain.safetensors and plain.html\n");
    expect(stdout).not.toMatch(/[\r\u001b]/);
    expect(readFileSync(join(root, "plain.html"), "utf8")).toMatch(/^<!doctype html>/);
    expect(
      readdirSync(root)
        .filter((name) => name.startsWith("plain"))
        .sort(),
    ).toEqual(["plain.html", "plain.safetensors"]);
  });

  it("speaks JSON lines with --json", async () => {
    const { code, stdout } = await ocelli([...quick, "-o", "json.safetensors", "--no-report", "--json"], root);
    const events = jsonLines(stdout);
    expect(code).toBe(0);
    expect(events.map(({ event }) => event)).toEqual(["start", "epoch", "epoch", "epoch", "epoch", "epoch", "done"]);
    expect(events[0]).toMatchObject({ model: "small_cnn", train: 18, validation: 9, classes: ["bag", "sandal", "trouser"] });
    expect(events[1]).toMatchObject({ epoch: 1, epochs: 5, phase: "head", validation: { loss: expect.any(Number), accuracy: expect.any(Number) } });
    expect(events[6]).toMatchObject({ output: "json.safetensors", accuracy: expect.any(Number) });
    expect(existsSync(join(root, "json.html"))).toBe(false);
  });

  it("goes on when nobody reads what it prints any more", async () => {
    const { code } = await start([...quick, "-o", "unread.safetensors", "--json"], root, (_, child) => child.stdout?.destroy());
    expect(code).toBe(0);
    expect(existsSync(join(root, "unread.safetensors"))).toBe(true);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("checkpoints on %s, says how to go on, and ends in the same file then", async (signal, exitCode) => {
    const args = (name: string) => [...quick, "--seed", "5", "-o", `${name}.safetensors`, "--json"];
    expect((await ocelli(args("whole"), root)).code).toBe(0);
    const name = `stopped-${signal}`;
    const stopped = await start(args(name), root, (line, child) => {
      if (JSON.parse(line).epoch === 3) child.kill(signal);
    });
    expect(stopped.code).toBe(exitCode);
    const last = jsonLines(stopped.stdout).at(-1);
    expect(last).toMatchObject({ event: "interrupted", checkpoint: `${name}.safetensors.checkpoint`, resume: `ocelli ${args(name).join(" ")} --resume` });
    expect(existsSync(join(root, `${name}.safetensors`))).toBe(false);

    const resumed = await ocelli([...args(name), "--resume"], root);
    expect(resumed.code).toBe(0);
    expect(jsonLines(resumed.stdout).filter(({ event }) => event === "epoch").length).toBeLessThan(5);
    expect(readFileSync(join(root, `${name}.safetensors`)).equals(readFileSync(join(root, "whole.safetensors")))).toBe(true);
  });

  it("skips images that cannot be read, by name, or fails on them", async () => {
    cpSync(join(root, "tiny"), join(root, "bad"), { recursive: true });
    writeFileSync(join(root, "bad/train/bag/broken.png"), "no image");
    writeFileSync(join(root, "bad/val/bag/empty.png"), "");
    const args = ["train", "bad", ...quick.slice(2), "-o", "bad.safetensors"];
    const skipped = await ocelli(args, root);
    expect(skipped.code).toBe(0);
    expect(skipped.stderr).toMatch(/skipped training image .*broken\.png/);
    expect(skipped.stderr).toMatch(/skipped validation image .*empty\.png/);
    const failed = await ocelli([...args, "--bad-images", "error"], root);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^ocelli: .*(broken|empty)\.png/);
  });

  it("augments and mixes as it is told, says so in the report, and refuses what there is not", async () => {
    const options = ["--augment", "rand-m5-n1-mstd0.5", "--erase", "0.5", "--mixup", "0.2", "--cutmix", "1", "--repeats", "2"];
    const args = (name: string, more: readonly string[]) => [...quick, "--head-lr", "0.01", ...more, "-o", `${name}.safetensors`, "--json"];
    const losses = async (name: string, more: readonly string[]) => {
      const { code, stdout } = await ocelli(args(name, more), root);
      expect(code).toBe(0);
      return jsonLines(stdout)
        .filter(({ event }) => event === "epoch")
        .map(({ loss }) => loss);
    };
    const [augmented, plain] = [await losses("augmented", options), await losses("unaugmented", ["--no-report"])];
    expect(augmented.slice(0, 2)).toEqual(plain.slice(0, 2)); // at a rate of its own the head learns on kept features of the images as they are
    expect(augmented.slice(2)).not.toEqual(plain.slice(2));
    const report = readFileSync(join(root, "augmented.html"), "utf8");
    for (const text of ["rand-m5-n1-mstd0.5", "probability of erasing", "alpha of mixup", "alpha of cutmix", "repeats"]) expect(report).toContain(text);
    const unknown = await ocelli([...quick, "--augment", "rand-x3"], root);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('augmentation "rand-x3": expected sections m, n, p, mstd, mmax, inc, t') });
    const tooOften = await ocelli([...quick, "--erase", "1.5"], root);
    expect(tooOften).toMatchObject({ code: 2, stderr: expect.stringContaining("expected a number from 0 to 1") });
  });

  it.each([
    ["no/such/folder.safetensors", /^ocelli: cannot write no\/such\/folder\.safetensors: there is no folder /],
    ["tiny", /^ocelli: cannot write tiny: it is a folder\n/],
    ["tiny/train/bag/000.png/x.safetensors", /^ocelli: cannot write tiny\/train\/bag\/000\.png\/x\.safetensors: /],
  ])("finds out before training that it cannot write %s", async (output, message) => {
    const { code, stdout, stderr } = await ocelli([...quick, "-o", output], root);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("says what is wrong with a folder of one class, and with an empty class", async () => {
    mkdirSync(join(root, "one"));
    cpSync(join(root, "tiny/train/bag"), join(root, "one/bag"), { recursive: true });
    const one = await ocelli(["train", "one", ...quick.slice(2)], root);
    expect(one).toMatchObject({ code: 1, stdout: "" });
    expect(one.stderr).toBe('ocelli: one: expected at least two classes, got only "bag"\n');
    mkdirSync(join(root, "one/cat"));
    const empty = await ocelli(["train", "one", ...quick.slice(2)], root);
    expect(empty.stderr).toMatch(/^ocelli: one: class folder cat has no images/);
    rmSync(join(root, "one"), { recursive: true });
  });

  it("has no --resume without a checkpoint, and says that it replaces one", async () => {
    const missing = await ocelli([...quick, "--resume", "-o", "nothing.safetensors"], root);
    expect(missing).toMatchObject({ code: 2, stderr: "ocelli: --resume: there is no checkpoint nothing.safetensors.checkpoint\n" });
    writeFileSync(join(root, "again.safetensors.checkpoint"), "of an earlier run");
    const again = await ocelli([...quick, "-o", "again.safetensors"], root);
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/^starting anew: again\.safetensors\.checkpoint of an unfinished run will be replaced/);
  });
});
