import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Dialog } from "../design/dialog.js";
import { imageBlob } from "../project/image-workers.js";
import { classOf, imageById } from "../project/state.js";
import { FullImage } from "../project/thumbnails.js";
import { Bars } from "./bars.js";
import { HeatMap } from "./heat-map.js";
import { inspected } from "./judged.js";
import { type Recognised, recognise } from "./recognised.js";
import { Similar } from "./similar.js";

/** One image closely: what the network says of it, by what, and what it finds like it. */
export function Inspect() {
  const id = inspected.value;
  const image = id === undefined ? undefined : imageById.value.get(id);
  const found = useSignal<Recognised | undefined>(undefined);
  const isLit = useSignal(true);
  useEffect(() => {
    found.value = undefined;
    if (!image) return;
    let isCurrent = true;
    void imageBlob(image.id)
      .then(recognise)
      .then((answer) => {
        if (isCurrent) found.value = answer;
      });
    return () => {
      isCurrent = false;
    };
  }, [id]);
  if (!image) return null;
  return (
    <Dialog title={classOf(image)?.name ?? image.name} wide onClose={() => (inspected.value = undefined)}>
      <div class="closely">
        <div class="stack">
          <div class="inspected">{isLit.value ? <HeatMap key={image.id} id={image.id} /> : <FullImage id={image.id} alt={image.name} />}</div>
          <label class="check">
            <input type="checkbox" checked={isLit.value} onChange={({ currentTarget }) => (isLit.value = currentTarget.checked)} />
            Show what it goes by
          </label>
        </div>
        <div class="stack">
          {found.value && <Bars scores={found.value.scores} />}
          <Similar id={image.id} />
        </div>
      </div>
    </Dialog>
  );
}
