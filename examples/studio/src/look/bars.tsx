import { Meter } from "../design/meter.js";
import { percent } from "../design/words.js";
import { taught } from "./judged.js";

const mostShown = 6;

interface Props {
  readonly scores: readonly { readonly label: string; readonly score: number }[];
  /** Where they are the answer to a question that does not arise. */
  readonly isQuiet?: boolean;
}

/** Scores of the classes, the best first. */
export function Bars({ scores, isQuiet }: Props) {
  const classes = taught.value;
  return (
    <ul class={`bars${isQuiet ? " quiet" : ""}`}>
      {scores.slice(0, mostShown).map(({ label, score }) => {
        const color = classes.find(({ name }) => name === label)?.color;
        return (
          <li class="bar" key={label}>
            <span class="bar-name" style={{ "--class-color": color }}>
              <span class="dot" /> {label}
            </span>
            <span class="number" title={String(score)}>
              {percent(score)}
            </span>
            <Meter value={score} label={label} color={color} />
          </li>
        );
      })}
    </ul>
  );
}
