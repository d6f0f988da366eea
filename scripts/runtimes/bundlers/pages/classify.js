import { loadModel } from "ocelli";

export async function classify(file, image) {
  const model = await loadModel(file);
  const [best] = await model.classify(image);
  model.close();
  return best;
}
