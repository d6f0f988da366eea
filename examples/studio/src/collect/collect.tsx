import "./collect.css";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Icon } from "../design/icon.js";
import { count } from "../design/words.js";
import { project } from "../project/state.js";
import { AddFromAddress } from "./address.js";
import { ClassList } from "./class-list.js";
import { filesOf } from "./dropped.js";
import { EmptyProject } from "./empty.js";
import { ImageGrid } from "./image-grid.js";
import { add, adding } from "./incoming.js";
import { LeftOutFiles } from "./left-out.js";
import { pickFiles, pickFolder } from "./pick.js";
import { shownClass } from "./view.js";
import { Webcam } from "./webcam.js";

/** The first step: images, and what each of them shows. */
export function Collect() {
  const asked = useSignal<"webcam" | "address" | undefined>(undefined);
  const isOver = useSignal(false);
  const { images, classes } = project.value;
  useEffect(() => {
    const paste = async (event: ClipboardEvent) => {
      if (!event.clipboardData || event.target instanceof HTMLInputElement) return;
      await add(await filesOf(event.clipboardData), shownClass.value);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, []);
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    if (event.dataTransfer) await add(await filesOf(event.dataTransfer), shownClass.value);
  };
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    isOver.value = true;
  };
  const isEmpty = images.length === 0 && classes.length === 0 && !adding.value;
  return (
    <div
      class={`collect${isOver.value ? " drop-here" : ""}`}
      onDragOver={over}
      onDragLeave={({ relatedTarget }) => {
        if (relatedTarget === null) isOver.value = false;
      }}
      onDrop={drop}
    >
      <h1 class="unseen">Collect images</h1>
      {isEmpty ? (
        <EmptyProject onWebcam={() => (asked.value = "webcam")} />
      ) : (
        <>
          <ClassList />
          <div class="images">
            <div class="row toolbar">
              <button type="button" class="button" onClick={() => pickFiles(shownClass.value)}>
                <Icon name="images" /> Add images
              </button>
              <button type="button" class="button" onClick={() => pickFolder(shownClass.value)}>
                <Icon name="folder" /> <span>Add a folder</span>
              </button>
              <button type="button" class="button" onClick={() => (asked.value = "webcam")}>
                <Icon name="camera" /> <span>Camera</span>
              </button>
              <button type="button" class="button" onClick={() => (asked.value = "address")}>
                <Icon name="link" /> <span>From the web</span>
              </button>
            </div>
            <Adding />
            <LeftOutFiles />
            <ImageGrid />
          </div>
        </>
      )}
      {isOver.value && (
        <div class="drop-veil" aria-hidden="true">
          <p>{shownClass.value ? `Drop to add to ${shownClass.value.name}` : "Drop to add. Folders become classes."}</p>
        </div>
      )}
      {asked.value === "webcam" && <Webcam onClose={() => (asked.value = undefined)} />}
      {asked.value === "address" && <AddFromAddress onClose={() => (asked.value = undefined)} />}
    </div>
  );
}

function Adding() {
  if (!adding.value) return null;
  const { done, total } = adding.value;
  return (
    <div class="adding" role="status">
      <span class="number">
        Adding {count(total, "image")}: {done.toLocaleString("en")} done
      </span>
      <progress max={total} value={done} aria-label="Adding images" />
    </div>
  );
}
