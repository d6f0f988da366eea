import { createModel } from "ocelli";

/** What a user is told whose page's policy forbids something. */
export default async function blocked() {
  const model = await createModel("small_cnn", { labels: ["a", "b"], seed: 1 });
  await model.classify({ data: new Uint8Array(28 * 28), width: 28, height: 28, channels: 1 });
  return "a model that works";
}
