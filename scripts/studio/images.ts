import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asset } from "../../test/assets.js";

export interface TestImages {
  readonly folder: string;
  /** Paths in the folder, in which each class is a folder: 20 images of the first class, 20 in that of the second. */
  readonly classes: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** The last one of the second class, which shows the first. The studio keeps it aside to check on, as the first of its class by its hash. */
  readonly mislabelled: string;
  /** One of each class that is not among them. */
  readonly heldOut: readonly string[];
  /** Pictures of nothing like the classes. */
  readonly unlike: readonly string[];
  remove(): void;
}

const perClass = 20;

/** A folder of real images: photos where the assets are there, else those that the repository has. */
export function makeImages(): TestImages {
  const folder = mkdtempSync(join(tmpdir(), "ocelli-studio-images-"));
  const photos = asset("data/imagenette-small.tar");
  const [names, from] = photos ? [["golf ball", "church"], join(folder, "train")] : [["trouser", "ankle-boot"], "examples/fashion/train"];
  if (photos) execFileSync("tar", ["xf", photos, "-C", folder, "train/golf_ball", "train/church"]);
  const source = (name: string) => join(from, photos ? name.replace(" ", "_") : name);
  const filesOf = (place: string) => readdirSync(place).sort();
  const keep = (file: string, path: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    cpSync(file, join(folder, path));
    return path;
  };
  const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

  const [first, second] = names.map((name) => filesOf(source(name)).map((file) => join(source(name), file)));
  const lowest = first.slice(perClass + 1).reduce((best, file) => (hash(file) < hash(best) ? file : best));
  const mislabelled = keep(lowest, `${names[1]}/by-mistake.${lowest.split(".").at(-1)}`);
  const named = (files: readonly string[], name: string) => files.map((file) => keep(file, `${name}/${file.split("/").slice(-2).join("-")}`));
  const classes = [
    { name: names[0], files: named(first.slice(0, perClass), names[0]) },
    { name: names[1], files: [...named(second.slice(0, perClass - 1), names[1]), mislabelled] },
  ];
  const heldOut = [first[perClass], second[perClass]].map((file, i) => keep(file, `held-out/${names[i]}-${file.split("/").at(-1)}`));
  const unlike = named(
    ["bag", "dress", "sandal", "t-shirt"].map((name) => `examples/fashion/val/${name}/000.png`),
    "unlike",
  );
  return { folder, classes, mislabelled, heldOut, unlike, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
