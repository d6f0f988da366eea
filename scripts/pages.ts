/**
 * Two pages as a bundler would make them of the built package, in `build/pages/`, each with what a browser downloads for it:
 * `inference` and `training`, without the image decoders, which are in `decoders`. `npm run check:size` measures them.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const folder = join(root, "build/pages");

const pages = {
  inference: `import { loadModel } from "ocelli";
export const classify = async (file, image) => (await loadModel(file)).classify(image);`,
  training: `import { createModel, fineTune, ImageList } from "ocelli";
export const train = async (name, items) => {
  const data = ImageList.from(items);
  const model = await createModel(name, { labels: data.classes });
  await fineTune(model, { train: data });
  return model.save();
};`,
};

const decoders = /^(codec|decoders-source)-/;
/**
 * Imported dynamically, and not by a page: what only Node asks for; what reads images where there are no workers, whose
 * bundle has it too; what training takes beyond flips and crops; quantised models; kernels of other builds and of parts; manifests; weights by name; figures of an evaluation; calibrated scores; test-time augmentation; the writer of ONNX
 * files; what hashes where WebCrypto does not; networks but MobileNetV3.
 */
const notLoaded =
  /-node-|^quantized-|^worker-(tasks|augmentations)-|^augmentations-source-|^(decode|bmp|gif|jpeg|png|tiff|webp)-|^wasm-((simd|turbo)-|\w+-[a-z]+-)|^sync-|^(turbo|metrics|evaluate|recognize|calibration|test-time|hub|cache-store|save-onnx|sha256|load-foreign|read-foreign|imported|archive|replace-head|tfjs|tflite)-/;

/** Imported dynamically, and only by the page that trains. */
const onlyTraining = /^save-/;

/** The network that the pages have, and all others, which the catalogue imports from files of their names. */
const used = "mobilenet-v3";
const catalogue = join(root, "src/zoo/catalogue");
const imported = readdirSync(catalogue).flatMap((file) => [...readFileSync(join(catalogue, file), "utf8").matchAll(/import\("\.\.\/([\w-]+)\.js"\)/g)]);
const others = imported.map(([, name]) => name).filter((name) => name !== used);
const otherNetwork = new RegExp(`^(${others.join("|")})-[\\w-]{8}-`);

/** Writes the pages' files. @returns where those of each page are */
export async function makePages(): Promise<Record<keyof typeof pages | "decoders", string>> {
  rmSync(folder, { recursive: true, force: true });
  const places = { inference: join(folder, "inference"), training: join(folder, "training"), decoders: join(folder, "decoders") };
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true });
  for (const [name, contents] of Object.entries(pages)) {
    const whole = join(folder, `all-${name}`);
    const { metafile } = await build({
      stdin: { contents, resolveDir: root, sourcefile: `${name}.js` },
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      platform: "browser",
      outdir: whole,
      metafile: true,
      absWorkingDir: root,
      tsconfigRaw: {}, // whose paths would lead to the sources instead of the package
      logLevel: "error",
    });
    const wanted = new Set<string>();
    const follow = (file: string): void => {
      if (wanted.has(file)) return;
      wanted.add(file);
      for (const { path, kind, external } of metafile.outputs[file].imports) {
        const file = basename(path);
        const skipped = otherNetwork.test(file) || notLoaded.test(file) || (name === "inference" && onlyTraining.test(file));
        if (external || (kind === "dynamic-import" && skipped)) continue;
        if (decoders.test(basename(path))) cpSync(join(root, path), join(places.decoders, basename(path)));
        else follow(path);
      }
    };
    follow(Object.keys(metafile.outputs).find((file) => metafile.outputs[file].entryPoint?.endsWith(`${name}.js`)) as string);
    for (const file of wanted) cpSync(join(root, file), join(places[name as keyof typeof pages], basename(file)));
  }
  return places;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await makePages();
