import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunOptions } from "../../src/cli/runtimes/index.js";
import type { Installed } from "./cell.js";

export interface Milestones {
  /** A job in a page fetches it when it has come so far; the answer comes when all is done about it. */
  readonly milestone: string;
  close(): void;
}

/** @param reached what to do when a job has come so far */
export async function openMilestones(reached: () => unknown): Promise<Milestones> {
  const server = createServer(async (_, response) => {
    try {
      await reached();
      response.writeHead(204, { "Access-Control-Allow-Origin": "*" }).end();
    } catch (error) {
      console.error(error);
      response.destroy(); // the job's fetch fails
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    milestone: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Runs a job until it fetches its input's `milestone`, and kills the browser there. */
export async function killAtMilestone(installed: Installed, module: string, input: object, options: RunOptions): Promise<void> {
  const kill = new AbortController();
  const { milestone, close } = await openMilestones(() => kill.abort(new Error("killed")));
  try {
    const result = await installed.run(module, { ...input, milestone }, { ...options, signal: kill.signal });
    throw new Error(`expected to kill the browser, the job ended before: ${JSON.stringify(result)}`);
  } catch (error) {
    if (error !== kill.signal.reason) throw error;
  } finally {
    close();
  }
}
