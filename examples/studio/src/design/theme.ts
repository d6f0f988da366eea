import { effect, signal } from "@preact/signals";

export const themes = ["auto", "light", "dark"] as const;

const kept = localStorage.getItem("theme");

/** `auto` is what the system has. */
export const theme = signal(themes.find((each) => each === kept) ?? "auto");

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
});
