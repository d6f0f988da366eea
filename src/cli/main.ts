#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { OcelliError } from "../index.js";
import { benchCommand } from "./bench.js";
import { evalCommand } from "./eval.js";
import { embedCommand } from "./embed.js";
import { inspectCommand } from "./inspect.js";
import { exitCodes, Interrupted } from "./output.js";
import { predictCommand } from "./predict.js";
import { trainCommand } from "./train.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("ocelli")
  .description("Classify, embed and fine-tune images on the CPU.")
  .version(version)
  .exitOverride()
  .addCommand(trainCommand())
  .addCommand(predictCommand())
  .addCommand(evalCommand())
  .addCommand(embedCommand())
  .addCommand(inspectCommand())
  .addCommand(benchCommand());
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong, without a stack where the cause is the user's, and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Interrupted) return exitCodes.interrupted;
  const json = process.argv.includes("--json");
  if (error instanceof OcelliError) {
    console.error(json ? JSON.stringify({ error: { code: error.code, message: error.message } }) : `ocelli: ${error.message}`);
    return error.code === "ERR_ARGUMENT" ? exitCodes.usage : exitCodes.failed;
  }
  console.error(error);
  return exitCodes.failed;
}
