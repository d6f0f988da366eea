import { useSignal } from "@preact/signals";
import { explain, overlay } from "ocelli/vision";
import { useEffect, useRef } from "preact/hooks";
import { imageBlob } from "../project/image-workers.js";
import { trainedModel } from "../project/trained.js";

/** An image with the places lit up that the network went by. */
export function HeatMap({ id }: { id: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const problem = useSignal("");
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const draw = async () => {
      const [model, image] = [await trainedModel(), await imageBlob(id)];
      const { data, width, height } = await overlay(image, await explain(model, image, { signal }), { signal });
      if (!canvas.current || signal.aborted) return;
      Object.assign(canvas.current, { width, height });
      canvas.current.getContext("2d")?.putImageData(new ImageData(data, width, height), 0, 0);
    };
    draw().catch((error: Error) => {
      if (!signal.aborted) problem.value = error.message;
    });
    return () => controller.abort();
  }, [id]);
  if (problem.value) return <p class="soft">{problem.value}</p>;
  return <canvas ref={canvas} class="full-image" role="img" aria-label="The image, with the places lit up that its answer rests on" />;
}
