/**
 * How far JPEG decoders are from libjpeg-turbo, and how fast they are: prints the table of docs/image-decoding.md.
 *
 *     python3 - photos pixels <<'END'
 *     import pathlib, sys
 *     from PIL import Image
 *     out = pathlib.Path(sys.argv[2]); out.mkdir(exist_ok=True)
 *     for path in pathlib.Path(sys.argv[1]).iterdir():
 *         (out / f"{path.name}.rgb").write_bytes(Image.open(path).convert("RGB").tobytes())
 *     END
 *     npm install --no-save @jsquash/jpeg@1.6.0 @cornerstonejs/codec-libjpeg-turbo-8bit@1.2.8
 *     npx tsx scripts/decoder-difference.ts photos pixels
 *
 * Decoders that are not installed are left out.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Jimp } from "jimp";
import { decodeImage } from "../src/data/decode/decode.js";
import { toRgb } from "../src/data/decode/pixels.js";

type Decode = (file: Buffer) => Promise<Uint8Array>;

const require = createRequire(import.meta.url);
const rounds = 7;
const [photos, pixels] = process.argv.slice(2);
if (!photos || !pixels) throw new Error("usage: decoder-difference.ts <folder of JPEGs> <folder of Pillow's pixels, NAME.rgb>");
const files = readdirSync(photos).map((name) => ({ name, file: readFileSync(join(photos, name)), expected: readFileSync(join(pixels, `${name}.rgb`)) }));

const decoders: Record<string, () => Promise<Decode>> = {
  "ours (libjpeg-turbo, @cwasm/jpeg-turbo 0.1.3)": async () => async (file) => (await decodeImage(file)).data,
  "@jsquash/jpeg 1.6.0 (mozjpeg)": async () => {
    const decoder = await import(require.resolve("@jsquash/jpeg/decode.js"));
    await decoder.init(await WebAssembly.compile(readFileSync(require.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"))));
    return async (file) => rgb(await decoder.default(file));
  },
  "@cornerstonejs/codec-libjpeg-turbo-8bit 1.2.8": async () => {
    const { JPEGDecoder } = await require("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs")({
      wasmBinary: readFileSync(require.resolve("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm")),
    });
    return async (file) => {
      const decoder = new JPEGDecoder();
      decoder.getEncodedBuffer(file.length).set(file);
      decoder.decode();
      const data = Uint8Array.from(decoder.getDecodedBuffer() as Uint8Array);
      decoder.delete();
      return data;
    };
  },
  "jimp 1.6.1 (jpeg-js)": async () => async (file) => rgb((await Jimp.fromBuffer(file)).bitmap),
};

function rgb({ data, width, height }: { data: Uint8Array | Uint8ClampedArray; width: number; height: number }): Uint8Array {
  return toRgb({ data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height, channels: 4 }).data;
}

/** Differences over all samples, and for each file the fastest of several rounds. */
interface Result {
  decode: Decode;
  samples: number;
  different: number;
  sum: number;
  largest: number;
  fastest: number[];
}

const results = new Map<string, Result>();
for (const [name, open] of Object.entries(decoders)) {
  const decode = await open().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
  });
  if (decode) results.set(name, { decode, samples: 0, different: 0, sum: 0, largest: 0, fastest: files.map(() => Infinity) });
}

for (let round = 0; round < rounds; round++) {
  for (const [i, { name, file, expected }] of files.entries()) {
    for (const result of results.values()) {
      const start = performance.now();
      const data = await result.decode(file);
      result.fastest[i] = Math.min(result.fastest[i], performance.now() - start);
      if (round === 0) compare(result, data, expected, name);
    }
  }
}

function compare(result: Result, data: Uint8Array, expected: Uint8Array, name: string): void {
  if (data.length !== expected.length) throw new Error(`${name}: expected ${expected.length} bytes of RGB, got ${data.length}`);
  result.samples += data.length;
  for (let i = 0; i < data.length; i++) {
    const difference = Math.abs(data[i] - expected[i]);
    result.sum += difference;
    result.largest = Math.max(result.largest, difference);
    if (difference) result.different++;
  }
}

console.log("| decoder | largest difference | mean difference | samples that differ | ms an image |\n|---|---:|---:|---:|---:|");
for (const [name, { samples, different, sum, largest, fastest }] of results) {
  const ms = fastest.reduce((total, one) => total + one, 0) / files.length;
  console.log(`| ${name} | ${largest} | ${(sum / samples).toFixed(3)} | ${((100 * different) / samples).toFixed(1)} % | ${ms.toFixed(2)} |`);
}
