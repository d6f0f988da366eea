import { expect, it } from "vitest";
import { createModel, type CreateOptions } from "../../src/index.js";

/** First numbers of the classifier and of the first convolution. */
async function weights(options: CreateOptions): Promise<{ head: number[]; first: number[] }> {
  const model = await createModel("small_cnn", { ...options, inline: true });
  const tensors = [...(await model.parameters())].map(([, { data }]) => [...data.slice(0, 4)]);
  model.close();
  return { head: tensors.at(-2) as number[], first: tensors[0] };
}

it("starts the head anew where the classes are others than the file's, even of the same number, or where asked", async () => {
  const model = await createModel("small_cnn", { labels: ["cat", "dog"], seed: 1, inline: true });
  const pretrained = await model.save();
  model.close();
  const [saved, fresh] = [await weights({ labels: ["cat", "dog"], seed: 1 }), await weights({ labels: ["cat", "dog"], seed: 2 })];
  expect(fresh.head).not.toEqual(saved.head);

  expect(await weights({ pretrained, seed: 2 })).toEqual(saved);
  expect(await weights({ pretrained, seed: 2, labels: ["cat", "dog"] })).toEqual(saved);
  expect(await weights({ pretrained, seed: 2, labels: ["fox", "owl"] })).toEqual({ head: fresh.head, first: saved.first });
  expect(await weights({ pretrained, seed: 2, newHead: true })).toEqual({ head: fresh.head, first: saved.first });
});
