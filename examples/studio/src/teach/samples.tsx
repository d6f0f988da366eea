import { useSignal } from "@preact/signals";
import { augmentedSamples } from "ocelli/vision";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../design/icon.js";
import { preprocessingOf } from "../project/backbones.js";
import { imageBlob } from "../project/image-workers.js";
import { project } from "../project/state.js";
import { augmentationOf, settings } from "./settings.js";

const shown = 6;
/** Milliseconds of quiet before samples are drawn anew: a slider on its way tells of each value. */
const quiet = 80;

/** What the network will see of an image in its first rounds, as the settings are now. */
export function Samples() {
  const canvases = useRef<HTMLDivElement>(null);
  const turn = useSignal(0);
  const problem = useSignal("");
  const { backbone, flip, zoom, turn: angle, color } = settings.value;
  const { images } = project.value;
  // Steps that meet every image, whatever their number: a hash of the place.
  const image = images[(turn.value * 7919) % Math.max(1, images.length)];

  useEffect(() => {
    if (!image) return;
    const controller = new AbortController();
    const { signal } = controller;
    const draw = async () => {
      const [preprocessing, blob] = [await preprocessingOf(backbone), await imageBlob(image.id)];
      const samples = await augmentedSamples({ preprocessing }, blob, { augmentation: augmentationOf(settings.value), count: shown, seed: turn.value, signal });
      const places = canvases.current?.querySelectorAll("canvas") ?? [];
      samples.forEach(({ data, width, height }, i) => {
        Object.assign(places[i], { width, height });
        places[i].getContext("2d")?.putImageData(new ImageData(data, width, height), 0, 0);
      });
      problem.value = "";
    };
    const timer = setTimeout(() => {
      draw().catch((error: Error) => {
        if (!signal.aborted) problem.value = error.message;
      });
    }, quiet);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [image?.id, turn.value, backbone, flip, zoom, angle, color]);

  if (!image) return <p class="soft small">Here it will be seen what that makes of an image, once there is one.</p>;
  return (
    <div class="stack tight">
      <div class="head">
        <p class="small soft">What the network sees of one image, round after round</p>
        <button type="button" class="button small quiet" onClick={() => turn.value++}>
          <Icon name="images" /> Another image
        </button>
      </div>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <div class="samples" ref={canvases} role="img" aria-label={`${shown} variations of ${image.name}`}>
        {Array.from({ length: shown }, (_, i) => (
          <canvas key={i} width={1} height={1} />
        ))}
      </div>
    </div>
  );
}
