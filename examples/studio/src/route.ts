import { signal } from "@preact/signals";
import type { IconName } from "./design/icon.js";

export const steps = [
  { id: "collect", name: "Collect", icon: "images" },
  { id: "teach", name: "Teach", icon: "spark" },
  { id: "look", name: "Look", icon: "eye" },
  { id: "take-away", name: "Take away", icon: "bag" },
] as const satisfies readonly { id: string; name: string; icon: IconName }[];

export type StepId = (typeof steps)[number]["id"];

const current = (): StepId => steps.find(({ id }) => location.hash === `#${id}`)?.id ?? "collect";

/** The step that is shown: the part of the address behind the `#`. */
export const route = signal<StepId>(current());

addEventListener("hashchange", () => {
  route.value = current();
});

export const goTo = (id: StepId) => {
  location.hash = id;
};
