import { openSafetensors } from "../../src/formats/safetensors/index.js";
import { inferenceGraph } from "../../src/model/graphs.js";
import { toMemory } from "../../src/model/layout.js";
import type { Build } from "../../src/runtime/instance.js";
import { Session } from "../../src/runtime/session.js";
import { hyperName, trainingGraph } from "../../src/train/step.js";
import { createModel } from "../../src/zoo/create-model.js";
import { architecture } from "../../src/zoo/registry.js";
import { modelFile } from "./network.js";
import { channelsOf, classesOf, comparedSteps, images, type Job, labels, learningRate, momentum, runtime, type Side, timed, weightsOf } from "./side.js";

/** Where the peers work in the caller's thread, so do we: workers only for two threads and more. */
const sessionOptions = ({ build, threads }: Job) => ({ build: build as Build, threads, inline: threads === 1 });

export function ours(job: Job): Promise<Side> {
  return job.work === "training" ? training(job) : inference(job);
}

async function inference(job: Job): Promise<Side> {
  const model = await createModel(job.model, { pretrained: modelFile(weightsOf(job)), ...sessionOptions(job) });
  const x = { data: images(job), shape: [job.batch, job.size, job.size, channelsOf(job.model)] };
  return {
    engine: "ocelli",
    build: job.build,
    runtime,
    outputs: async () => [(await model.forward(x)).data],
    run: (count) => timed(count, () => model.forward(x)),
    peakRss,
    close: () => model.close(),
  };
}

/** Forward, backward and SGD with momentum in one program, batch norm on batch statistics. */
async function training(job: Job): Promise<Side> {
  const { model, size, batch } = job;
  const classes = classesOf("training");
  const built = await architecture(model, model === "mobilenet_v2" ? { dropout: 0 } : {});
  const session = await Session.open(sessionOptions(job));
  const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
  const forward = inferenceGraph(built, classes, { batch, height: size, width: size }, "logits");
  await session.keepAll(forward);
  const file = await openSafetensors(modelFile(weightsOf(job)));
  for (const value of forward.kept.values()) await session.write(value.name, toMemory(await file.readFloat32(value.name), value.file));
  await file.close();

  const x = images(job);
  const hyper = Float32Array.of(learningRate, momentum, 0, 0, 1, 0, 0, 0);
  const inputs = {
    x,
    labels: labels(job),
    random: new Int32Array(4),
    [hyperName(0, true)]: hyper,
    [hyperName(0, false)]: hyper,
  };
  const evaluate = await session.prepare(forward);
  const { logits } = await evaluate.run({ x });
  await evaluate.close();
  const step = await session.prepare(trainingGraph(built, classes, [batch, size, size, built.channels], settings));
  return {
    engine: "ocelli",
    build: job.build,
    runtime,
    async outputs() {
      const losses: number[] = [];
      for (let i = 0; i < comparedSteps; i++) losses.push((await step.run(inputs)).loss[0]);
      return model === "small_cnn" ? [logits] : [logits, Float32Array.from(losses)];
    },
    run: (count) => timed(count, () => step.run(inputs)),
    peakRss,
    close: () => session.close(),
  };
}

async function peakRss(): Promise<number> {
  return process.resourceUsage().maxRSS / 1000;
}
