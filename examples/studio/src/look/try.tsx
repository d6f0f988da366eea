import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useCamera } from "../collect/camera.js";
import { filesOf } from "../collect/dropped.js";
import { askForFiles } from "../design/ask-for-files.js";
import { Icon } from "../design/icon.js";
import { Bars } from "./bars.js";
import { type Recognised, recognise } from "./recognised.js";

type Shown = { readonly is: "nothing" } | { readonly is: "camera" } | { readonly is: "image"; readonly url: string };

const recognised = signal<Recognised | undefined>(undefined);
const problem = signal("");

async function look(at: Blob | HTMLVideoElement): Promise<void> {
  try {
    recognised.value = await recognise(at);
    problem.value = "";
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

/** New images, and the camera, in front of the network. */
export function Try() {
  const shown = useSignal<Shown>({ is: "nothing" });
  const isOver = useSignal(false);
  useEffect(() => {
    recognised.value = undefined;
  }, []);
  const show = async (file: Blob | undefined) => {
    if (!file) return;
    if (shown.value.is === "image") URL.revokeObjectURL(shown.value.url);
    shown.value = { is: "image", url: URL.createObjectURL(file) };
    recognised.value = undefined;
    await look(file);
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    if (event.dataTransfer) await show((await filesOf(event.dataTransfer))[0]?.file);
  };
  const now = shown.value;
  return (
    <section class="card try" aria-label="Try it">
      <div
        class={`try-picture${isOver.value ? " over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => (isOver.value = false)}
        onDrop={drop}
      >
        {now.is === "nothing" && <p class="soft">Drop an image here</p>}
        {now.is === "image" && <img src={now.url} alt="What it looks at" />}
        {now.is === "camera" && <LivePicture />}
      </div>
      <div class="try-side">
        <div class="row">
          <button type="button" class="button" onClick={() => askForFiles({ accept: "image/*" }, ({ files }) => void show(files?.[0]))}>
            <Icon name="images" /> Choose an image
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={now.is === "camera"}
            onClick={() => {
              recognised.value = undefined;
              shown.value = now.is === "camera" ? { is: "nothing" } : { is: "camera" };
            }}
          >
            <Icon name="camera" /> Camera
          </button>
        </div>
        <Verdict />
      </div>
    </section>
  );
}

function Verdict() {
  if (problem.value)
    return (
      <div class="notice bad" role="alert">
        <Icon name="warning" />
        <div>{problem.value}</div>
      </div>
    );
  const found = recognised.value;
  if (!found) return <p class="soft">Choose an image that it has not seen, or hold something in front of the camera.</p>;
  const [best] = found.scores;
  const { before, word } = {
    sure: { before: "This is", word: best.label },
    unsure: { before: "Between two of them", word: "Not sure" },
    unknown: { before: "Unlike all that it has seen", word: "None of these" },
  }[found.verdict];
  return (
    <>
      <div class={`verdict ${found.verdict}`} role="status" aria-live="polite">
        <span class="soft small">{before}</span>
        <h2>{word}</h2>
      </div>
      <Bars scores={found.scores} isQuiet={found.verdict === "unknown"} />
    </>
  );
}

/** The camera, of which the network looks at one picture after another. */
function LivePicture() {
  const video = useRef<HTMLVideoElement>(null);
  const inTheWay = useCamera(video);
  useEffect(() => {
    let isGone = false;
    const watch = async () => {
      if (isGone) return;
      if (video.current && video.current.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) await look(video.current);
      requestAnimationFrame(() => void watch());
    };
    void watch();
    return () => {
      isGone = true;
    };
  }, []);
  if (inTheWay.value) return <p class="soft">{inTheWay.value}</p>;
  return <video ref={video} class="camera" autoPlay playsInline muted aria-label="Camera picture, mirrored" />;
}
