import { OcelliError } from "../index.js";
import { exitCodes } from "./output.js";
import { ProgressBar } from "./progress.js";

/** Images that are computed together. */
const chunkSize = 32;

/** Computes all images in their order, many at a time; those that cannot be read get an error, which makes the command fail in the end. */
export async function eachImage<Result>(
  images: readonly string[],
  compute: (images: readonly string[]) => Promise<Result[]>,
  show: (image: string, result: Result | OcelliError) => void,
): Promise<void> {
  const bar = new ProgressBar();
  const attempt = (some: readonly string[]) =>
    compute(some).catch((error) => {
      if (error instanceof OcelliError) return error;
      throw error;
    });
  for (let start = 0; start < images.length; start += chunkSize) {
    const chunk = images.slice(start, start + chunkSize);
    const together = await attempt(chunk);
    bar.clear();
    for (const [i, image] of chunk.entries()) {
      const alone = together instanceof OcelliError ? await attempt([image]) : [together[i]];
      if (alone instanceof OcelliError) process.exitCode = exitCodes.failed;
      show(image, alone instanceof OcelliError ? alone : alone[0]);
    }
    if (!process.stdout.isTTY) bar.update("images", (start + chunk.length) / images.length, `${start + chunk.length} of ${images.length}`);
  }
  bar.clear();
}
