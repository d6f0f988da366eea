import { DataError, FormatError } from "../core/errors.js";
import { hasFiles } from "../core/source.js";
import { env } from "./env.js";

const mostRedirects = 5;

/** A request did not come through; another attempt may. */
export class Interruption extends Error {
  /** @param after milliseconds that the server asks to wait */
  constructor(
    message: string,
    readonly after = 0,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface Answer {
  readonly response: Response;
  /** What the hub says of a file, also where it sends elsewhere for the content. */
  readonly hub: { readonly commit?: string; readonly size?: number; readonly etag?: string };
}

/**
 * One request, with the token where the hub itself is asked. Redirects are followed here, to see what the hub says on
 * the way and to send the token nowhere else; a browser follows them itself, and keeps to the same rule.
 *
 * @throws {Interruption} where no answer comes, or one that asks to try again
 * @throws {DataError} for redirects without end, or from https to http
 */
export async function request(
  url: string,
  { method = "GET", headers = {}, signal }: { method?: string; headers?: HeadersInit; signal?: AbortSignal },
): Promise<Answer> {
  let at = new URL(url);
  let hub: Answer["hub"] = {};
  for (let hops = 0; ; hops++) {
    const response = await send(at, { method, headers, signal, redirect: hasFiles ? "manual" : "follow" });
    hub = { ...hubHeaders(response), ...hub };
    const target = response.headers.get("location");
    if (!(response.status >= 300 && response.status < 400 && target)) {
      if (response.url) checkDowngrade(at, new URL(response.url));
      if (response.status !== 408 && response.status !== 429 && response.status < 500) return { response, hub };
      await response.body?.cancel();
      throw new Interruption(`status ${response.status} ${response.statusText}`, Number(response.headers.get("retry-after")) * 1000 || 0);
    }
    await response.body?.cancel();
    const next = new URL(target, at);
    checkDowngrade(at, next);
    // The hub has said all there is to know of a large file before it sends to where the content lies.
    if (method === "HEAD" && hub.etag !== undefined && next.origin !== at.origin) return { response, hub };
    if (hops === mostRedirects) throw new DataError(`cannot fetch ${url}: expected at most ${mostRedirects} redirects, got another to ${next}`);
    at = next;
  }
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("accept-encoding", "identity"); // sizes and ranges are of the file itself
  if (env.token && isTrusted(url)) headers.set("authorization", `Bearer ${env.token}`);
  try {
    return await fetch(url, { ...init, headers });
  } catch (cause) {
    init.signal?.throwIfAborted();
    const { message, cause: inner } = cause as Error;
    throw new Interruption(inner instanceof Error && inner.message ? inner.message : message, 0, { cause });
  }
}

/** Whether the token may be sent there: to the hub, and not in the clear over a network. */
function isTrusted(url: URL): boolean {
  const isPrivate = url.protocol === "https:" || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return isPrivate && url.origin === new URL(env.remoteHost).origin;
}

function checkDowngrade(from: URL, to: URL): void {
  if (!/^https?:$/.test(to.protocol) || (from.protocol === "https:" && to.protocol !== "https:"))
    throw new DataError(`cannot fetch ${from}: expected a redirect to https, got one to ${to}`);
}

function hubHeaders({ headers }: Response): Answer["hub"] {
  const commit = headers.get("x-repo-commit");
  const etag = headers.get("x-linked-etag");
  const size = headers.get("x-linked-size");
  return {
    ...(commit && { commit }),
    ...(etag && { etag: bare(etag) }),
    ...(size && { size: wholeNumber(size, "x-linked-size") }),
  };
}

/** `"abc"` and `W/"abc"` without quotes and mark. */
function bare(etag: string): string {
  return etag.replace(/^W\//, "").replaceAll('"', "");
}

/** @throws {FormatError} */
export function wholeNumber(text: string, header: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new FormatError(`expected a whole number in the header ${header}, got ${JSON.stringify(text.slice(0, 40))}`);
  return Number(text);
}
