import { createModel } from "ocelli";

/** Scores of one grey image in `relaxed` and in `turbo`, which must be taken. */
export default async function turbo() {
  const side = 28;
  const image = { data: Uint8Array.from({ length: side * side }, (_, i) => (i * 7919) % 256), width: side, height: side, channels: 1 };
  const scores = [];
  for (const build of ["relaxed", "turbo"]) {
    const model = await createModel("small_cnn", { build, inline: true, seed: 1 });
    if (model.describe().build !== build) throw new Error(`asked for "${build}", got "${model.describe().build}"`);
    scores.push(await model.classify(image));
    model.close();
  }
  return scores;
}
