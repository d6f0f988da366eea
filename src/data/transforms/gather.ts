import type { Canvas, Raster } from "./canvas.js";

/** The image whose pixel (row, column) is pixel (rows[row], columns[column]) of `image`, or `fill` where an entry is -1. */
export function gather(canvas: Canvas, image: Raster, rows: Int32Array, columns: Int32Array, fill = 0): Raster {
  return collect(canvas, image, rows, columns, image.stride, 4, fill);
}

/** As `gather`, with rows and columns changing places: pixel (row, column) is pixel (columns[column], rows[row]). */
export function gatherTransposed(canvas: Canvas, image: Raster, rows: Int32Array, columns: Int32Array): Raster {
  return collect(canvas, image, rows, columns, 4, image.stride, 0);
}

function collect(canvas: Canvas, image: Raster, rows: Int32Array, columns: Int32Array, rowStep: number, columnStep: number, fill: number): Raster {
  const bytes = (indices: Int32Array, step: number) => canvas.place(indices.map((index) => (index < 0 ? -1 : index * step)));
  const to = canvas.raster(columns.length, rows.length, image.channels);
  canvas.kernels.gather_u8(to.at, image.at, bytes(rows, rowStep), bytes(columns, columnStep), fill, to.width, to.stride, 0, to.height);
  return to;
}

/** 0, 1, ... size - 1. */
export const upwards = (size: number) => Int32Array.from({ length: size }, (_, i) => i);
/** size - 1, ... 1, 0. */
export const downwards = (size: number) => Int32Array.from({ length: size }, (_, i) => size - 1 - i);
