/** Keeps the page for when there is no network; the second visit is from there. */
export function registerServiceWorker(): void {
  if (import.meta.env.PROD && "serviceWorker" in navigator) void navigator.serviceWorker.register("./sw.js").catch(() => {}); // a page that works without
}
