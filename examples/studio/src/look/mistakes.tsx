import { useSignal } from "@preact/signals";
import { Icon } from "../design/icon.js";
import { count, percent } from "../design/words.js";
import { Thumbnail } from "../project/thumbnails.js";
import { believe, inspected, judged, taught, wrong } from "./judged.js";

const shownFirst = 6;

/** Images kept aside that the network took for another class, with the remedy where it is the name that is wrong. */
export function Mistakes() {
  const most = useSignal(shownFirst);
  const list = wrong.value;
  return (
    <section class="card" aria-labelledby="mistakes-title">
      <div class="head">
        <h2 id="mistakes-title">Mistakes</h2>
        <span class="soft">
          {list.length} of {count(judged.value.length, "image")} kept aside
        </span>
      </div>
      {list.length === 0 ? (
        <p class="soft">None. On the images kept aside it was right every time; try some that are harder.</p>
      ) : (
        <ul class="mistakes">
          {list.slice(0, most.value).map((each) => (
            <li class="mistake" key={each.id}>
              <button type="button" class="picture" aria-label="Look closely" onClick={() => (inspected.value = each.id)}>
                <Thumbnail id={each.id} alt="" />
              </button>
              <div class="mistake-text">
                <p>
                  You say <b>{taught.value[each.is].name}</b>, it says <b>{taught.value[each.said].name}</b>{" "}
                  <span class="soft number">({percent(each.score)})</span>
                </p>
                <button type="button" class="button small" onClick={() => believe(each)}>
                  <Icon name="check" /> It is {taught.value[each.said].name}
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {list.length > most.value && (
        <button type="button" class="button quiet" onClick={() => (most.value += 4 * shownFirst)}>
          Show more
        </button>
      )}
    </section>
  );
}
