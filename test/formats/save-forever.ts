/** Saves one growing step after another to the path in argv, until it is killed; prints a line after the first. */
import { saveSafetensors } from "../../src/formats/safetensors/index.js";

for (let step = 0; ; step++) {
  const weight = { name: "weight", dtype: "F32", shape: [1_000_000], data: new Float32Array(1_000_000).fill(step) } as const;
  await saveSafetensors(process.argv[2], [weight], { step: String(step) }, { sha256: true });
  if (step === 0) console.log("saved");
}
