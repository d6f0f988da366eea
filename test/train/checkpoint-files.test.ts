import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readCheckpoint } from "../../src/train/checkpoint.js";
import { Trainer } from "../../src/train/trainer.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { tinyData, tinyResnet } from "./tiny.js";
import { trainOnDisk } from "./train-on-disk.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));
const script = ["--import", "tsx", join(import.meta.dirname, "train-on-disk.ts")];
const place = (name: string) => join(mkdtempSync(join(folder, "run-")), name);

describe("a checkpoint on disk", () => {
  const whole = trainOnDisk(place("whole")).then((model) => model.save());

  test("survives a kill while the next one is being written, and training goes on from it to the same file", async () => {
    let path = "";
    let leftOver: string[] = [];
    for (let attempt = 0; attempt < 5 && leftOver.length === 0; attempt++) {
      path = place("killed");
      const trainer = spawn(process.execPath, [...script, path], { stdio: ["ignore", "ignore", "inherit"] });
      const seen = new Set<string>();
      const watcher = watch(join(path, ".."), (_, name) => {
        if (name?.endsWith(".tmp") && !name.includes(".previous.")) seen.add(name);
        if (seen.size === 2) trainer.kill("SIGKILL");
      });
      expect(await once(trainer, "close")).toEqual([null, "SIGKILL"]);
      watcher.close();
      leftOver = readdirSync(join(path, "..")).filter((name) => name.endsWith(".tmp"));
    }
    expect(leftOver, "no kill came while a file was written").toHaveLength(1);
    const { state } = await readCheckpoint(path);
    expect(state.cursor).toEqual({ phase: 0, epoch: 1, batch: 0, phaseStep: 2, step: 2 });
    const model = await trainOnDisk(path);
    expect(Buffer.compare(await model.save(), await whole)).toBe(0);
    model.close();
  });

  test("that cannot be written is refused before the first step, and nothing is left behind", async () => {
    const model = await tinyResnet();
    const file = place("file");
    writeFileSync(file, "");
    const steps: number[] = [];
    for (const [path, why] of [
      [join(folder, "nowhere", "c"), "there is no such file or folder"],
      [join(file, "c"), "a part of its path is not a folder"],
      [join(file, ".."), "it is a folder"],
    ]) {
      const trainer = new Trainer(model, { train: tinyData(6) }, { epochs: 1, checkpoint: path, onProgress: ({ step }) => steps.push(step) });
      await expect(trainer.fit()).rejects.toThrow(`cannot write ${path}: ${why}`);
    }
    expect(steps).toEqual([]);
    expect(readdirSync(join(file, ".."))).toEqual(["file"]);
    model.close();
  });

  test("is untouched when the next one does not fit on the disk, which is said, and training goes on from it to the same file", async () => {
    const path = place("full");
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(trainOnDisk(path, stop.signal)).rejects.toThrow("enough");
    const before = readFileSync(path);

    const command = `ulimit -f 1000; exec "$0" "$@"`;
    const trainer = spawn("bash", ["-c", command, process.execPath, ...script, path], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    trainer.stderr.on("data", (text) => {
      said += text;
    });
    expect(await once(trainer, "close")).toEqual([1, null]);
    expect(said).toContain(`StorageError: cannot write ${path}: it is larger than files may be`);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(join(path, "..")).filter((name) => name.endsWith(".tmp"))).toEqual([]);

    const model = await trainOnDisk(path);
    expect(Buffer.compare(await model.save(), await whole)).toBe(0);
    model.close();
  });

  test("is a whole classifier: loadModel opens it", async () => {
    const path = place("classifier");
    const trained = await trainOnDisk(path);
    const model = await loadModel(path, { inline: true, build: "simd" });
    expect(model.labels).toEqual(trained.labels);
    expect(Buffer.compare(await model.save(), await trained.save())).toBe(0);
    for (const each of [trained, model]) each.close();
  });

  test("names the folder that is not there", async () => {
    await expect(trainOnDisk(join(folder, "nowhere", "checkpoint"))).rejects.toThrow(/^cannot (write|keep) .*nowhere.checkpoint.*: /);
  });
});
