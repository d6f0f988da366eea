import { givesUp, openCodec } from "./codec.js";
import { checkJpegScans, jpegHeader } from "./jpeg-header.js";
import { cmykToRgb, type Pixels } from "./pixels.js";
import type { ImageReader } from "./reader.js";

/** Pixel formats and their bytes in turbojpeg.h. */
const TJPF_RGB = 0;
const TJPF_CMYK = 11;

const withTurbo = openCodec("jpeg", {
  // libjpeg jumps back here on errors only. Without a way to unwind its stack, the jump ends in an exception and the instance is dropped.
  env: { setjmp: () => 0, longjmp: givesUp },
  wasi_snapshot_preview1: { environ_sizes_get: () => 0, environ_get: () => 0, proc_exit: givesUp, fd_close: givesUp, fd_seek: givesUp, fd_write: givesUp },
});

/**
 * JPEG to RGB by libjpeg-turbo with its default accurate DCT and smooth chroma: the same bits as Pillow. Grey is repeated;
 * CMYK and YCCK are taken as inverted, as Adobe writes them and Pillow reads them.
 */
export async function decodeJpeg(reader: ImageReader): Promise<Pixels> {
  const { width, height, components, firstScan } = jpegHeader(reader);
  checkJpegScans(reader, firstScan);
  const channels = components === 4 ? 4 : 3;
  const data = await withTurbo(reader, (turbo) => {
    const file = turbo.copyIn(reader.bytes);
    const handle = turbo.call("tjInitDecompress");
    const found = turbo.allocate(16);
    turbo.memory().fill(0, found, found + 16);
    // The status of both calls is also -1 for mere warnings; what libjpeg cannot decode arrives as an exception.
    turbo.call("tjDecompressHeader3", handle, file, reader.bytes.length, found, found + 4, found + 8, found + 12);
    const [foundWidth, foundHeight] = new Uint32Array(turbo.memory().buffer, found, 2);
    if (foundWidth !== width || foundHeight !== height)
      throw reader.error(`expected ${width} x ${height} pixels as in its header, the decoder found ${foundWidth} x ${foundHeight}`);
    const size = width * height * channels;
    const picture = turbo.allocate(size);
    turbo.memory().fill(0, picture, picture + size);
    turbo.call("tjDecompress2", handle, file, reader.bytes.length, picture, width, 0, height, channels === 4 ? TJPF_CMYK : TJPF_RGB, 0);
    turbo.call("tjDestroy", handle);
    return turbo.memory().slice(picture, picture + size);
  });
  if (channels === 3) return { data, width, height, channels };
  return cmykToRgb(
    data.map((ink) => 255 - ink),
    width,
    height,
  );
}
