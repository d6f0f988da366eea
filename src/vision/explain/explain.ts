import { unlessAborted } from "../../core/abort.js";
import { ArgumentError } from "../../core/errors.js";
import type { ImageSource, RawImage } from "../../data/image.js";
import { prepareImages } from "../../data/prepare.js";
import { evaluationTransforms } from "../../data/preprocessing.js";
import type { CallOptions } from "../../model/call-options.js";
import { argmax, softmaxRow } from "../../model/logits.js";
import type { Model } from "../../model/model.js";
import type { Program } from "../../runtime/session.js";
import { addGradCam, camNames, gradCam, type HeatGrid } from "./grad-cam.js";
import { overImage } from "./heat-map.js";
import { namesOf, type SpatialLayer, spatialLayers } from "./spatial.js";

export interface ExplainOptions extends CallOptions {
  /** The class to explain, by name or index; default the one with the highest score. */
  readonly label?: string | number;
  /** Name of the layer whose activation is looked at, or of a block that ends with it: see `layersToExplain`. Default the last spatial one. */
  readonly layer?: string;
  /** Grad-CAM: Selvaraju et al. 2017. */
  readonly method?: "gradcam";
}

/** What speaks for a class, and where in the image. */
export interface Explanation {
  readonly label: string;
  /** Softmax score of the class, 0 to 1. */
  readonly score: number;
  readonly layer: string;
  /** Of the image in pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** Importance of each pixel, 0 to 1, row by row; 0 also where the network's crop does not reach. */
  readonly heat: Float32Array;
  /** The same as the layer has it. */
  readonly grid: HeatGrid;
}

/**
 * Where a model looks when it gives an image a class: a heat map of the size of the image.
 *
 * @throws {ArgumentError} for a class or layer that is not there, or a quantised model; {UnsupportedOpError} for a network without spatial
 * activations; {FormatError | LimitError | DataError} for an image that cannot be read
 */
export async function explain(model: Model, image: ImageSource, { label, layer: name, method = "gradcam", signal }: ExplainOptions = {}): Promise<Explanation> {
  if (method !== "gradcam") throw new ArgumentError(`explain: method expected gradcam, got ${JSON.stringify(method)}`);
  const given = label === undefined ? undefined : classOf(model, label);
  const pipeline = evaluationTransforms(model.preprocessing);
  const upright = await uprightPixels(model, image, signal);
  const how = { channels: model.architecture.channels, build: model.session.build, inline: model.inline, signal };
  const [{ data: x }] = await prepareImages([upright], { ...how, pipeline });
  const { layer, index, outputs } = await unlessAborted(
    inTurn(model, async () => {
      const { program, layer } = await programFor(model, name);
      const run = (index?: number) => {
        const weights = new Float32Array(model.labels.length);
        if (index !== undefined) weights[index] = 1;
        return program.run({ x, [camNames.weight]: weights }, { signal });
      };
      const index = given ?? argmax((await run()).logits);
      return { layer, index, outputs: await run(index) };
    }),
    signal,
  );
  const grid = gradCam(layer, outputs[camNames.activation], outputs[camNames.gradient]);
  const { width, height } = upright;
  const heat = await overImage(grid, upright, model.preprocessing, signal);
  return { label: model.labels[index], score: softmaxRow(outputs.logits)[index], layer: layer.name, width, height, heat, grid };
}

/** Names that `explain` takes as `layer`, first to last. */
export function layersToExplain(model: Model): string[] {
  return namesOf(spatialLayers(logitsOf(model)));
}

/** The image's pixels as the network's channels, upright by its EXIF orientation. */
async function uprightPixels(model: Model, image: ImageSource, signal: AbortSignal | undefined): Promise<RawImage> {
  const [{ data, width, height, channels }] = await prepareImages([image], {
    pipeline: [],
    channels: model.architecture.channels,
    inline: model.inline,
    signal,
  });
  return { data: Uint8Array.from(data), width, height, channels: channels as 1 | 3 };
}

function classOf({ labels }: Model, label: string | number): number {
  const index = typeof label === "number" ? label : labels.indexOf(label);
  if (!(Number.isInteger(index) && index >= 0 && index < labels.length))
    throw new ArgumentError(`explain: there is no class ${JSON.stringify(label)} among the model's ${labels.length}: ${labels.slice(0, 8).join(", ")}`);
  return index;
}

interface Explaining {
  readonly name: string | undefined;
  readonly layer: SpatialLayer;
  readonly program: Program;
}

/** The program of each model's last explained layer, and the end of the last explanation: one at a time, because the next may end the program. */
const programs = new WeakMap<Model, Explaining>();
const turns = new WeakMap<Model, Promise<unknown>>();

function inTurn<T>(model: Model, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(model) ?? Promise.resolve()).then(work);
  turns.set(
    model,
    turn.catch(() => {}),
  );
  return turn;
}

async function programFor(model: Model, name: string | undefined): Promise<Explaining> {
  const known = programs.get(model);
  if (known && known.name === name) return known;
  const logits = logitsOf(model);
  const layer = addGradCam(logits, name);
  const made = { name, layer, program: await model.session.prepare(logits.graph) };
  programs.set(model, made);
  await known?.program.close();
  return made;
}

function logitsOf(model: Model) {
  if (model.facts.quantized) throw new ArgumentError("explain: a quantised model has no gradients; explain the float32 model that it was made of");
  const [height, width] = model.imageSize;
  const logits = model.graph({ batch: 1, height, width }, "logits").outputs.get("logits");
  if (!logits) throw new ArgumentError("explain: the model has no logits");
  return logits;
}
