import { inflate } from "./inflate.js";
import { checkSize, cmykToRgb, type Pixels, unpackBits } from "./pixels.js";
import type { ImageReader } from "./reader.js";
import { type TiffDirectory, tag, tiffDirectory } from "./tiff-header.js";
import { unpackBytes, unpackLzw } from "./tiff-coding.js";

interface Layout {
  width: number;
  height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  depth: number;
  /** Samples a pixel; those beyond the colours (alpha) are dropped. */
  samples: number;
  kind: "white is 0" | "black is 0" | "rgb" | "palette" | "cmyk";
  compression: number;
  /** Whether rows hold differences between neighbours. */
  differences: boolean;
  /** The picture is cut into parts of this size, row by row; strips are as wide as the picture. */
  partWidth: number;
  partHeight: number;
  tiled: boolean;
}

const kinds: Record<number, Layout["kind"]> = { 0: "white is 0", 1: "black is 0", 2: "rgb", 3: "palette", 5: "cmyk" };
const colorsOf: Record<Layout["kind"], number> = { "white is 0": 1, "black is 0": 1, rgb: 3, palette: 1, cmyk: 4 };
const compressions: Record<number, string> = { 1: "none", 5: "LZW", 8: "deflate", 32773: "PackBits", 32946: "deflate" };

/**
 * First picture of a TIFF to RGB: grey, palette, RGB and CMYK in strips or tiles, uncompressed, LZW, deflate or PackBits.
 * Alpha is dropped; of 16 bits the upper 8 stay.
 *
 * @see TIFF 6.0, sections 2 to 15, and Adobe's technical note on deflate
 */
export function decodeTiff(reader: ImageReader): Pixels {
  const directory = tiffDirectory(reader);
  const layout = layoutOf(reader, directory);
  const { width, height, depth, samples, kind, partWidth, partHeight, tiled } = layout;
  const offsets = directory.all(tiled ? tag.tileOffsets : tag.stripOffsets) ?? [];
  const sizes = directory.all(tiled ? tag.tileByteCounts : tag.stripByteCounts) ?? [];
  const across = Math.ceil(width / partWidth);
  const parts = across * Math.ceil(height / partHeight);
  if (offsets.length < parts || sizes.length < parts) throw reader.error(`expected ${parts} strips or tiles, found ${Math.min(offsets.length, sizes.length)}`);

  const colors = colorsOf[kind];
  const picture = new Uint8Array(width * height * colors);
  const lineBytes = Math.ceil((partWidth * samples * depth) / 8);
  for (let part = 0; part < parts; part++) {
    const x = (part % across) * partWidth;
    const y = Math.floor(part / across) * partHeight;
    const rows = Math.min(partHeight, height - y);
    const columns = Math.min(partWidth, width - x);
    const place = `${tiled ? "tile" : "strip"} ${part}`;
    const data = unpack(reader, reader.part(offsets[part], sizes[part], place), layout.compression, lineBytes * rows, place);
    for (let row = 0; row < rows; row++) {
      const line = data.subarray(row * lineBytes, (row + 1) * lineBytes);
      if (layout.differences) addNeighbours(line, samples, depth, reader.littleEndian);
      const values = depth < 8 ? unpackBits(line, columns * samples, depth) : line;
      copySamples(values, picture, ((y + row) * width + x) * colors, columns, layout, reader.littleEndian);
    }
  }
  return toPixels(reader, directory, layout, picture);
}

function layoutOf(reader: ImageReader, directory: TiffDirectory): Layout {
  const expect = (what: string, value: number, known: readonly number[]) => {
    if (!known.includes(value)) throw reader.error(`${what} ${value} is not supported; expected ${known.join(", ")}`);
    return value;
  };
  const kind = kinds[expect("photometric interpretation", directory.first(tag.photometric), Object.keys(kinds).map(Number))];
  const samples = directory.first(tag.samplesPerPixel, 1);
  const [depth, ...others] = directory.all(tag.bitsPerSample) ?? [1];
  if (others.some((other) => other !== depth)) throw reader.error(`expected samples of one size, found ${[depth, ...others].join(", ")} bits`);
  expect("bits a sample", depth, kind === "white is 0" || kind === "black is 0" ? [1, 2, 4, 8, 16] : kind === "palette" ? [1, 2, 4, 8] : [8, 16]);
  if (samples < colorsOf[kind] || samples > colorsOf[kind] + 4) throw reader.error(`expected ${colorsOf[kind]} samples a pixel, found ${samples}`);
  if (samples > 1) expect("planar configuration", directory.first(tag.planarConfiguration, 1), [1]);
  expect("fill order", directory.first(tag.fillOrder, 1), [1]);
  expect("sample format", directory.first(tag.sampleFormat, 1), [1]);
  const width = directory.first(tag.width);
  const height = directory.first(tag.height);
  const tiled = directory.all(tag.tileOffsets) !== undefined;
  const partWidth = tiled ? directory.first(tag.tileWidth) : width;
  const partHeight = tiled ? directory.first(tag.tileHeight) : Math.min(height, directory.first(tag.rowsPerStrip, height));
  if (partWidth < 1 || partHeight < 1) throw reader.error(`expected strips or tiles of at least 1 x 1 pixels, found ${partWidth} x ${partHeight}`);
  // Tiles reach beyond the picture; what they cover is what decoding costs.
  checkSize(Math.ceil(width / partWidth) * partWidth, Math.ceil(height / partHeight) * partHeight, "tiff", reader.name);
  const compression = expect("compression", directory.first(tag.compression, 1), Object.keys(compressions).map(Number));
  const predictor = expect("predictor", directory.first(tag.predictor, 1), depth >= 8 ? [1, 2] : [1]);
  return { width, height, depth, samples, kind, compression, differences: predictor === 2, partWidth, partHeight, tiled };
}

function unpack(reader: ImageReader, stored: Uint8Array, compression: number, size: number, place: string): Uint8Array {
  if (compressions[compression] === "deflate") return inflate(reader, [stored], size, place);
  const data = new Uint8Array(size);
  if (compression === 1) data.set(stored.subarray(0, size));
  const filled = compression === 1 ? stored.length : compression === 5 ? unpackLzw(reader, stored, data, place) : unpackBytes(stored, data);
  if (filled < size) throw reader.error(`${place} ends after ${filled} of ${size} bytes`);
  return data;
}

/** Undoes the horizontal differences of a row in place (TIFF 6.0, section 14). */
function addNeighbours(line: Uint8Array, samples: number, depth: number, littleEndian: boolean): void {
  if (depth === 8) {
    for (let i = samples; i < line.length; i++) line[i] += line[i - samples];
    return;
  }
  const view = new DataView(line.buffer, line.byteOffset, line.byteLength);
  for (let at = samples * 2; at + 1 < line.length; at += 2) {
    view.setUint16(at, view.getUint16(at, littleEndian) + view.getUint16(at - samples * 2, littleEndian), littleEndian);
  }
}

/** Keeps the colour samples of each pixel, and of 16 bits the upper byte. */
function copySamples(values: Uint8Array, picture: Uint8Array, to: number, columns: number, { samples, depth, kind }: Layout, littleEndian: boolean): void {
  const colors = colorsOf[kind];
  const bytes = depth === 16 ? 2 : 1;
  const upper = depth === 16 && littleEndian ? 1 : 0;
  for (let pixel = 0; pixel < columns; pixel++) {
    for (let color = 0; color < colors; color++) picture[to++] = values[(pixel * samples + color) * bytes + upper];
  }
}

function toPixels(reader: ImageReader, directory: TiffDirectory, { width, height, depth, kind }: Layout, picture: Uint8Array): Pixels {
  if (kind === "rgb") return { data: picture, width, height, channels: 3 };
  if (kind === "cmyk") return cmykToRgb(picture, width, height);
  if (kind !== "palette") {
    const most = depth < 8 ? (1 << depth) - 1 : 255;
    for (let i = 0; i < picture.length; i++) picture[i] = ((kind === "white is 0" ? most - picture[i] : picture[i]) * 255) / most;
    return { data: picture, width, height, channels: 1 };
  }
  const entries = 1 << depth;
  const colorMap = directory.all(tag.colorMap) ?? [];
  if (colorMap.length < entries * 3) throw reader.error(`expected ${entries * 3} values of the palette, found ${colorMap.length}`);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = colorMap[(i % 3) * entries + picture[(i / 3) | 0]] >> 8;
  return { data: rgb, width, height, channels: 3 };
}
