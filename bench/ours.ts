import { atOnce } from "../src/core/slices.js";
import type { SourceLike } from "../src/core/source.js";
import { openSafetensors } from "../src/formats/safetensors/index.js";
import { inferenceGraph } from "../src/model/graphs.js";
import { initialValues } from "../src/model/initialize.js";
import { toMemory } from "../src/model/layout.js";
import { type BuildChoice, chooseBuild } from "../src/runtime/choose-build.js";
import { Session } from "../src/runtime/session.js";
import { hyperName, trainingGraph } from "../src/train/step.js";
import { createModel } from "../src/zoo/create-model.js";
import { architecture } from "../src/zoo/registry.js";
import { channelsOf, comparedSteps, images, type Job, labels, learningRate, momentum, runtime, type Side, timed, trainedClasses } from "./job.js";

/** Where the peers work in the caller's thread, so do we: workers only for two threads and more. */
const sessionOptions = ({ build, threads }: Job) => ({ build: build as BuildChoice, threads, inline: threads === 1 });

/** @param weights safetensors of the job; without them ours come from a seed */
export async function ours(job: Job, weights?: SourceLike): Promise<Side> {
  const work = await (job.work === "training" ? training : inference)(job, weights);
  return { engine: "ocelli", build: await chooseBuild(job.build as BuildChoice), runtime, threads: job.threads, ...work };
}

type Work = Pick<Side, "outputs" | "run" | "close">;

async function inference(job: Job, weights: SourceLike | undefined): Promise<Work> {
  const model = await createModel(job.model, { pretrained: weights, ...sessionOptions(job) });
  const x = { data: images(job), shape: [job.batch, job.size, job.size, channelsOf(job.model)] };
  return {
    outputs: async () => [(await model.forward(x)).data],
    run: (count) => timed(count, () => model.forward(x)),
    close: () => model.close(),
  };
}

/** Forward, backward and SGD with momentum in one program, batch norm on batch statistics. */
async function training(job: Job, weights: SourceLike | undefined): Promise<Work> {
  const { model, size, batch } = job;
  const built = await architecture(model, model === "mobilenet_v2" ? { dropout: 0 } : {});
  const session = await Session.open(sessionOptions(job));
  const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
  const forward = inferenceGraph(built, trainedClasses, { batch, height: size, width: size }, "logits");
  await session.keepAll(forward);
  const file = weights === undefined ? undefined : await openSafetensors(weights);
  for (const value of forward.kept.values())
    await session.write(value.name, file ? atOnce(toMemory(await file.readFloat32(value.name), value.file)) : atOnce(initialValues(value, 0)));
  await file?.close();

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
  const step = await session.prepare(trainingGraph(built, trainedClasses, [batch, size, size, built.channels], settings));
  return {
    async outputs() {
      const losses: number[] = [];
      for (let i = 0; i < comparedSteps; i++) losses.push((await step.run(inputs)).loss[0]);
      return model === "small_cnn" ? [logits] : [logits, Float32Array.from(losses)];
    },
    run: (count) => timed(count, () => step.run(inputs)),
    close: () => session.close(),
  };
}
