/**
 * Which kernels: `simd` gives the same bits in every engine; `relaxed` fuses multiply and add where the engine offers it;
 * `turbo` has the sums of `relaxed` in pairs of vectors, for engines that join these into 256 bits.
 */
export type Build = "simd" | "relaxed" | "turbo";
