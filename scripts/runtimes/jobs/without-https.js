/** Whether a saved file is what it is elsewhere, and damage to it is found, where a page has no WebCrypto. */
export default async function withoutHttps(input) {
  if (input?.insecureHost && isSecureContext) {
    location.host = `${input.insecureHost}:${location.port}`;
    await new Promise(() => {}); // the page there gives the result
  }
  const { createModel, loadModel } = await import("ocelli");
  const model = await createModel("small_cnn", { labels: ["a", "b"], seed: 1 });
  const bytes = await model.save();
  model.close();
  (await loadModel(bytes)).close();
  const hash = bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
  bytes[bytes.length - 9] ^= 1;
  const message = await loadModel(bytes).then(
    () => "nothing",
    (error) => error.message,
  );
  return { length: bytes.length, hash, message, secure: crypto.subtle !== undefined };
}
