import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../design/icon.js";
import { Meter } from "../design/meter.js";
import { duration, percent } from "../design/words.js";
import { pause, preparation, progress, resume, stage, stop } from "./session.js";

/** Seconds between two sentences for a screen reader. */
const spokenSeconds = 5;

/** A training that is under way, or pauses. */
export function Running() {
  const now = stage.value;
  const at = progress.value;
  const isPaused = now === "paused";
  const share = at ? at.step / at.steps : 0;
  return (
    <section class="card running" aria-label="Progress">
      <div class="head">
        <h2>{title()}</h2>
        <div class="row">
          {isPaused ? (
            <button type="button" class="button primary" onClick={() => void resume()}>
              <Icon name="play" /> Go on
            </button>
          ) : (
            <button type="button" class="button" disabled={now === "stopping" || now === "checking"} onClick={pause}>
              <Icon name="pause" /> Pause
            </button>
          )}
          <button type="button" class="button quiet" disabled={now === "stopping" || now === "checking"} onClick={() => void stop()}>
            <Icon name="stop" /> {isPaused ? "Give up" : "Stop here"}
          </button>
        </div>
      </div>
      <Meter value={now === "checking" ? 1 : share} label="Teaching" />
      {at && (
        <dl class="figures">
          <Figure name="Right on images kept aside" value={at.validation ? percent(at.validation.accuracy) : "not yet"} isMain />
          <Figure name="Round" value={`${at.epoch} of ${at.epochs}`} />
          <Figure name="Images a second" value={at.imagesPerSecond ? Math.round(at.imagesPerSecond).toLocaleString("en") : "–"} />
          <Figure name={at.phase === "head" ? "Left of the first part" : "Time left"} value={isPaused ? "paused" : duration(at.eta)} />
        </dl>
      )}
      {isPaused && !at && (
        <p class="soft">A training was interrupted. What it had learnt is kept, and it goes on where it was, with the images it began with.</p>
      )}
      <Spoken />
    </section>
  );
}

const Figure = ({ name, value, isMain }: { name: string; value: string; isMain?: boolean }) => (
  <div class={`figure${isMain ? " main-figure" : ""}`}>
    <dt class="small soft">{name}</dt>
    <dd class="number">{value}</dd>
  </div>
);

function title(): string {
  const { value: now } = stage;
  if (now === "paused") return progress.value ? "Paused" : "There is a training to go on with";
  if (now === "stopping") return "Finishing this step…";
  if (now === "checking") return "Checking on the images kept aside…";
  const prepared = preparation.value;
  if (now === "starting" || !progress.value) {
    if (!prepared) return "Getting the network ready…";
    return `${prepared.work === "images" ? "Reading the images" : "Looking at each image once"}: ${prepared.done} of ${prepared.total}`;
  }
  return progress.value.phase === "head" ? "Learning to decide" : "Learning to look closer";
}

/** How it goes, in a sentence now and then: what changes many times a second cannot be listened to. */
function Spoken() {
  const [text, setText] = useState("");
  const timer = useRef<ReturnType<typeof setInterval>>(undefined);
  useEffect(() => {
    const speak = () => {
      const at = progress.value;
      setText(
        at
          ? `${title()}. ${percent(at.step / at.steps)} done${at.validation ? `, right on ${percent(at.validation.accuracy)} of images kept aside` : ""}.`
          : title(),
      );
    };
    speak();
    timer.current = setInterval(speak, 1000 * spokenSeconds);
    return () => clearInterval(timer.current);
  }, []);
  return (
    <p class="unseen" role="status" aria-live="polite">
      {text}
    </p>
  );
}
