import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asset } from "../../test/assets.js";

export interface TestImages {
  readonly folder: string;
  /** Paths in the folder: 20 images of each of two classes. */
  readonly classes: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** One of each class that is not among them. */
  readonly heldOut: readonly string[];
  remove(): void;
}

const perClass = 20;

/** A folder of real images: photos where the assets are there, else those that the repository has. */
export function makeImages(): TestImages {
  const folder = mkdtempSync(join(tmpdir(), "ocelli-studio-images-"));
  const photos = asset("data/imagenette-small.tar");
  const [names, from] = photos ? [["golf ball", "church"], join(folder, "train")] : [["trouser", "ankle-boot"], "examples/fashion/train"];
  if (photos) execFileSync("tar", ["xf", photos, "-C", folder, "train/golf_ball", "train/church"]);
  const heldOut: string[] = [];
  const classes = names.map((name) => {
    const source = join(from, photos ? name.replace(" ", "_") : name);
    const files = readdirSync(source)
      .sort()
      .slice(0, perClass + 1);
    const kept = files.map((file, i) => {
      const path = i < perClass ? `${name}/${file}` : `held-out/${name}-${file}`;
      mkdirSync(join(folder, path, ".."), { recursive: true });
      cpSync(join(source, file), join(folder, path));
      return path;
    });
    heldOut.push(kept.pop() as string);
    return { name, files: kept };
  });
  return { folder, classes, heldOut, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
