import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { ArgumentError, DataError } from "../index.js";
import { addOutputOptions, type OutputOptions } from "./options.js";
import { printJson } from "./output.js";
import { isolation, type Server, serve } from "./runtimes/serve.js";

interface StudioOptions extends OutputOptions {
  readonly port: string;
}

/** What a browser keeps for a page it keeps for its address, so that the port is the same each time. */
const usualPort = "4747";

export function studioCommand(): Command {
  const command = new Command("studio")
    .description("Collect images and teach a network in the browser: serves a page on this machine until Ctrl-C")
    .option("--port <number>", "0 for any that is free; the browser keeps a project for its port", usualPort)
    .action(serveStudio);
  return addOutputOptions(command);
}

async function serveStudio({ port, json }: StudioOptions): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new ArgumentError(`studio: port expected a whole number from 0 to 65535, got ${port}`);
  const folder = fileURLToPath(new URL("../studio", import.meta.url));
  if (!existsSync(folder)) throw new DataError(`studio: the page is missing from this copy of the package (${folder})`);
  const { origin } = await listen(folder, Number(port));
  if (json) printJson({ url: `${origin}/` });
  else console.log(`Ocelli Studio: ${origin}/\nCtrl-C ends it; projects stay in the browser.`);
}

async function listen(folder: string, port: number): Promise<Server> {
  try {
    return await serve(folder, { headers: isolation, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new DataError(`studio: port ${port} is in use, perhaps by another studio; give another --port`);
  }
}
