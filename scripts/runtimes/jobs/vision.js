import { createModel, ImageList } from "ocelli";
import { openOnnx } from "ocelli/onnx";
import { calibrate, EmbeddingIndex, explain, exportPage, mistakes, overlay, recognize } from "ocelli/vision";
import { jpeg, png } from "./images.js";

/** Pictures of three sorts: waves of one direction or the other, and noise. */
const drawn = Array.from({ length: 18 }, (_, i) => ({
  data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % 32, Math.floor(at / 96)];
    return i % 3 === 2 ? (at * (7919 + i)) % 251 : ((i % 3 === 0 ? x : y) * (12 + i)) % 256;
  }),
  width: 32,
  height: 32,
  channels: 3,
}));

/**
 * What `ocelli/vision` makes of the package's own network, in `simd`.
 *
 * @returns `same`: equal in every runtime, hashes of numbers among it. `scores` of a picture, `page`: one HTML file with the model inside
 */
export default async function vision({ weights, wantsPage }, { base }) {
  const model = await createModel("resnet20", { pretrained: new URL(weights, base), build: "simd" });
  // What the network takes them for, but for every third: so it is right of some, and its temperature lies within bounds.
  const best = await model.classify(drawn, { topK: 2 });
  const labelled = ImageList.from(drawn.map((image, i) => ({ image, label: best[i][i % 3 === 2 ? 1 : 0].label })));
  const { wrong, suspicious } = await mistakes(model, labelled);
  const explained = [await explain(model, jpeg), await explain(model, png, { label: 7, layer: "layer2" })];
  const drawing = await overlay(jpeg, explained[0]);
  const onnx = await openOnnx(await model.save(undefined, { format: "onnx" }), { build: "simd" });
  const imported = await explain(onnx, jpeg);
  onnx.close();

  const index = await EmbeddingIndex.build(
    model,
    drawn.map((image, i) => ({ id: `${i}`, image })),
  );
  const found = [await index.searchImage(model, jpeg, { k: 5 }), await index.search({ id: "4" }, { k: 18 }), await index.duplicates({ threshold: 0.8 })];
  const page = wantsPage ? await exportPage(model, { title: "All of them" }) : undefined;
  const scores = await model.classify(png);
  const report = await calibrate(model, labelled);
  const recognized = await recognize(model, [jpeg, png, drawn[2]]);
  const classified = await model.classify([jpeg, png]);
  model.close();
  const maps = [...explained, imported].map(({ label, score, layer, grid }) => [label, score, layer, grid.width, grid.height]);
  return {
    same: {
      maps,
      heat: await sha256(...[...explained, imported].map(({ heat }) => heat), drawing.data),
      search: await sha256(new TextEncoder().encode(JSON.stringify([found, wrong, suspicious]))),
      calibrated: await sha256(new TextEncoder().encode(JSON.stringify([report, recognized, classified]))),
      temperature: report.temperature,
    },
    scores,
    page,
  };
}

async function sha256(...arrays) {
  const bytes = new Uint8Array(await new Blob(arrays).arrayBuffer());
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
