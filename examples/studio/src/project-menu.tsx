import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { add } from "./collect/incoming.js";
import { askForFiles } from "./design/ask-for-files.js";
import { Dialog } from "./design/dialog.js";
import { Icon } from "./design/icon.js";
import { say } from "./design/toast.js";
import { bytes, count } from "./design/words.js";
import { project, startOver, undo } from "./project/state.js";
import { download, fileName, projectZip } from "./project/zip.js";
import { goTo } from "./route.js";

/** Takes the whole project out, another one in, or starts anew. */
export function ProjectMenu({ onClose }: { onClose: () => void }) {
  const isPacking = useSignal(false);
  const used = useSignal<number | undefined>(undefined);
  useEffect(() => {
    void navigator.storage.estimate().then(({ usage }) => (used.value = usage));
  }, []);
  const { name, images, classes } = project.value;
  const save = async () => {
    isPacking.value = true;
    try {
      download(await projectZip(), `${fileName(name)}.zip`);
    } catch (error) {
      say(`The zip could not be made: ${(error as Error).message}`);
    }
    isPacking.value = false;
  };
  const open = () =>
    askForFiles({ accept: ".zip" }, ({ files }) => {
      onClose();
      goTo("collect");
      startOver();
      void add([...(files ?? [])].map((file) => ({ file, name: file.name })));
    });
  const begin = () => {
    startOver();
    onClose();
    goTo("collect");
    say("Started a new project", { label: "Undo", run: undo });
  };
  return (
    <Dialog title={name} onClose={onClose}>
      <p class="soft">
        {count(images.length, "image")} in {count(classes.length, "class", "classes")}, kept in this browser
        {used.value ? `, which uses ${bytes(used.value)} for it` : ""}. Nothing is sent anywhere.
      </p>
      <button type="button" class="button" disabled={images.length === 0 || isPacking.value} onClick={save}>
        <Icon name="download" /> {isPacking.value ? "Packing…" : "Save as a zip, a folder for each class"}
      </button>
      <button type="button" class="button" onClick={open}>
        <Icon name="folder" /> Open a zip in place of this project
      </button>
      <button type="button" class="button danger" onClick={begin}>
        <Icon name="trash" /> Start a new project
      </button>
    </Dialog>
  );
}
