/** What the package throws where something is missing: by case the name, code and message. */
export default async function errors({ closed }, { base }) {
  const { createModel, env, loadModel } = await import("ocelli");
  const model = await createModel("small_cnn", { labels: ["a", "b"], seed: 1 });
  const cases = {
    model: () => loadModel(new URL("no-such-model.safetensors", base)),
    image: () => model.classify(new URL("no-such-image.jpg", base)),
    network: () => loadModel(`${closed}model.safetensors`),
    hub: () => {
      env.remoteHost = closed.slice(0, -1);
      return createModel("mobilenetv3_small_100.lamb_in1k", { pretrained: true });
    },
    offline: () => {
      env.allowRemote = false;
      return createModel("mobilenetv3_small_100.lamb_in1k", { pretrained: true });
    },
  };
  const thrown = {};
  for (const [name, run] of Object.entries(cases)) {
    thrown[name] = await run().then(
      () => "nothing",
      ({ name, code, message }) => ({ name, code, message }),
    );
  }
  const [best] = await model.classify({ data: new Uint8Array(28 * 28), width: 28, height: 28, channels: 1 });
  model.close();
  return { thrown, works: Number.isFinite(best.score) };
}
