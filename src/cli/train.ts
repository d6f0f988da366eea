import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { ArgumentError, createModel, type EpochRecord, type FineTuneOptions, fineTuner, listBundled, loadModel, type Model, type Progress, trainingReport } from "../index.js";
import { openData } from "./data.js";
import { type CommonOptions, commonOptions, number, wholeNumber } from "./options.js";
import { formatShare, Interrupted, printJson } from "./output.js";
import { ProgressBar } from "./progress.js";

interface TrainOptions extends CommonOptions {
  readonly output: string;
  readonly model: string;
  readonly weights?: string;
  readonly size?: number;
  readonly epochs?: number;
  readonly freezeEpochs?: number;
  readonly lr?: number;
  readonly batchSize?: number;
  readonly optimizer?: "sgd" | "adamw";
  readonly weightDecay?: number;
  readonly labelSmoothing?: number;
  readonly batchNorm?: "frozen" | "train";
  readonly patience?: number;
  readonly validation?: number;
  readonly seed?: number;
  readonly checkpoint?: string;
  readonly resume?: boolean;
  readonly badImages: "skip" | "error";
  readonly report: string | false;
}

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Fine-tune a network on a folder of images (one sub-folder per class), a .csv manifest or a .tar.")
    .argument("<data>", "folder, .csv or .tar")
    .option("-o, --output <file>", "model file to write", "model.safetensors")
    .option("-m, --model <name>", `architecture; ${listBundled().join(", ")} comes with weights`, listBundled()[0])
    .option("-w, --weights <file>", "safetensors file to start from, with PyTorch's names; or a model file of ours")
    .option("--size <pixels>", "side of the network's input; default that of the weights", wholeNumber(1))
    .option("--epochs <n>", "passes over the images with all layers learning", wholeNumber(0), 5)
    .option("--freeze-epochs <n>", "passes over kept features before that, with only the head learning", wholeNumber(0), 10)
    .option("--lr <rate>", "peak learning rate of the head", number(0), 2e-3)
    .option("--batch-size <n>", "images per step", wholeNumber(1), 32)
    .addOption(new Option("--optimizer <name>").choices(["sgd", "adamw"]).default("adamw"))
    .option("--weight-decay <share>", "of weights, not of norms and biases", number(0))
    .option("--label-smoothing <share>", "spread over all classes", number(0), 0)
    .addOption(new Option("--batch-norm <mode>", "frozen below 10,000 images unless said").choices(["frozen", "train"]))
    .option("--patience <epochs>", "stop when validation has not improved for so long; 0 is never", wholeNumber(0), 0)
    .option("--validation <share>", "held out where the data has no split of its own", number(0), 0.2)
    .option("--seed <n>", "of split, head, order and augmentation", wholeNumber(0), 0)
    .option("--checkpoint <file>", "written after every epoch and on Ctrl-C; default <output>.checkpoint")
    .option("--resume", "go on from the checkpoint")
    .addOption(new Option("--bad-images <what>", "what to do with images that cannot be read").choices(["skip", "error"]).default("skip"))
    .option("--report <file>", "HTML report; default beside the output")
    .option("--no-report", "write no report")
    .action(train);
  for (const option of commonOptions()) command.addOption(option);
  return command;
}

async function train(folder: string, options: TrainOptions): Promise<void> {
  const { json = false, output } = options;
  const checkpoint = options.checkpoint ?? `${output}.checkpoint`;
  if (options.resume && !existsSync(checkpoint)) throw new ArgumentError(`--resume: there is no checkpoint ${checkpoint}`);
  const data = await openData(folder, { validation: options.validation, seed: options.seed });
  const model = await openForTraining(data.classes, options);
  const bar = new ProgressBar();
  const say = (text: string) => (json ? printJson({ notice: text }) : bar.line(text));
  say(`${model.architecture.name} at ${model.imageSize.join("x")} px, ${data.train.length} images to learn from, ${data.validation.length} to check, ${data.classes.length} classes: ${data.classes.slice(0, 12).join(", ")}${data.classes.length > 12 ? ", ..." : ""}`);

  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Interrupted());
    say("stopping after this step; press Ctrl-C again to stop at once");
  };
  process.on("SIGINT", interrupt);
  const started = performance.now();
  const trainer = fineTuner(model, { train: data.train, validation: data.validation.length > 0 ? data.validation : undefined }, {
    ...trainingOptions(options),
    checkpoint,
    signal: stop.signal,
    onNotice: say,
    onProgress: (progress) => show(progress, json, bar),
  });
  try {
    if (options.resume) await trainer.resume(checkpoint);
    const records = await trainer.fit();
    bar.clear();
    const seconds = (performance.now() - started) / 1000;
    await model.save(output);
    await finish(model, records, seconds);
  } catch (error) {
    if (error instanceof Interrupted) say(`stopped; go on with: ocelli train ${folder} -o ${output} --resume`);
    throw error;
  } finally {
    process.off("SIGINT", interrupt);
    model.close();
  }

  async function finish(model: Model, records: readonly EpochRecord[], seconds: number): Promise<void> {
    const evaluation = data.validation.length > 0 ? await model.evaluate(data.validation, { build: "simd" }) : undefined;
    const report = options.report === false ? undefined : (options.report ?? output.replace(/(\.safetensors)?$/, ".html"));
    if (report) await writeFile(report, await trainingReport({ model, records, evaluation, validation: data.validation, trainImages: data.train.length, seconds, title: folder }));
    const imagesPerSecond = Math.max(0, ...records.filter(({ phase }) => phase === "all").map((record) => record.imagesPerSecond));
    if (json) printJson({ done: true, output, report, seconds, imagesPerSecond, accuracy: evaluation?.accuracy, loss: evaluation?.loss, records });
    else {
      bar.line(`${evaluation ? `validation accuracy ${formatShare(evaluation.accuracy)}, ` : ""}${seconds.toFixed(1)} s${imagesPerSecond ? `, ${imagesPerSecond.toFixed(0)} images/s while training all layers` : ""}`);
      bar.line(`wrote ${output}${report ? ` and ${report}` : ""}; try: ocelli predict ${output} <images...>`);
    }
  }
}

/** A model for these classes: from the weights given, from a model file of ours, or from the package's own weights. */
async function openForTraining(classes: readonly string[], { model: name, weights, size, seed, threads }: TrainOptions): Promise<Model> {
  const bundled = listBundled().includes(name);
  if (!weights && !bundled) throw new ArgumentError(`--model ${name}: the package has no weights for it; give --weights <file>, or "random" to start from none`);
  const common = { labels: classes, imageSize: size, seed, threads };
  if (weights === "random") return createModel(name, common);
  if (!weights) return createModel(name, { ...common, pretrained: true });
  const saved = await loadModel(weights, { threads }).catch(() => undefined);
  const architecture = saved?.architecture.name ?? name;
  saved?.close();
  return createModel(architecture, { ...common, pretrained: weights });
}

function trainingOptions({ epochs, freezeEpochs, lr, batchSize, optimizer, weightDecay, labelSmoothing, batchNorm, patience, seed, badImages }: TrainOptions): FineTuneOptions {
  return { epochs, freezeEpochs, baseLr: lr, batchSize, optimizer, weightDecay, labelSmoothing, batchNorm, patience, seed, badImages };
}

function show(progress: Progress, json: boolean, bar: ProgressBar): void {
  const { phase, epoch, epochs, step, steps, loss, accuracy, validation, imagesPerSecond, eta } = progress;
  if (validation || (json && step === steps)) {
    if (json) printJson({ epoch, epochs, phase, loss, accuracy, validation: validation && { loss: validation.loss, accuracy: validation.accuracy }, imagesPerSecond });
    else bar.line(`epoch ${String(epoch).padStart(String(epochs).length)}/${epochs} ${phase.padEnd(4)}  loss ${loss.toFixed(3)}  accuracy ${formatShare(accuracy)}  validation: loss ${validation?.loss.toFixed(3)}, accuracy ${formatShare(validation?.accuracy ?? 0)}`);
  } else if (!json) bar.update(step / steps, `epoch ${epoch}/${epochs}  loss ${loss.toFixed(3)}  ${imagesPerSecond.toFixed(0)} images/s`, eta);
}
