/** A JPEG of 20 x 16 pixels: a colour wedge. */
const jpeg = Uint8Array.from(
  atob(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wCEABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXwBFRcXHhoeOyEhO3xTRlN8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fP/AABEIABAAFAMBEQACEQEDEQH/xAGiAAABBQEBAQEBAQAAAAAAAAAAAQIDBAUGBwgJCgsQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+gEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoLEQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/2gAMAwEAAhEDEQA/AOfhs/aufnuKlVL0Nl7Utz06VYtrY8dKXIehGtoTQWftXPCdz4enWNGCy9q6oano06xcFqqjB6/SnOvRpvlm9T0I1W0f/9k=",
  ),
  (char) => char.charCodeAt(0),
);
/** A PNG of 16 x 16 pixels: its decoder is a script that workers import. */
const png = Uint8Array.from(
  atob(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAABC0lEQVR42mNgwACMTMwsrGzsHJxc3Dy8fPwMDEwsbBxcPHwCQiJiElIycgwMzGycPPxCohLScooq6lq6DAwsHDwCIhIyCioaOgYmFjYMDKxc/CKScsoaukbmNo5u3gwMbDxCEnIqWgZmNk4efiFRDAzsfKIyylqGFvZuviHRSZkMDBwCEgoaBhYOHgERCRkFFQwMnELSKrpm9h6BUck5pXXtDAxcInIaRjZuAVEpeRVNPdMYGLjFFHXMnXwjkvMqW/pnLWVg4JFQMbDxCEnIqWiZMGfFFgYGXil1E0e/6IzSpv45K7cdZmDgk9GycAtJKqjrmbVi25FLDAz8cro23lGZFe3Tlm45fOkhAK9eOEF6ql03AAAAAElFTkSuQmCC",
  ),
  (char) => char.charCodeAt(0),
);
const side = 28;
const labels = ["dark", "light"];

/** Dark and light noise, the same in every runtime. */
function picture(index) {
  const data = new Uint8Array(side * side);
  let random = index + 1;
  for (let i = 0; i < data.length; i++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    data[i] = (random >>> 26) + (index % 2) * 150;
  }
  return { image: { data, width: side, height: side, channels: 1 }, label: labels[index % 2] };
}

function hash(arrays) {
  let sum = 0x811c9dc5;
  for (const array of arrays)
    for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength)) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  return sum.toString(16);
}

const weightsOf = async (model) => [...(await model.parameters()).values()].map(({ data }) => data);

/**
 * What every runtime must do with the installed package: classify a JPEG and a PNG, train one step, save, load and classify.
 * `same` must be equal everywhere; `threads` depends on the runtime.
 */
export async function scenario({ createModel, loadModel, ImageList, Trainer }) {
  const model = await createModel("small_cnn", { labels, build: "simd", threads: 2, seed: 1 });
  const [first] = await model.classify(jpeg);
  const weightsBefore = hash(await weightsOf(model));

  const train = ImageList.from(Array.from({ length: 8 }, (_, i) => picture(i)));
  const [epoch] = await new Trainer(model, { train }, { epochs: 1, batchSize: 8, lr: 0.01, schedule: "constant", seed: 1 }).fit();
  const weights = await weightsOf(model);
  if (!weights.every((data) => data.every(Number.isFinite))) throw new Error("a weight is not finite");
  if (hash(weights) === weightsBefore) throw new Error("the training step changed no weight");

  const scores = await model.classify([jpeg, png, picture(0).image]);
  const loaded = await loadModel(await model.save(), { build: "simd", inline: true });
  const again = await loaded.classify([jpeg, png, picture(0).image]);
  if (JSON.stringify(again) !== JSON.stringify(scores))
    throw new Error(`saved and loaded, the model gave ${JSON.stringify(again)}, expected ${JSON.stringify(scores)}`);

  const { threads } = model.describe();
  model.close();
  loaded.close();
  return { same: { first: first.score, second: scores[1][0].score, loss: epoch.loss, weights: hash(weights) }, threads };
}
