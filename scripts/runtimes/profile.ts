import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Profile {
  /** For `RunOptions`: what a page keeps in one run it has in the next. */
  readonly kept: { readonly profile: string; readonly port: number };
  remove(): void;
}

/** A browser's profile, and a port, so that pages are of one origin. */
export async function makeProfile(): Promise<Profile> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const profile = mkdtempSync(join(tmpdir(), "ocelli-profile-"));
  return { kept: { profile, port }, remove: () => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}
