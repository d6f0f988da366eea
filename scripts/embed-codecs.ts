import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { embedBytes } from "./embed.js";

const require = createRequire(import.meta.url);
const folder = resolve(import.meta.dirname, "../src/generated");

/** The image decoders that the package carries. */
export const codecs = { jpeg: require.resolve("@cwasm/jpeg-turbo/jpeg-turbo.wasm"), webp: require.resolve("@cwasm/webp/webp.wasm") };

/** Embeds them: `src/generated/codec-jpeg.ts` and `codec-webp.ts`, each exporting `wasm`. */
export function embedCodecs(): void {
  embedBytes(codecs.jpeg, join(folder, "codec-jpeg.ts"), "wasm", [
    "libjpeg-turbo, compiled by @cwasm/jpeg-turbo (MIT, Linus Unnebäck).",
    "This software is based in part on the work of the Independent JPEG Group. Terms: IJG, BSD-3-Clause and zlib,",
    "copyright 1991-2019 Thomas G. Lane, Guido Vollbeding, D. R. Commander, the libjpeg-turbo project and others.",
  ]);
  embedBytes(codecs.webp, join(folder, "codec-webp.ts"), "wasm", [
    "libwebp, compiled by @cwasm/webp (MIT, Linus Unnebäck). Terms: BSD-3-Clause, copyright 2010 Google Inc.",
  ]);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) embedCodecs();
