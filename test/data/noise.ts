/** Bytes of a linear congruential generator: what the fixture scripts feed to Pillow and torchvision. */
export function noise(seed: number, size: number): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
