import { useEffect } from "preact/hooks";
import { Dialog } from "../design/dialog.js";
import { imageBlob } from "../project/files.js";
import { classOf, imageById } from "../project/state.js";
import { FullImage } from "../project/thumbnails.js";
import { Bars } from "./bars.js";
import { inspected } from "./judged.js";
import { recognise, recognised } from "./recognised.js";

/** One image closely: what the network says of it. */
export function Inspect() {
  const id = inspected.value;
  const image = id === undefined ? undefined : imageById.value.get(id);
  useEffect(() => {
    if (!image) return;
    recognised.value = undefined;
    void imageBlob(image.id).then(recognise);
  }, [id]);
  if (!image) return null;
  const name = classOf(image)?.name;
  return (
    <Dialog title={name ?? image.name} wide onClose={() => (inspected.value = undefined)}>
      <div class="inspected">
        <FullImage id={image.id} alt={image.name} />
      </div>
      {recognised.value && <Bars scores={recognised.value.scores} />}
    </Dialog>
  );
}
