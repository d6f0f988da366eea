import { computed } from "@preact/signals";
import { and, count } from "../design/words.js";
import type { Labelled } from "../project/dataset.js";
import { imagesByClass, project } from "../project/state.js";

/** Fewer of a class than that work, and disappoint. */
const enough = 10;

/** Classes that have images: those that are taught. */
export const taughtClasses = computed(() => project.value.classes.filter(({ id }) => (imagesByClass.value.get(id)?.length ?? 0) > 0));

/** Images that have a class, with its position among those that are taught. */
export const labelled = computed(() =>
  taughtClasses.value.flatMap(({ id }, label) => (imagesByClass.value.get(id) ?? []).map((image): Labelled => [image.id, label])),
);

/** What keeps teaching from beginning; empty where nothing does. */
export const missing = computed(() => {
  const classes = taughtClasses.value;
  if (classes.length < 2) return "Two classes with images are needed, so that there is something to tell apart.";
  const single = classes.filter(({ id }) => imagesByClass.value.get(id)?.length === 1);
  return single.length > 0
    ? `${and(single.map(({ name }) => name))} ${single.length === 1 ? "has" : "have"} a single image; one to learn and one to check on are needed.`
    : "";
});

/** What will make the result worse than it could be. */
export const advice = computed(() => {
  const found: string[] = [];
  const sizes = taughtClasses.value.map(({ id, name }) => ({ name, size: imagesByClass.value.get(id)?.length ?? 0 }));
  const few = sizes.filter(({ size }) => size < enough);
  if (few.length > 0) found.push(`${and(few.map(({ name, size }) => `${name} (${size})`))}: with ${enough} images or more it would be surer.`);
  const [most, least] = [Math.max(...sizes.map(({ size }) => size)), Math.min(...sizes.map(({ size }) => size))];
  if (few.length === 0 && most > 5 * least) found.push("Some classes have far more images than others, and will be said more often than they should.");
  const without = imagesByClass.value.get(null)?.length ?? 0;
  if (without > 0) found.push(`${count(without, "image has", "images have")} no class yet and ${without === 1 ? "is" : "are"} not used.`);
  return found;
});
