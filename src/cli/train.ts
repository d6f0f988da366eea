import { existsSync, mkdirSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { Command, Option } from "commander";
import {
  ArgumentError,
  DataError,
  type FineTuneOptions,
  fineTuner,
  type Model,
  parseRecipe,
  type RecipeStage,
  type SaveOptions,
  type Split,
  Trainer,
  type TrainerOptions,
  type TrainingData,
  trainingReport,
  transforms,
} from "../index.js";
import { openData } from "./data.js";
import { openForTraining, openTeacher, type StartingPoint } from "./open-model.js";
import {
  addBuildOption,
  addNetworkOptions,
  addOutputOptions,
  addThreadsOption,
  duration,
  type EngineOptions,
  type NetworkOptions,
  number,
  numberWithin,
  wholeNumber,
} from "./options.js";
import { exitCodes, Interrupted, shellWord } from "./output.js";
import { checkWritable } from "./paths.js";
import { TrainView } from "./train-view.js";

interface TrainOptions extends EngineOptions, NetworkOptions {
  readonly output: string;
  readonly epochs?: number;
  readonly freezeEpochs?: number;
  readonly headLr?: number;
  readonly lr?: number;
  readonly batchSize?: number;
  readonly optimizer?: "sgd" | "adamw";
  readonly weightDecay?: number;
  readonly labelSmoothing?: number;
  readonly augment?: string;
  readonly erase?: number;
  readonly mixup?: number;
  readonly cutmix?: number;
  readonly repeats?: number;
  readonly batchNorm?: "frozen" | "train";
  readonly gradientCheckpointing?: boolean;
  readonly patience?: number;
  readonly validation?: number;
  readonly seed?: number;
  readonly badImages: "skip" | "error";
  readonly checkpoint?: string;
  readonly resume?: boolean;
  readonly recipe?: string;
  readonly stopAfter?: number;
  /** Recipes that this one is a part of. */
  readonly following?: readonly string[];
  readonly report: string | boolean;
}

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Fine-tune a network on a folder of images, one sub-folder per class")
    .argument("[data]", "folder with one sub-folder per class, .csv or .tar; default the recipe's")
    .option("--recipe <file>", "a whole training as JSON: model, data and learning, in place of those options")
    .option("-o, --output <file>", "model file to write", "model.safetensors");
  addNetworkOptions(command)
    .optionsGroup("Learning:")
    .option("--epochs <n>", "passes over the images with all layers learning (default: by their number)", wholeNumber(0))
    .option("--freeze-epochs <n>", "passes before that over kept features, with only the head learning (default: by their number)", wholeNumber(0))
    .option("--head-lr <rate>", "peak learning rate while only the head learns (default: a logistic regression, which needs none)", number(0))
    .option(
      "--lr <rate>",
      "peak learning rate of the head once all layers learn (default: 2e-3 below 2 million parameters, else 5e-4; less for few images)",
      number(0),
    )
    .option("--batch-size <n>", "images per step", wholeNumber(1), 32)
    .addOption(new Option("--optimizer <name>", "update rule (default: adamw; of a head alone a logistic regression's)").choices(["sgd", "adamw"]))
    .option("--weight-decay <share>", "of weights, not of norms and biases (default: 0.01 for adamw, 1e-4 for sgd)", number(0))
    .option("--label-smoothing <share>", "spread over all classes (default: 0, where images are mixed by choice 0.1)", number(0))
    .addOption(
      new Option(
        "--batch-norm <mode>",
        "statistics of the weights or of each batch (default: frozen for trained weights and fewer than 10,000 images)",
      ).choices(["frozen", "train"]),
    )
    .option("--gradient-checkpointing", "compute activations again instead of keeping them: less memory, a fifth more work, the same result")
    .option("--patience <epochs>", "stop when validation has not improved for so long; 0 is never", wholeNumber(0), 0)
    .option("--seed <n>", "of split, head, order and augmentation", wholeNumber(0), 0)
    .optionsGroup("Augmentation, while all layers learn:")
    .option("--augment <policy>", "automatic augmentation, such as rand-m9-mstd0.5-inc1, augmix-m5-w4-d2, ta_wide, imagenet (default: none)")
    .option("--erase <probability>", "of erasing a random rectangle of an image", numberWithin(0, 1))
    .option("--mixup <alpha>", "blend images of a batch, by shares from a beta distribution (default: by the images; 0 for none)", number(0))
    .option("--cutmix <alpha>", "swap rectangles between images of a batch; with --mixup one or the other (default: by the images; 0 for none)", number(0))
    .option("--repeats <n>", "differently augmented copies of an image in a batch, of as many fewer images", wholeNumber(1))
    .optionsGroup("Data:")
    .option("--validation <share>", "held out where the data has no split of its own", number(0, 1), 0.2)
    .addOption(new Option("--bad-images <what>", "what to do with images that cannot be read").choices(["skip", "error"]).default("skip"))
    .optionsGroup("Files:")
    .option("--checkpoint <file>", "written after every epoch and on Ctrl-C (default: <output>.checkpoint, removed at the end)")
    .option("--stop-after <time>", "end after so long with a checkpoint to go on from: 110m, 2h, 90s", duration)
    .option("--resume", "go on from the checkpoint, with the options it was started with")
    .option("--report <file>", "HTML report (default: <output>.html)")
    .option("--no-report", "write no report")
    .optionsGroup("Options:")
    .action(train);
  return addOutputOptions(addBuildOption(addThreadsOption(command), "simd"));
}

async function train(argument: string | undefined, asked: TrainOptions, command: Command): Promise<void> {
  const plan = await (asked.recipe ? planOfRecipe(asked.recipe, argument, asked, command) : planOfOptions(argument, asked));
  const options = plan.before ? await trainBefore(plan.before, argument, asked, command) : asked;
  const { output, resume = false, stopAfter } = options;
  const checkpoint = checkpointOf(options);
  const reportName = typeof options.report === "string" ? options.report : output.replace(/(\.safetensors)?$/, ".html");
  const report = options.report === false ? undefined : reportName;
  const view = new TrainView(options.json ?? false);
  for (const path of [output, checkpoint, ...(report ? [report] : [])]) checkWritable(path);
  if (resume && !existsSync(checkpoint)) throw new ArgumentError(`--resume: there is no checkpoint ${checkpoint}`);
  if (!resume && existsSync(checkpoint)) view.notice(`starting anew: ${checkpoint} of an unfinished run will be replaced (--resume goes on from it)`);

  const data = await plan.openData();
  const model = await openForTraining({ ...plan.start, threads: options.threads, json: options.json, classes: data.classes });
  const stop = new AbortController();
  const removeSignals = onSignals(stop, view);
  const timer = stopAfter === undefined ? undefined : setTimeout(() => stop.abort(new Interrupted(exitCodes.stopped)), 1000 * stopAfter);
  const started = performance.now();
  let trainer: Trainer | undefined;
  try {
    view.start(model, data);
    const sets = { train: data.train, validation: data.validation.length > 0 ? data.validation : undefined };
    trainer = await plan.trainer(model, sets, {
      checkpoint,
      signal: stop.signal,
      onNotice: (text) => view.notice(text),
      onPrepare: (preparation) => view.prepare(preparation),
      onProgress: (progress) => view.progress(progress),
    });
    const { phases } = trainer.settings;
    view.follow(phases);
    if (resume) {
      await trainer.resume(checkpoint);
      view.notice(`going on from ${checkpoint}, ${trainer.records.length} of ${phases.reduce((sum, { epochs }) => sum + epochs, 0)} epochs done`);
    }
    const records = await trainer.fit();
    const seconds = (performance.now() - started) / 1000;
    await model.save(output, plan.saving);
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
          title: basename(resolve(plan.folder)),
          settings: settingsOf(plan.folder, trainer, options),
        }),
      );
    view.done({ output, report, seconds, records, evaluation });
  } catch (error) {
    if (error instanceof Interrupted) view.interrupted(existsSync(checkpoint) ? checkpoint : undefined, resumeCommand());
    throw error;
  } finally {
    clearTimeout(timer);
    removeSignals();
    plan.close();
    model.close();
  }
}

const checkpointOf = ({ output, checkpoint = `${output}.checkpoint` }: Pick<TrainOptions, "output" | "checkpoint">) => checkpoint;

/** Trains what a recipe starts from, where that is not there yet. @returns the options for what follows it */
async function trainBefore({ recipe, file }: RecipeStage, argument: string | undefined, options: TrainOptions, command: Command): Promise<TrainOptions> {
  const { resume = false, stopAfter, recipe: next, following = [] } = options;
  if (existsSync(file)) return options;
  const recipes = [...following, resolve(next as string)];
  if (recipes.includes(resolve(recipe)))
    throw new DataError(`${next}: model.weights: expected what another recipe makes, got one that begins with this (${recipe})`);
  const started = performance.now();
  const unfinished = existsSync(checkpointOf({ output: file }));
  if (resume && !unfinished) throw new ArgumentError(`--resume: there is no checkpoint ${checkpointOf({ output: file })}`);
  mkdirSync(dirname(file), { recursive: true });
  const stage = { ...options, recipe, output: file, checkpoint: undefined, report: false, following: recipes };
  await train(argument, stage, command);
  const spent = (performance.now() - started) / 1000;
  return { ...options, resume: false, stopAfter: stopAfter === undefined ? undefined : Math.max(0, stopAfter - spent) };
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
  { settings, choice, build = "simd" }: Trainer,
  { weights = "of the package", recipe, augment, erase }: TrainOptions,
): Record<string, string | number> {
  const { phases, batchSize, optimizer, weightDecay, labelSmoothing, batchNorm, mixing, repeats, seed } = settings;
  return {
    data: folder,
    ...(recipe ? { recipe } : { "starting weights": weights }),
    ...Object.fromEntries(
      phases.flatMap(({ name, epochs, train, lr, regression }) => [
        [`epochs, ${name}${train === "head" ? " only" : ""}`, epochs],
        ...(regression ? [[`penalty of the regression, ${name}`, regression.penalty]] : [[`peak rate, ${name}`, lr]]),
      ]),
    ),
    "batch size": batchSize,
    optimizer: typeof optimizer === "string" ? optimizer : JSON.stringify(optimizer),
    "weight decay": weightDecay,
    "label smoothing": labelSmoothing,
    "batch norm": batchNorm,
    ...(augment && { augmentation: augment }),
    ...(erase && { "probability of erasing": erase }),
    ...(mixing && { "alpha of mixup": mixing.mixup, "alpha of cutmix": mixing.cutmix }),
    ...(repeats && { repeats }),
    ...(choice && { chosen: choice }),
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
  augment,
  erase,
  mixup,
  cutmix,
  repeats,
  batchNorm,
  gradientCheckpointing,
  patience,
  seed,
  badImages,
  build,
}: TrainOptions): FineTuneOptions {
  const learning = { optimizer, weightDecay, labelSmoothing, batchNorm, gradientCheckpointing };
  const augmentation = { auto: augment === undefined ? undefined : transforms.autoAugmentation(augment), erasing: erase };
  const mixing = mixup || cutmix ? { mixup, cutmix } : (mixup ?? cutmix) === undefined ? undefined : false;
  return { ...learning, augmentation, mixing, repeats, baseLr: lr, headLr, epochs, freezeEpochs, batchSize, patience, seed, badImages, build };
}

/** What is to be trained, of what, and how. */
interface TrainPlan {
  /** What it starts from. */
  readonly before?: RecipeStage;
  /** Where the images are. */
  readonly folder: string;
  readonly start: Omit<StartingPoint, "classes">;
  readonly saving?: SaveOptions;
  openData(): Promise<Split>;
  trainer(model: Model, data: TrainingData, hooks: TrainerOptions): Promise<Trainer>;
  close(): void;
}

async function planOfOptions(folder: string | undefined, options: TrainOptions): Promise<TrainPlan> {
  if (folder === undefined) throw new ArgumentError("train: expected a folder of images, or --recipe");
  const { model, weights, size, preprocessing, seed, validation } = options;
  return {
    folder,
    start: { model, weights, size, preprocessing, seed },
    openData: () => openData(folder, { validation, seed }),
    trainer: async (opened, data, hooks) => fineTuner(opened, data, { ...learningOptions(options), ...hooks }),
    close: () => {},
  };
}

/** Options that go with a recipe; it says the others itself. */
const besideRecipe = new Set(["recipe", "output", "threads", "json", "checkpoint", "resume", "report", "stopAfter"]);

async function planOfRecipe(file: string, argument: string | undefined, { threads, json }: TrainOptions, command: Command): Promise<TrainPlan> {
  const given = command.options.find((option) => command.getOptionValueSource(option.attributeName()) === "cli" && !besideRecipe.has(option.attributeName()));
  if (given) throw new ArgumentError(`${given.long}: not beside --recipe, which says it itself`);
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new DataError(`cannot read ${file}`, { cause });
  });
  const recipe = parseRecipe(text, file);
  const { model, seed = 0, training, save } = recipe;
  const { train: folder, validation = 0.2 } = { ...recipe.data, ...(argument && { train: argument }) };
  const { distillation, ...learning } = training;
  const before = typeof model.weights === "object" ? model.weights : undefined;
  const weights = before?.file ?? (model.weights as string | undefined) ?? "random";
  let teacher: Model | undefined;
  return {
    before,
    folder: typeof folder === "string" ? folder : [folder.shards].flat().join(" "),
    start: { model: model.name, options: model.options, weights, size: model.imageSize, preprocessing: model.preprocessing, seed },
    saving: { ...save, recipe: JSON.stringify(recipe) },
    async openData() {
      const split = await openData(folder, { validation: typeof validation === "number" ? validation : 0, seed });
      if (typeof validation === "number") return split;
      return { ...split, validation: (await openData(validation, { validation: 0 })).train };
    },
    async trainer(opened, data, hooks) {
      if (distillation) teacher = await openTeacher(distillation.teacher, { threads, json });
      return new Trainer(opened, data, { ...learning, ...(distillation && teacher && { distillation: { ...distillation, teacher } }), seed, ...hooks });
    },
    close: () => teacher?.close(),
  };
}
