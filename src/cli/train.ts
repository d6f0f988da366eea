import { existsSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Command, Option } from "commander";
import { ArgumentError, type FineTuneOptions, fineTuner, type Trainer, trainingReport } from "../index.js";
import { openData } from "./data.js";
import { openForTraining } from "./open-model.js";
import {
  addBuildOption,
  addNetworkOptions,
  addOutputOptions,
  addThreadsOption,
  type EngineOptions,
  type NetworkOptions,
  number,
  wholeNumber,
} from "./options.js";
import { exitCodes, Interrupted, shellWord } from "./output.js";
import { checkWritable } from "./paths.js";
import { TrainView } from "./train-view.js";

interface TrainOptions extends EngineOptions, NetworkOptions {
  readonly output: string;
  readonly epochs: number;
  readonly freezeEpochs: number;
  readonly headLr?: number;
  readonly lr?: number;
  readonly batchSize?: number;
  readonly optimizer?: "sgd" | "adamw";
  readonly weightDecay?: number;
  readonly labelSmoothing?: number;
  readonly batchNorm?: "frozen" | "train";
  readonly gradientCheckpointing?: boolean;
  readonly patience?: number;
  readonly validation?: number;
  readonly seed?: number;
  readonly badImages: "skip" | "error";
  readonly checkpoint?: string;
  readonly resume?: boolean;
  readonly report: string | boolean;
}

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Fine-tune a network on a folder of images, one sub-folder per class")
    .argument("<data>", "folder with one sub-folder per class, .csv or .tar")
    .option("-o, --output <file>", "model file to write", "model.safetensors");
  addNetworkOptions(command)
    .optionsGroup("Learning:")
    .option("--epochs <n>", "passes over the images with all layers learning", wholeNumber(0), 5)
    .option("--freeze-epochs <n>", "passes before that over kept features, with only the head learning", wholeNumber(0), 30)
    .option("--head-lr <rate>", "peak learning rate while only the head learns", number(0), 1e-2)
    .option("--lr <rate>", "peak learning rate of the head once all layers learn", number(0), 5e-4)
    .option("--batch-size <n>", "images per step", wholeNumber(1), 32)
    .addOption(new Option("--optimizer <name>", "update rule").choices(["sgd", "adamw"]).default("adamw"))
    .option("--weight-decay <share>", "of weights, not of norms and biases (default: 0.01 for adamw, 1e-4 for sgd)", number(0))
    .option("--label-smoothing <share>", "spread over all classes", number(0), 0)
    .addOption(
      new Option(
        "--batch-norm <mode>",
        "statistics of the weights or of each batch (default: frozen for trained weights and fewer than 10,000 images)",
      ).choices(["frozen", "train"]),
    )
    .option("--gradient-checkpointing", "compute activations again instead of keeping them: less memory, a fifth more work, the same result")
    .option("--patience <epochs>", "stop when validation has not improved for so long; 0 is never", wholeNumber(0), 0)
    .option("--seed <n>", "of split, head, order and augmentation", wholeNumber(0), 0)
    .optionsGroup("Data:")
    .option("--validation <share>", "held out where the data has no split of its own", number(0, 1), 0.2)
    .addOption(new Option("--bad-images <what>", "what to do with images that cannot be read").choices(["skip", "error"]).default("skip"))
    .optionsGroup("Files:")
    .option("--checkpoint <file>", "written after every epoch and on Ctrl-C (default: <output>.checkpoint, removed at the end)")
    .option("--resume", "go on from the checkpoint, with the options it was started with")
    .option("--report <file>", "HTML report (default: <output>.html)")
    .option("--no-report", "write no report")
    .optionsGroup("Options:")
    .action(train);
  return addOutputOptions(addBuildOption(addThreadsOption(command), "simd"));
}

async function train(folder: string, options: TrainOptions): Promise<void> {
  const { output, resume = false } = options;
  const checkpoint = options.checkpoint ?? `${output}.checkpoint`;
  const reportName = typeof options.report === "string" ? options.report : output.replace(/(\.safetensors)?$/, ".html");
  const report = options.report === false ? undefined : reportName;
  const view = new TrainView(options.json ?? false, { head: options.freezeEpochs, all: options.epochs });
  for (const path of [output, checkpoint, ...(report ? [report] : [])]) checkWritable(path);
  if (resume && !existsSync(checkpoint)) throw new ArgumentError(`--resume: there is no checkpoint ${checkpoint}`);
  if (!resume && existsSync(checkpoint)) view.notice(`starting anew: ${checkpoint} of an unfinished run will be replaced (--resume goes on from it)`);

  const data = await openData(folder, { validation: options.validation, seed: options.seed });
  const model = await openForTraining({ ...options, classes: data.classes });
  const stop = new AbortController();
  const removeSignals = onSignals(stop, view);
  const started = performance.now();
  let trainer: Trainer | undefined;
  try {
    view.start(model, data);
    trainer = fineTuner(
      model,
      { train: data.train, validation: data.validation.length > 0 ? data.validation : undefined },
      {
        ...learningOptions(options),
        checkpoint,
        signal: stop.signal,
        onNotice: (text) => view.notice(text),
        onPrepare: (preparation) => view.prepare(preparation),
        onProgress: (progress) => view.progress(progress),
      },
    );
    if (resume) {
      await trainer.resume(checkpoint);
      view.notice(`going on from ${checkpoint}, ${trainer.records.length} of ${options.freezeEpochs + options.epochs} epochs done`);
    }
    const records = await trainer.fit();
    const seconds = (performance.now() - started) / 1000;
    await model.save(output);
    removeSignals();
    if (!options.checkpoint) for (const file of [checkpoint, `${checkpoint}.previous`]) rmSync(file, { force: true });

    const { train: learnt, validation } = trainer.usedData;
    const evaluation = validation && (await model.evaluate(validation, { build: trainer.build, onProgress: (done, total) => view.evaluating(done, total) }));
    if (report)
      await writeFile(
        report,
        await trainingReport({
          model,
          records,
          evaluation,
          validation,
          trainImages: learnt.length,
          seconds,
          title: basename(resolve(folder)),
          settings: settingsOf(folder, trainer, options),
        }),
      );
    view.done({ output, report, seconds, records, evaluation });
  } catch (error) {
    if (error instanceof Interrupted) view.interrupted(existsSync(checkpoint) ? checkpoint : undefined, resumeCommand());
    throw error;
  } finally {
    removeSignals();
    model.close();
  }
}

/** Ctrl-C and SIGTERM end training after the step it is in; a second one ends the process. */
function onSignals(stop: AbortController, view: TrainView): () => void {
  const handle = (exitCode: number) => () => {
    if (stop.signal.aborted) process.exit(exitCode);
    stop.abort(new Interrupted(exitCode));
    view.notice("stopping after this step; Ctrl-C again stops at once");
  };
  const [interrupt, terminate] = [handle(exitCodes.interrupted), handle(exitCodes.terminated)];
  process.on("SIGINT", interrupt).on("SIGTERM", terminate);
  return () => process.off("SIGINT", interrupt).off("SIGTERM", terminate);
}

/** This very command, going on. */
function resumeCommand(): string {
  return ["ocelli", ...process.argv.slice(2).filter((word) => word !== "--resume"), "--resume"].map(shellWord).join(" ");
}

/** What the report says about how the model was trained. */
function settingsOf(
  folder: string,
  { settings, build = "simd" }: Trainer,
  { weights = "of the package", epochs, freezeEpochs }: TrainOptions,
): Record<string, string | number> {
  const { phases, batchSize, optimizer, weightDecay, labelSmoothing, batchNorm, seed } = settings;
  return {
    data: folder,
    "starting weights": weights,
    "epochs, head only": freezeEpochs,
    "epochs, all layers": epochs,
    "peak rate, head only": phases[0].lr,
    "peak rate, all layers": phases[1].lr,
    "batch size": batchSize,
    optimizer: typeof optimizer === "string" ? optimizer : JSON.stringify(optimizer),
    "weight decay": weightDecay,
    "label smoothing": labelSmoothing,
    "batch norm": batchNorm,
    seed,
    build,
  };
}

function learningOptions({
  lr,
  headLr,
  epochs,
  freezeEpochs,
  batchSize,
  optimizer,
  weightDecay,
  labelSmoothing,
  batchNorm,
  gradientCheckpointing,
  patience,
  seed,
  badImages,
  build,
}: TrainOptions): FineTuneOptions {
  const learning = { optimizer, weightDecay, labelSmoothing, batchNorm, gradientCheckpointing };
  return { ...learning, baseLr: lr, headLr, epochs, freezeEpochs, batchSize, patience, seed, badImages, build };
}
