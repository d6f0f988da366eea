import { createModel, ImageList, Trainer } from "ocelli";

const seconds = 4;
const side = 28;

/** Trains in a tab that comes to lie behind another one. Gives steps a second in front and behind. */
export default async function hidden() {
  const model = await createModel("small_cnn", { labels: ["a", "b"], seed: 1 });
  const image = (value) => ({ data: new Uint8Array(side * side).fill(value), width: side, height: side, channels: 1 });
  const train = ImageList.from(Array.from({ length: 256 }, (_, i) => ({ image: image((i * 37) % 256), label: "ab"[i % 2] })));
  const ended = new AbortController();
  const counts = { front: 0, behind: 0 };
  let started = 0; // when the steps of this kind began to be counted
  let covered = 0;
  let rates;
  const onProgress = () => {
    const now = performance.now();
    started ||= now;
    if (!covered) {
      counts.front++;
      if (now - started < 1000 * seconds) return;
      counts.front /= (now - started) / 1000;
      if (!open("about:blank", "_blank")) ended.abort(new Error("no other tab could be opened"));
      covered = now;
      started = 0;
    } else if (!document.hidden) {
      started = 0;
      if (now - covered > 20_000) ended.abort(new Error("the page was never hidden"));
    } else {
      counts.behind++;
      if (now - started < 1000 * seconds) return;
      rates = { front: counts.front, behind: counts.behind / ((now - started) / 1000) };
      ended.abort();
    }
  };
  await new Trainer(model, { train }, { epochs: 100_000, batchSize: 16, lr: 0.001, schedule: "constant", seed: 1, signal: ended.signal, onProgress })
    .fit()
    .catch((error) => {
      if (!rates) throw error;
    });
  return rates;
}
