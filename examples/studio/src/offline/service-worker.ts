/** Bundled by itself into `sw.js`: answers from a copy of the page that was made when it was first visited. */
declare const FILES: readonly string[];
declare const VERSION: string;

interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface RequestEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
declare const self: EventTarget & { readonly clients: { claim(): Promise<void> }; readonly registration: { readonly scope: string } };

const prefix = "ocelli-studio ";
const cacheName = prefix + VERSION;

// A new version takes over when no tab has the old one: parts of both would not fit together.
self.addEventListener("install", (event) => {
  const keep = async () => (await caches.open(cacheName)).addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  (event as WorkerEvent).waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const clean = async () => {
    for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name);
    await self.clients.claim();
  };
  (event as WorkerEvent).waitUntil(clean());
});

self.addEventListener("fetch", (event) => {
  const { request } = event as RequestEvent;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  const name = request.mode === "navigate" ? self.registration.scope : request.url;
  const answer = async () => {
    const kept = await (await caches.open(cacheName)).match(name, { ignoreSearch: true });
    return isolated(kept ?? (await fetch(request)));
  };
  (event as RequestEvent).respondWith(answer());
});

/** With the headers that threads need, which not every host of static files can be told to send. */
function isolated(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
