import { type ReadableStore, partsOf } from "../core/file-store.js";
import { openUrl } from "../core/http-source.js";

/**
 * Files below a URL, to be read: in parts where the server answers Range requests.
 *
 * @param base the folder's URL; in a page it may be relative to it
 */
export function http(base: string | URL): ReadableStore {
  const root = new URL(String(base).replace(/\/?$/, "/"), globalThis.location?.href);
  return {
    place: root.href,
    open: async (name) => openUrl(new URL(partsOf(name).map(encodeURIComponent).join("/"), root).href),
  };
}
