import { computed, signal } from "@preact/signals";
import { imagesByClass, project } from "../project/state.js";

/** What the grid shows: all images, those of a class (by id), or those without one (null). */
export const shown = signal<"all" | string | null>("all");
export const selected = signal<ReadonlySet<string>>(new Set());
/** Image that is shown large. */
export const opened = signal<string | undefined>(undefined);

export const shownImages = computed(() => (shown.value === "all" ? project.value.images : (imagesByClass.value.get(shown.value) ?? [])));
export const shownClass = computed(() => project.value.classes.find(({ id }) => id === shown.value) ?? null);
