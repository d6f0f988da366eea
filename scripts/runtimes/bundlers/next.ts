import { spawn } from "node:child_process";
import { join } from "node:path";
import { type Bundler, runTool, warningsIn } from "./bundler.js";

/** Next's advice about the edge runtime, which the pages have for the sake of this test, and about keeping its cache between builds of a CI. */
const known = /edge.runtime|no build cache/i;

/** `next build && next start`: client components, a route handler in Node and one of the edge runtime. */
export const next: Bundler = {
  name: "Next",
  packages: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
  async build(project) {
    const said = await runTool(project, "next/dist/bin/next", ["build"]);
    return { warnings: warningsIn(said, known), serve: ({ isolated }) => start(project, isolated) };
  },
};

/** Next is its own server; `/isolated` is the page with the headers for threads. */
async function start(project: string, isolated: boolean) {
  const args = [join(project, "node_modules/next/dist/bin/next"), "start", "--port", "0", "--hostname", "127.0.0.1"];
  const child = spawn(process.execPath, args, { cwd: project, env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const origin = await new Promise<string>((done, fail) => {
    const listen = (chunk: Buffer) => {
      said += chunk;
      const [, found] = /Local:\s+(http:\/\/\S+)[^]*Ready/.exec(said) ?? [];
      if (found) done(found);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => fail(new Error(`next start ended with exit code ${code}\n${said}`)));
  });
  return {
    scenario: `${origin}/${isolated ? "isolated" : ""}`,
    classify: `${origin}/classify`,
    routes: { "route handler in Node": { url: `${origin}/api/node`, threads: 2 }, "edge function": { url: `${origin}/api/edge`, threads: 1 } },
    close: () => void child.kill(),
  };
}
