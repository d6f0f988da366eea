import { Icon } from "../design/icon.js";
import { count } from "../design/words.js";
import { leftOut } from "./incoming.js";

/** Files that did not become images, each with its reason. */
export function LeftOutFiles() {
  const files = leftOut.value;
  if (files.length === 0) return null;
  return (
    <div class="notice" role="status">
      <Icon name="warning" />
      <div>
        <details>
          <summary>
            <strong>{count(files.length, "file was", "files were")} left out</strong>
          </summary>
          <ul class="left-out small">
            {files.slice(0, 200).map(({ name, why }, i) => (
              <li key={i}>
                <b>{name}</b> <span>{why}</span>
              </li>
            ))}
            {files.length > 200 && <li>and {count(files.length - 200, "other")}</li>}
          </ul>
        </details>
      </div>
      <button type="button" class="button quiet small icon-only" aria-label="Dismiss" onClick={() => (leftOut.value = [])}>
        <Icon name="close" />
      </button>
    </div>
  );
}
