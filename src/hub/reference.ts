import { ArgumentError } from "../core/errors.js";
import { env } from "./env.js";
import { hubScheme } from "./is-reference.js";

/** A repository of the hub, and the file that is meant where one is named. */
export interface RepositoryReference {
  /** `owner/name` */
  readonly repo: string;
  /** Branch, tag or commit (default `main`). */
  readonly revision: string;
  readonly file?: string;
}

/** What a string names: `hf-hub:owner/name[@revision]`, the address of a repository's page, any other URL, or the path of a folder. */
export type Reference =
  | ({ readonly kind: "repository" } & RepositoryReference)
  | { readonly kind: "url"; readonly url: string; readonly sha256?: string }
  | { readonly kind: "folder"; readonly path: string | URL };

/** @throws {ArgumentError} for a malformed name */
export function parseReference(source: string | URL): Reference {
  const text = String(source);
  if (hubScheme.test(text)) {
    const [repo, revision = "main", ...rest] = text.replace(hubScheme, "").split("@");
    if (rest.length > 0) throw new ArgumentError(`expected hf-hub:owner/name[@revision], got ${JSON.stringify(text)}`);
    return { kind: "repository", ...checked({ repo, revision }) };
  }
  if (!/^https?:/i.test(text)) return { kind: "folder", path: source };
  const page = parsePage(new URL(text));
  if (page) return { kind: "repository", ...page };
  const url = new URL(text);
  const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1].toLowerCase();
  url.hash = "";
  return { kind: "url", url: url.href, sha256 };
}

/** `https://huggingface.co/owner/name`, or the address of a file there as the site and its downloads have it. */
function parsePage(url: URL): RepositoryReference | undefined {
  const host = new URL(env.remoteHost);
  if (url.origin !== host.origin || env.remotePath !== "{repo}/resolve/{revision}/{file}") return undefined;
  const path = url.pathname.slice(host.pathname.replace(/\/$/, "").length + 1);
  const [owner, name, form, revision, ...file] = path.split("/").map(decodeURIComponent);
  if (!name || /^(api|datasets|spaces|docs|models)$/.test(owner)) return undefined;
  if (!form) return checked({ repo: `${owner}/${name}`, revision: "main" });
  if (!/^(resolve|blob|raw|tree)$/.test(form)) return undefined;
  return checked({ repo: `${owner}/${name}`, revision, ...(form !== "tree" && file.length > 0 && { file: file.join("/") }) });
}

/** Where a file of a repository lies. @throws {ArgumentError} for a path that leaves it */
export function urlOf({ repo, revision }: RepositoryReference, file: string): string {
  checked({ repo, revision, file });
  const encode = (path: string) => path.split("/").map(encodeURIComponent).join("/");
  const parts = new Map([
    ["repo", encode(repo)],
    ["revision", encodeURIComponent(revision)],
    ["file", encode(file)],
  ]);
  const path = env.remotePath.replace(/\{(\w+)\}/g, (whole, name) => parts.get(name) ?? whole);
  return `${env.remoteHost.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}

function checked(reference: RepositoryReference): RepositoryReference {
  const isPlain = (path: string) => /^[\w.+()~ /-]+$/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  const { repo, revision, file } = reference;
  if (!isPlain(repo) || repo.split("/").length !== 2) throw new ArgumentError(`expected a repository as owner/name, got ${JSON.stringify(repo)}`);
  for (const [name, value] of Object.entries({ revision, file }))
    if (value !== undefined && !isPlain(value))
      throw new ArgumentError(`expected a ${name} of ${repo} without special characters, got ${JSON.stringify(value)}`);
  return reference;
}
