import "./look.css";
import { Icon } from "../design/icon.js";
import { trained } from "../project/trained.js";
import { goTo } from "../route.js";
import { Confusion } from "./confusion.js";
import { Inspect } from "./inspect.js";
import { Mistakes } from "./mistakes.js";
import { Try } from "./try.js";

/** The third step: what the network says, and where it is wrong. */
export function Look() {
  if (!trained.value)
    return (
      <div class="page">
        <div class="empty">
          <Icon name="eye" />
          <h1>Nothing to look at yet</h1>
          <p>Once the network has learnt your classes, try it here on new images, and see which ones it mixes up.</p>
          <button type="button" class="button primary" onClick={() => goTo("teach")}>
            <Icon name="spark" /> Teach it first
          </button>
        </div>
      </div>
    );
  return (
    <div class="page sections look">
      <header class="page-head">
        <h1>Look</h1>
        <p class="soft">Show it something new, and see where it goes wrong. A wrong answer is often an image under the wrong name.</p>
      </header>
      <Try />
      <Mistakes />
      <Confusion />
      <Inspect />
    </div>
  );
}
