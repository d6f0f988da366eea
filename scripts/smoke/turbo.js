import { createModel } from "ocelli";

/** Classifies the same grey image in `relaxed` and `turbo`, which must be taken and give the same bits; prints the scores. */
const side = 28;
const image = { data: Uint8Array.from({ length: side * side }, (_, i) => (i * 7919) % 256), width: side, height: side, channels: 1 };
const scores = [];
for (const build of ["relaxed", "turbo"]) {
  const model = await createModel("small_cnn", { build, inline: true, seed: 1 });
  if (model.describe().build !== build) throw new Error(`asked for "${build}", got "${model.describe().build}"`);
  scores.push(JSON.stringify(await model.classify(image)));
  model.close();
}
if (scores[0] !== scores[1]) throw new Error(`turbo gave ${scores[1]}, relaxed ${scores[0]}`);
console.log(scores[1]);
