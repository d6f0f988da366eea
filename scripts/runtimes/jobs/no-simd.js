/** What the first model is in an engine without SIMD. */
export default async function noSimd() {
  const { createModel } = await import("ocelli");
  return (await createModel("small_cnn", { labels: ["a", "b"] })).describe();
}
