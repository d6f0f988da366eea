import type { Child } from "./child.js";
import { outcomePath, runReporting } from "./reported.js";
import { importMap } from "./resolve-packages.js";
import { type Job, outcomeSource, type RunOptions } from "./runtime.js";
import { isolation, text } from "./serve.js";

const page = "/ocelli-job/";

/** Runs a job in a page of its own, in a browser of its own. @param open starts the browser, with a folder for its profile */
export function runInPage(name: string, open: (url: string, profile: string) => Child, job: Job, options: RunOptions): Promise<unknown> {
  const map = JSON.stringify(importMap(job.project, ["browser", "import"])).replaceAll("<", "\\u003c");
  const html = `<!doctype html><meta charset="utf-8"><title>Ocelli</title><link rel="icon" href="data:,">
<script type="importmap" nonce="ocelli">${map}</script><script type="module" src="run.js"></script>`;
  const script = `${outcomeSource}let send = (outcome) => { send = () => {}; fetch("${outcomePath}", { method: "POST", body: JSON.stringify(outcome) }); };
addEventListener("error", ({ error, message }) => send(thrown(error ?? message)));
addEventListener("unhandledrejection", ({ reason }) => send(thrown(reason)));
send(await outcomeOf(() => import(${JSON.stringify(`/${job.module}`)}), ${JSON.stringify(job.input ?? null)}, { base: location.origin + "/" }));
`;
  const headers = { ...(options.isolated === false ? {} : isolation), ...options.headers };
  const routes = { [page]: text(".html", html), [`${page}run.js`]: text(".js", script) };
  return runReporting(name, { served: job.project, headers, routes, start: async (origin, folder) => open(origin + page, folder) }, options);
}
