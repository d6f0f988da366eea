import { Dialog } from "../design/dialog.js";
import { Icon } from "../design/icon.js";
import { say } from "../design/toast.js";
import { VirtualGrid } from "../design/virtual-grid.js";
import { bytes, count } from "../design/words.js";
import type { ImageClass, ProjectImage } from "../project/project.js";
import { classOf, imageById, label, project, removeImages, undo } from "../project/state.js";
import { FullImage, Thumbnail } from "../project/thumbnails.js";
import { dragType } from "./class-list.js";
import { opened, selected, shown, shownClass, shownImages } from "./view.js";

const nameOf = (image: ProjectImage) => `${image.name}, ${classOf(image)?.name ?? "no class yet"}`;

function move(to: ImageClass | null): void {
  const ids = selected.value;
  if (ids.size === 0) return;
  label(ids, to);
  say(`${count(ids.size, "image")}: ${to?.name ?? "no class"}`, { label: "Undo", run: undo });
}

function remove(): void {
  const ids = selected.value;
  if (ids.size === 0) return;
  removeImages(ids);
  selected.value = new Set();
  say(`Deleted ${count(ids.size, "image")}`, { label: "Undo", run: undo });
}

/** Number keys say what the selected images show. */
function press(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const to = /^[1-9]$/.test(event.key) ? project.value.classes[Number(event.key) - 1] : event.key === "0" ? null : undefined;
  if (to !== undefined) move(to);
  else if (event.key === "Delete" || event.key === "Backspace") remove();
}

/** The images that are shown, and what can be done to those that are selected. */
export function ImageGrid() {
  const items = shownImages.value;
  const name = shownClass.value?.name ?? (shown.value === null ? "no class yet" : "all images");
  const drag = (event: DragEvent, { id }: ProjectImage) => {
    if (!selected.value.has(id)) selected.value = new Set([id]);
    event.dataTransfer?.setData(dragType, "selection");
  };
  return (
    <>
      {items.length === 0 ? (
        <div class="empty grid-empty">
          <h3>{shownClass.value ? `Nothing in ${shownClass.value.name} yet` : "No images yet"}</h3>
          <p>Drop images here, paste them, or take some with the camera. Ten of each class are a start; fifty make a difference.</p>
        </div>
      ) : (
        <VirtualGrid
          items={items}
          label={`${count(items.length, "image")}: ${name}`}
          selected={selected.value}
          onSelect={(ids) => (selected.value = ids)}
          onOpen={({ id }) => (opened.value = id)}
          onKey={press}
          onDrag={drag}
          name={nameOf}
        >
          {(image) => <Tile image={image} />}
        </VirtualGrid>
      )}
      <Selection />
      {opened.value && <Opened id={opened.value} />}
    </>
  );
}

function Tile({ image }: { image: ProjectImage }) {
  return (
    <>
      <Thumbnail id={image.id} alt="" />
      <span class="tile-class" style={{ "--class-color": classOf(image)?.color ?? "transparent" }} />
    </>
  );
}

function Selection() {
  const ids = [...selected.value].filter((id) => imageById.value.has(id));
  if (ids.length === 0) return null;
  const { classes } = project.value;
  return (
    <div class="selection" role="toolbar" aria-label="Selected images">
      <strong class="number">{count(ids.length, "image")}</strong>
      <div class="row selection-classes">
        {classes.map((each, i) => (
          <button key={each.id} type="button" class="button small" style={{ "--class-color": each.color }} onClick={() => move(each)}>
            <span class="dot" /> {each.name} {i < 9 && <kbd>{i + 1}</kbd>}
          </button>
        ))}
      </div>
      <button type="button" class="button small quiet danger" onClick={remove}>
        <Icon name="trash" /> Delete
      </button>
      <button type="button" class="button small quiet icon-only" aria-label="Select nothing" onClick={() => (selected.value = new Set())}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function Opened({ id }: { id: string }) {
  const image = imageById.value.get(id);
  if (!image) return null;
  return (
    <Dialog title={image.name} wide onClose={() => (opened.value = undefined)}>
      <FullImage id={id} alt={nameOf(image)} />
      <div class="row">
        <span class="soft small number">{bytes(image.bytes)}</span>
        <div class="row selection-classes">
          {project.value.classes.map((each) => (
            <button
              key={each.id}
              type="button"
              class="button small"
              aria-pressed={each.id === image.label}
              style={{ "--class-color": each.color }}
              onClick={() => label(new Set([id]), each)}
            >
              <span class="dot" /> {each.name}
            </button>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
