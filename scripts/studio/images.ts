import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModel } from "../../src/index.js";
import { asset } from "../../test/assets.js";

export interface TestImages {
  readonly folder: string;
  /** Paths in the folder, in which each class is a folder: 20 images of the first class, 20 in that of the second. */
  readonly classes: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** The last one of the second class, which shows the first. The studio keeps it aside to check on, as one of the first of its class by their hashes. */
  readonly mislabelled: string;
  /** One of each class that is not among them. */
  readonly heldOut: readonly string[];
  /** Pictures of nothing like the classes. */
  readonly unlike: readonly string[];
  remove(): void;
}

const perClass = 20;
/** Images of a class that the studio keeps aside. */
const aside = 4;

/** A folder of real images: photos where the assets are there, else those that the repository has. */
export async function makeImages(): Promise<TestImages> {
  const folder = mkdtempSync(join(tmpdir(), "ocelli-studio-images-"));
  const photos = asset("data/imagenette-small.tar");
  const [names, from] = photos ? [["golf ball", "church"], join(folder, "train")] : [["trouser", "ankle-boot"], "examples/fashion/train"];
  const others = photos ? ["french_horn", "garbage_truck", "gas_pump", "tench"] : ["bag", "dress", "sandal", "t-shirt"];
  if (photos) execFileSync("tar", ["xf", photos, "-C", folder, ...["golf_ball", "church", ...others].map((name) => `train/${name}`)]);
  const source = (name: string) => join(from, photos ? name.replace(" ", "_") : name);
  const keep = (file: string, path: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    cpSync(file, join(folder, path));
    return path;
  };
  const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

  const all = names.map((name) =>
    readdirSync(source(name))
      .sort()
      .map((file) => join(source(name), file)),
  );
  const [firsts, seconds] = await typicalFirst(all.map((files) => files.slice(perClass)));
  const own = all[1].slice(0, perClass - 1);
  const last = own.map(hash).sort()[aside - 1];
  const mislabelled = firsts.find((file) => hash(file) < last) as string;
  const named = (files: readonly string[], name: string) => files.map((file) => keep(file, `${name}/${file.split("/").slice(-2).join("-")}`));
  const wrong = keep(mislabelled, `${names[1]}/by-mistake.${mislabelled.split(".").at(-1)}`);
  const classes = [
    { name: names[0], files: named(all[0].slice(0, perClass), names[0]) },
    { name: names[1], files: [...named(own, names[1]), wrong] },
  ];
  const heldOut = [firsts.find((file) => file !== mislabelled) as string, seconds[0]].map((file, i) =>
    keep(file, `held-out/${names[i]}-${file.split("/").at(-1)}`),
  );
  const unlike = named(
    others.map((name) => join(from, name, readdirSync(join(from, name)).sort()[0])),
    "unlike",
  );
  return { folder, classes, mislabelled: wrong, heldOut, unlike, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Images of two classes, those first that look most like their own and least like the other: what the page does with an answer is in question, not how good it is. */
async function typicalFirst(classes: readonly (readonly string[])[]): Promise<string[][]> {
  const model = await createModel("ocelli_s", { pretrained: true, inline: true });
  const embedded = await Promise.all(classes.map((files) => model.embed([...files])));
  model.close();
  const means = embedded.map((rows) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length));
  const axis = means[0].map((value, i) => value - means[1][i]);
  const along = (row: Float32Array) => row.reduce((sum, value, i) => sum + value * axis[i], 0) / Math.hypot(...row);
  return classes.map((files, label) => {
    const place = new Map(files.map((file, i) => [file, (label === 0 ? -1 : 1) * along(embedded[label][i])]));
    return [...files].sort((a, b) => (place.get(a) as number) - (place.get(b) as number));
  });
}
