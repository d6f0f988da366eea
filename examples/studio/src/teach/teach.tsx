import "./teach.css";
import { Icon } from "../design/icon.js";
import { count } from "../design/words.js";
import { imagesByClass } from "../project/state.js";
import { trained } from "../project/trained.js";
import { goTo } from "../route.js";
import { curves } from "./curve-data.js";
import { Curves } from "./curves.js";
import { Done } from "./done.js";
import { Panel } from "./panel.js";
import { advice, labelled, missing, taughtClasses } from "./readiness.js";
import { Running } from "./running.js";
import { failure, notices, stage, teach } from "./session.js";

/** The second step: the network learns the images. */
export function Teach() {
  const now = stage.value;
  const isIdle = now === "idle" || now === "failed" || now === "done";
  return (
    <div class="page sections teach">
      <header class="page-head">
        <h1>Teach</h1>
        <p class="soft">
          The network already knows what the world looks like. Now it learns your classes: it looks at every image again and again, and checks itself on some
          that it never learns from.
        </p>
      </header>
      {failure.value && (
        <div class="notice bad" role="alert">
          <Icon name="warning" />
          <div>
            <strong>Teaching ended with an error.</strong> {failure.value.message}
          </div>
        </div>
      )}
      {isIdle && trained.value && <Done />}
      {isIdle ? <Begin /> : <Running />}
      {notices.value.length > 0 && (
        <div class="notice">
          <Icon name="warning" />
          <div>
            {notices.value.map((notice) => (
              <p key={notice}>{notice}</p>
            ))}
          </div>
        </div>
      )}
      {curves.value.accuracy.x.length > 0 && (
        <div class="card curves-card">
          <Curves kind="accuracy" />
          <Curves kind="loss" />
        </div>
      )}
      {isIdle && <Panel />}
    </div>
  );
}

function Begin() {
  const reason = missing.value;
  const isAgain = trained.value !== undefined;
  return (
    <section class="card begin" aria-label="Begin">
      <div class="begin-classes">
        {taughtClasses.value.map(({ id, name, color }) => (
          <span key={id} class="chip" style={{ "--class-color": color }}>
            <span class="dot" /> {name} <span class="number soft">{imagesByClass.value.get(id)?.length}</span>
          </span>
        ))}
      </div>
      {reason ? (
        <div class="row">
          <p class="begin-reason">{reason}</p>
          <button type="button" class="button primary" onClick={() => goTo("collect")}>
            <Icon name="images" /> Collect images
          </button>
        </div>
      ) : (
        <div class="row">
          <button type="button" class={isAgain ? "button" : "button big primary"} onClick={() => void teach()}>
            <Icon name="spark" /> {isAgain ? "Teach again" : "Teach"}
          </button>
          <p class="soft">
            {count(labelled.value.length, "image")} in {count(taughtClasses.value.length, "class", "classes")}
          </p>
        </div>
      )}
      {!reason && advice.value.length > 0 && (
        <ul class="advice small soft">
          {advice.value.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
