import type { FileSource } from "../core/file-store.js";

/** `hf-hub:owner/name`, as timm and others write it. */
export const hubScheme = /^(hf-hub|hf_hub|hf):/i;

/** Whether this has to be fetched: a repository of the hub or a URL, but not one that is relative to a page. */
export function isRemote(source: FileSource): source is string | URL {
  if (typeof source !== "string" && !(source instanceof URL)) return false;
  return hubScheme.test(String(source)) || /^https?:/i.test(String(source));
}

/** Whether a string says where weights are, rather than which architecture they are of: a repository, a URL or a path. */
export function isReference(name: string): boolean {
  return isRemote(name) || /^file:/i.test(name) || /[/\\]/.test(name);
}
