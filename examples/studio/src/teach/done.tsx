import { Icon } from "../design/icon.js";
import { count, duration, percent } from "../design/words.js";
import { trained } from "../project/trained.js";
import { goTo } from "../route.js";

/** What came out. */
export function Done() {
  const found = trained.value;
  if (!found) return null;
  const wrong = Math.round((1 - found.accuracy) * found.checked.length);
  return (
    <section class="card done" aria-label="Result" role="status">
      <div class="done-figure">
        <span class="done-percent number">{percent(found.accuracy)}</span>
        <span class="soft small">right</span>
      </div>
      <div class="done-text">
        <h2>It has learnt {count(found.classes.length, "class", "classes")}</h2>
        <p class="soft">
          Of {count(found.checked.length, "image")} that it had never learnt from, it took {wrong === 0 ? "none" : wrong.toLocaleString("en")} for another
          class. It learnt from {count(found.train.length, "image")} in {duration(found.seconds)}.
        </p>
        <div class="row">
          <button type="button" class="button primary" onClick={() => goTo("look")}>
            <Icon name="eye" /> Try it out
          </button>
          <button type="button" class="button" onClick={() => goTo("take-away")}>
            <Icon name="bag" /> Take it away
          </button>
        </div>
      </div>
    </section>
  );
}
