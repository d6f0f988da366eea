#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { OcelliError } from "../index.js";
import { augmentCommand } from "./augment.js";
import { benchCommand } from "./bench.js";
import { calibrateCommand } from "./calibrate.js";
import { downloadCommand } from "./download.js";
import { evalCommand } from "./eval.js";
import { embedCommand } from "./embed.js";
import { explainCommand } from "./explain.js";
import { exportCommand } from "./export.js";
import { inspectCommand } from "./inspect.js";
import { lrFindCommand } from "./lr-find.js";
import { modelsCommand } from "./models.js";
import { exitCodes, Interrupted } from "./output.js";
import { predictCommand } from "./predict.js";
import { quantizeCommand } from "./quantize.js";
import { studioCommand } from "./studio.js";
import { searchCommand } from "./search.js";
import { trainCommand } from "./train.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("ocelli")
  .description("Classify, embed and fine-tune images on the CPU.")
  .version(version)
  .addHelpText(
    "after",
    `
Examples:
  ocelli train photos -o photos.safetensors   photos/cat/*.jpg, photos/dog/*.jpg, ...
  ocelli predict photos.safetensors new.jpg
  ocelli eval photos.safetensors more-photos

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped by --stop-after, 130 stopped by Ctrl-C.`,
  );
for (const make of [
  trainCommand,
  lrFindCommand,
  predictCommand,
  evalCommand,
  embedCommand,
  explainCommand,
  searchCommand,
  augmentCommand,
  calibrateCommand,
  quantizeCommand,
  exportCommand,
  inspectCommand,
  modelsCommand,
  downloadCommand,
  benchCommand,
  studioCommand,
])
  program.addCommand(make());
for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ outputError: () => {} });

// `ocelli embed ... | head` closes the pipe early, which is no failure. Training goes on: what it is for is a file.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  if (program.args[0] !== "train") process.exit(exitCodes.ok);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong, without a stack where the cause is the user's, and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.ok;
    const [name] = process.argv.slice(2).filter((word) => program.commands.some((command) => command.name() === word));
    if (error.code !== "commander.help") complain("ERR_USAGE", `${error.message.replace(/^error: /, "")}; see ocelli ${name ? `${name} ` : ""}--help`);
    return exitCodes.usage;
  }
  if (error instanceof OcelliError) {
    complain(error.code, error.message);
    return error.code === "ERR_ARGUMENT" ? exitCodes.usage : exitCodes.failed;
  }
  complain("ERR_INTERNAL", error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failed;
}

function complain(code: string, message: string): void {
  process.stderr.write(process.argv.includes("--json") ? `${JSON.stringify({ error: { code, message } })}\n` : `ocelli: ${message}\n`);
}
