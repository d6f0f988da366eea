import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "../design/dialog.js";
import { Icon } from "../design/icon.js";
import { count } from "../design/words.js";
import { newClass, unusedName } from "../project/project.js";
import { change, imagesByClass, project } from "../project/state.js";
import { frameOf, useCamera } from "./camera.js";
import { add } from "./incoming.js";
import { shownClass } from "./view.js";

/** Milliseconds between two images while the button is held: enough for the thing to have moved. */
const pause = 150;

/** Takes images as long as a button is held. */
export function Webcam({ onClose }: { onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const problem = useCamera(video);
  const to = useSignal(shownClass.value?.id ?? project.value.classes[0]?.id);
  const isTaking = useSignal(false);
  const { classes } = project.value;
  const into = classes.find(({ id }) => id === to.value);

  useEffect(() => {
    if (to.value) return;
    const made = newClass(unusedName("Class 1", []), []);
    change(`Add ${made.name}`, () => ({ classes: [made] }));
    to.value = made.id;
  }, []);

  const take = async () => {
    if (isTaking.value || !video.current || !into) return;
    isTaking.value = true;
    const taken: Promise<void>[] = [];
    const burst = {};
    do {
      const file = await frameOf(video.current);
      taken.push(add([{ file, name: `camera-${Date.now()}.jpg` }], into, burst));
      await new Promise((done) => setTimeout(done, pause));
    } while (isTaking.value);
    await Promise.all(taken);
  };
  const stop = () => {
    isTaking.value = false;
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    void take();
  };

  return (
    <Dialog title="Camera" wide onClose={onClose}>
      {problem.value ? (
        <div class="notice bad" role="alert">
          <Icon name="warning" />
          <div>{problem.value}</div>
        </div>
      ) : (
        <>
          <video ref={video} class={`camera${isTaking.value ? " taking" : ""}`} autoPlay playsInline muted aria-label="Camera picture, mirrored" />
          <div class="row camera-controls">
            <label class="field camera-class">
              <span>Add to</span>
              <select class="input" value={to.value} onChange={({ currentTarget }) => (to.value = currentTarget.value)}>
                {classes.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <button
              type="button"
              class="button primary big"
              onPointerDown={() => void take()}
              onPointerUp={stop}
              onPointerLeave={stop}
              onPointerCancel={stop}
              onKeyDown={key}
              onKeyUp={stop}
              onBlur={stop}
            >
              <Icon name="camera" /> Hold to take images
            </button>
            <span class="number soft" role="status">
              {into && `${count(imagesByClass.value.get(into.id)?.length ?? 0, "image")} in ${into.name}`}
            </span>
          </div>
          <p class="soft small">Turn the thing, move it nearer and further, change what is behind it: that is what makes the network recognise it elsewhere.</p>
        </>
      )}
    </Dialog>
  );
}
