import { useSignal } from "@preact/signals";
import { Icon } from "../design/icon.js";
import { say } from "../design/toast.js";
import { classColors, type ImageClass, newClass, unusedName } from "../project/project.js";
import { change, imagesByClass, label, project, undo } from "../project/state.js";
import { filesOf } from "./dropped.js";
import { add } from "./incoming.js";
import { selected, shown } from "./view.js";

export const dragType = "application/x-ocelli-images";

const addClass = () => {
  const { classes } = project.value;
  const made = newClass(unusedName(`Class ${classes.length + 1}`, classes), classes);
  change(`Add ${made.name}`, () => ({ classes: [...classes, made] }));
  shown.value = made.id;
};

const edit = (id: string, what: string, changes: Partial<ImageClass>) =>
  change(what, ({ classes }) => ({ classes: classes.map((each) => (each.id === id ? { ...each, ...changes } : each)) }));

function removeClass({ id, name }: ImageClass): void {
  change(`Delete ${name}`, ({ classes, images }) => ({
    classes: classes.filter((each) => each.id !== id),
    images: images.map((image) => (image.label === id ? { ...image, label: null } : image)),
  }));
  shown.value = "all";
  say(`Deleted ${name}; its images have no class now.`, { label: "Undo", run: undo });
}

/** Classes with their colours and sizes; what is dropped on one belongs to it. */
export function ClassList() {
  const { classes, images } = project.value;
  const without = imagesByClass.value.get(null)?.length ?? 0;
  return (
    <nav class="classes" aria-label="Classes">
      <ul>
        <Line id="all" name="All images" size={images.length} />
        {classes.map((each, i) => (
          <ClassLine key={each.id} of={each} position={i} size={imagesByClass.value.get(each.id)?.length ?? 0} />
        ))}
        {without > 0 && <Line id={null} name="No class yet" size={without} />}
      </ul>
      <button type="button" class="button quiet add-class" onClick={addClass}>
        <Icon name="add" /> Add a class
      </button>
    </nav>
  );
}

const Line = ({ id, name, size }: { id: "all" | null; name: string; size: number }) => (
  <li class={`class-line${shown.value === id ? " shown" : ""}`}>
    <button type="button" class="class-button" aria-current={shown.value === id ? "true" : undefined} onClick={() => (shown.value = id)}>
      {id === null ? <span class="dot none" /> : <Icon name="images" />}
      <span class="class-name">{name}</span>
      <span class="number soft">{size.toLocaleString("en")}</span>
    </button>
  </li>
);

function ClassLine({ of: { id, name, color }, of, position, size }: { of: ImageClass; position: number; size: number }) {
  const isOver = useSignal(false);
  const isShown = shown.value === id;
  const drop = async (event: DragEvent) => {
    isOver.value = false;
    event.preventDefault();
    event.stopPropagation();
    if (!event.dataTransfer) return;
    if (event.dataTransfer.types.includes(dragType)) label(selected.value, of);
    else await add(await filesOf(event.dataTransfer), of);
  };
  return (
    <li
      class={`class-line${isShown ? " shown" : ""}${isOver.value ? " over" : ""}`}
      style={{ "--class-color": color }}
      onDragOver={(event) => {
        event.preventDefault();
        event.stopPropagation();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={drop}
    >
      <button type="button" class="class-button" aria-current={isShown ? "true" : undefined} onClick={() => (shown.value = id)}>
        <span class="dot" />
        <span class="class-name">{name}</span>
        {position < 9 && <kbd aria-label={`key ${position + 1}`}>{position + 1}</kbd>}
        <span class="number soft">{size.toLocaleString("en")}</span>
      </button>
      {isShown && <ClassEditor of={of} />}
    </li>
  );
}

function ClassEditor({ of: { id, name, color }, of }: { of: ImageClass }) {
  const rename = (input: HTMLInputElement) => {
    const wanted = input.value.trim();
    const others = project.value.classes.filter((each) => each.id !== id);
    if (!wanted || wanted === name) input.value = name;
    else edit(id, `Rename ${name}`, { name: unusedName(wanted, others) });
  };
  return (
    <div class="class-editor">
      <div class="row">
        <input
          class="input"
          aria-label={`Name of ${name}`}
          value={name}
          maxLength={60}
          onBlur={({ currentTarget }) => rename(currentTarget)}
          onKeyDown={({ key, currentTarget }) => key === "Enter" && currentTarget.blur()}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button type="button" class="button quiet icon-only" aria-label={`Delete ${name}`} title="Delete this class" onClick={() => removeClass(of)}>
          <Icon name="trash" />
        </button>
      </div>
      <div class="swatches" role="group" aria-label={`Colour of ${name}`}>
        {classColors.map((each, i) => (
          <button
            key={each}
            type="button"
            class="swatch"
            style={{ "--class-color": each }}
            aria-label={`Colour ${i + 1}`}
            aria-pressed={each === color}
            onClick={() => edit(id, `Colour ${name}`, { color: each })}
          />
        ))}
      </div>
    </div>
  );
}
