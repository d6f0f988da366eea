import { computed, signal } from "@preact/signals";
import { imageById, label, project, undo } from "../project/state.js";
import { type Checked, trained } from "../project/trained.js";
import { say } from "../design/toast.js";

/** An image that was kept aside: what it is called now, and what the network said of it. Positions of the classes that were taught. */
export interface Judged extends Checked {
  readonly is: number;
}

/** Image that is looked at closely. */
export const inspected = signal<string | undefined>(undefined);

/** Images that were kept aside and are still there, in a class that was taught. */
export const judged = computed(() => {
  const places = new Map(trained.value?.classes.map(({ id }, i) => [id, i]));
  return (trained.value?.checked ?? []).flatMap((each): Judged[] => {
    const is = places.get(imageById.value.get(each.id)?.label ?? "");
    return is === undefined ? [] : [{ ...each, is }];
  });
});

/** Those that it took for another class, the surest first. */
export const wrong = computed(() => judged.value.filter(({ is, said }) => is !== said).sort((a, b) => b.score - a.score));

/** `counts[is][said]` */
export const counts = computed(() => {
  const n = trained.value?.classes.length ?? 0;
  const found = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (const { is, said } of judged.value) found[is][said]++;
  return found;
});

/** Of fewer images kept aside there is no telling where 19 in 20 are right. */
const fewest = 40;
const usual = 0.6;

/** Score from which an answer is to be believed: that from which 19 in 20 of those on images kept aside were right. */
export const sureFrom = computed(() => {
  const [least, most] = [0.5, 0.9];
  if (judged.value.length < fewest) return usual;
  const answers = [...judged.value].sort((a, b) => b.score - a.score);
  let right = 0;
  let found = most;
  answers.forEach(({ is, said, score }, i) => {
    if (is === said) right++;
    if (right >= 0.95 * (i + 1)) found = score;
  });
  return Math.min(most, Math.max(least, found));
});

/** Classes as they are called and coloured now. */
export const taught = computed(() =>
  (trained.value?.classes ?? []).map(({ id, name }) => project.value.classes.find((each) => each.id === id) ?? { id, name, color: "#8b887f" }),
);

/** Takes the network's word for an image. */
export function believe({ id, said }: Judged): void {
  const to = taught.value[said];
  label(new Set([id]), to);
  say(`It is ${to.name} now. Teach again to make use of it.`, { label: "Undo", run: undo });
}
