import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { classOf, imageById } from "../project/state.js";
import { Thumbnail } from "../project/thumbnails.js";
import { inspected } from "./judged.js";
import { indexing, similarTo } from "./similar-index.js";

/** Images that the network finds most like one. */
export function Similar({ id }: { id: string }) {
  const found = useSignal<readonly string[]>([]);
  const problem = useSignal("");
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    found.value = [];
    similarTo(id, signal).then(
      (matches) => {
        if (!signal.aborted) found.value = matches.map((match) => match.id);
      },
      (error: Error) => {
        if (!signal.aborted) problem.value = error.message;
      },
    );
    return () => controller.abort();
  }, [id]);
  const progress = indexing.value;
  return (
    <div>
      <h3>Most like it</h3>
      {problem.value && <p class="soft">{problem.value}</p>}
      {found.value.length === 0 && !problem.value && (
        <p class="soft small" role="status">
          {progress ? `Looking through the images: ${progress.done} of ${progress.total}` : "Looking…"}
        </p>
      )}
      <div class="strip">
        {found.value.map((each) => (
          <button
            key={each}
            type="button"
            class="picture"
            aria-label={`Like it: ${classOf(imageById.value.get(each))?.name ?? "no class yet"}`}
            onClick={() => (inspected.value = each)}
          >
            <Thumbnail id={each} alt="" />
          </button>
        ))}
      </div>
    </div>
  );
}
