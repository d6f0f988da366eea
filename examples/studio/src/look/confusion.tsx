import { useSignal } from "@preact/signals";
import { count } from "../design/words.js";
import { Thumbnail } from "../project/thumbnails.js";
import { counts, inspected, judged, taught } from "./judged.js";

/** How often each class was taken for each; a number opens the images behind it. */
export function Confusion() {
  const open = useSignal<readonly [is: number, said: number] | undefined>(undefined);
  const classes = taught.value;
  const [is, said] = open.value ?? [-1, -1];
  const images = judged.value.filter((each) => each.is === is && each.said === said);
  return (
    <section class="card" aria-labelledby="confusion-title">
      <div class="head">
        <h2 id="confusion-title">What it takes for what</h2>
        <span class="soft">Rows are what images are, columns what it says. Choose a number to see the images.</span>
      </div>
      <div class="confusion-scroll" tabIndex={0} role="region" aria-label="Table of answers">
        <table class="confusion">
          <thead>
            <tr>
              <td />
              {classes.map(({ id, name }) => (
                <th key={id} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.value.map((row, i) => {
              const all = Math.max(
                1,
                row.reduce((sum, n) => sum + n, 0),
              );
              return (
                <tr key={classes[i].id}>
                  <th scope="row">{classes[i].name}</th>
                  {row.map((n, j) => {
                    const style = { "--cell": i === j ? "var(--accent)" : "var(--danger)", "--share": n / all };
                    return (
                      <td key={classes[j].id}>
                        {n === 0 ? (
                          <span class="count none">0</span>
                        ) : (
                          <button
                            type="button"
                            class="count"
                            style={style}
                            aria-pressed={i === is && j === said}
                            aria-label={`${count(n, "image")} of ${classes[i].name}, called ${classes[j].name}`}
                            onClick={() => (open.value = i === is && j === said ? undefined : [i, j])}
                          >
                            {n}
                          </button>
                        )}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {images.length > 0 && (
        <div class="strip">
          {images.map(({ id }, i) => (
            <button key={id} type="button" class="picture" aria-label={`Look closely at image ${i + 1}`} onClick={() => (inspected.value = id)}>
              <Thumbnail id={id} alt="" />
            </button>
          ))}
        </div>
      )}
    </section>
  );
}
