import { useSignal } from "@preact/signals";
import { Icon } from "../design/icon.js";
import { say } from "../design/toast.js";
import { snippets } from "./snippets.js";

const kinds = Object.keys(snippets) as (keyof typeof snippets)[];

/** Code that uses the model, to be copied. */
export function Snippet({ file }: { file: string }) {
  const kind = useSignal<(typeof kinds)[number]>("Node");
  const code = snippets[kind.value](file);
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    say("Copied.");
  };
  return (
    <section class="card parcel snippet" aria-label="Code">
      <div class="head">
        <h2>Code</h2>
        <div class="row">
          {kinds.map((each) => (
            <button key={each} type="button" class="button small" aria-pressed={each === kind.value} onClick={() => (kind.value = each)}>
              {each}
            </button>
          ))}
          <button type="button" class="button small quiet" onClick={() => void copy()}>
            <Icon name="copy" /> Copy
          </button>
        </div>
      </div>
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </section>
  );
}
