import "./take-away.css";
import { type Signal, useSignal } from "@preact/signals";
import { exportPage } from "ocelli/vision";
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "../design/icon.js";
import { say } from "../design/toast.js";
import { count } from "../design/words.js";
import { backbones } from "../project/backbones.js";
import { project } from "../project/state.js";
import { trained, trainedModel } from "../project/trained.js";
import { download, fileName, projectZip } from "../project/zip.js";
import { goTo } from "../route.js";
import { Snippet } from "./snippet.js";

const nameOf = () => fileName(project.value.name).replaceAll(" ", "-").toLowerCase();

const modelFile = async (format: "safetensors" | "onnx") =>
  new Blob([(await (await trainedModel()).save(undefined, { format })) as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });

const page = async () => new Blob([await exportPage(await trainedModel(), { title: project.value.name })], { type: "text/html" });

/** The fourth step: everything as files. */
export function TakeAway() {
  const busy = useSignal("");
  const has = trained.value !== undefined;
  const terms = backbones.find(({ id, terms }) => terms && id === trained.value?.backbone);
  return (
    <div class="page">
      <header class="page-head">
        <h1>Take away</h1>
        <p class="soft">What was taught here is yours: as files that other programs read, and as code that runs without this page.</p>
      </header>
      {!has && (
        <div class="notice">
          <Icon name="warning" />
          <div>
            Nothing has been taught yet, so there are only the images to take.{" "}
            <a href="#teach" onClick={() => goTo("teach")}>
              Teach it first
            </a>
          </div>
        </div>
      )}
      <div class="parcels">
        {has && (
          <>
            <Parcel
              icon="bag"
              title="The model"
              busy={busy}
              label="Download safetensors"
              file={() => modelFile("safetensors")}
              name={`${nameOf()}.safetensors`}
            >
              One file with everything: weights, the names of the classes, and how images are prepared. Ocelli, PyTorch and timm read it.
            </Parcel>
            <Parcel icon="spark" title="For other programs" busy={busy} label="Download ONNX" file={() => modelFile("onnx")} name={`${nameOf()}.onnx`}>
              The same network as ONNX, which phones, servers and nearly every other engine run.
            </Parcel>
            <Parcel icon="page" title="A page" busy={busy} label="Download HTML" file={page} name={`${nameOf()}.html`}>
              One file with the model inside: send it to somebody, who opens it, drops an image on it, and sees what it shows. No network needed.
            </Parcel>
          </>
        )}
        <Parcel
          icon="images"
          title="The images"
          busy={busy}
          label="Download a zip"
          file={projectZip}
          name={`${nameOf()}.zip`}
          isOff={project.value.images.length === 0}
        >
          {count(project.value.images.length, "image")} as they came in, a folder for each class. Drop the zip here again to go on elsewhere.
        </Parcel>
        {has && <Snippet file={`${nameOf()}.safetensors`} />}
      </div>
      {terms && (
        <p class="soft small">
          The model started from {terms.title}: {terms.terms} See the <a href="NOTICE.md">notice</a>.
        </p>
      )}
    </div>
  );
}

interface ParcelProps {
  readonly icon: IconName;
  readonly title: string;
  readonly label: string;
  readonly name: string;
  readonly busy: Signal<string>;
  readonly isOff?: boolean;
  readonly file: () => Promise<Blob>;
  readonly children: ComponentChildren;
}

function Parcel({ icon, title, label, name, busy, isOff, file, children }: ParcelProps) {
  const take = async () => {
    busy.value = label;
    try {
      download(await file(), name);
      say(`${name} is in your downloads.`);
    } catch (error) {
      say(`The file could not be made: ${(error as Error).message}`);
    }
    busy.value = "";
  };
  return (
    <section class="card parcel" aria-label={title}>
      <Icon name={icon} />
      <h2>{title}</h2>
      <p class="soft">{children}</p>
      <div>
        <button type="button" class="button" disabled={isOff || busy.value !== ""} onClick={take}>
          <Icon name="download" /> {busy.value === label ? "Writing…" : label}
        </button>
      </div>
    </section>
  );
}
