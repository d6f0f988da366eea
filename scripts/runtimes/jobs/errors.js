/** What the package throws where something is missing: by case the name, code and message. */
export default async function errors({ closed }, { base }) {
  const { createModel, env, loadModel } = await import("ocelli");
  const model = await createModel("small_cnn", { labels: ["a", "b"], seed: 1 });
  const thrownBy = (call) =>
    call.then(
      () => "nothing",
      ({ name, code, message }) => ({ name, code, message }),
    );
  const pretrained = () => createModel("mobilenetv3_small_100.lamb_in1k", { pretrained: true });
  env.remoteHost = closed.slice(0, -1);
  env.attempts = 2;
  const [noModel, image, network, hub] = await Promise.all(
    [
      loadModel(new URL("no-such-model.safetensors", base)),
      model.classify(new URL("no-such-image.jpg", base)),
      loadModel(`${closed}model.safetensors`),
      pretrained(),
    ].map(thrownBy),
  );
  env.allowRemote = false;
  const thrown = { model: noModel, image, network, hub, offline: await thrownBy(pretrained()) };
  const [best] = await model.classify({ data: new Uint8Array(28 * 28), width: 28, height: 28, channels: 1 });
  model.close();
  return { thrown, works: Number.isFinite(best.score) };
}
