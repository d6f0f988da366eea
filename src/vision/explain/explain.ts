import { unlessAborted } from "../../core/abort.js";
import { ArgumentError } from "../../core/errors.js";
import type { ImageSource, RawImage } from "../../data/image.js";
import { prepareImages } from "../../data/prepare.js";
import { evaluationTransforms } from "../../data/preprocessing.js";
import type { CallOptions } from "../../model/call-options.js";
import { argmax, softmaxRow } from "../../model/logits.js";
import type { Model } from "../../model/model.js";
import type { Program } from "../../runtime/session.js";
import type { GraphModel } from "../../zoo/imported/graph-model.js";
import { addGradCam, camNames, gradCam, type HeatGrid } from "./grad-cam.js";
import { overImage } from "./heat-map.js";
import { type GraphImageOptions, type ImageNetwork, imageNetwork } from "./network.js";
import { namesOf, type SpatialLayer, spatialLayers } from "./spatial.js";

export interface ExplainOptions extends CallOptions, GraphImageOptions {
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
 * Where a network looks when it gives an image a class: a heat map of the size of the image. The network is a classifier, native or of
 * another program, or a graph of `openOnnx`, `openTfjs` or `openTflite` whose one input is images and one of whose outputs is class scores.
 *
 * @throws {ArgumentError} for a class, layer or output that is not there, a quantised model, or a graph of which nobody says how its images are
 * prepared; {UnsupportedOpError} for a network without spatial activations or with an op that has no gradient; {FormatError | LimitError |
 * DataError} for an image that cannot be read
 */
export async function explain(model: Model | GraphModel, image: ImageSource, options: ExplainOptions = {}): Promise<Explanation> {
  const { label, method = "gradcam", signal } = options;
  if (method !== "gradcam") throw new ArgumentError(`explain: method expected gradcam, got ${JSON.stringify(method)}`);
  const look = async (): Promise<Explanation> => {
    const { network, layer, program } = await explaining(model, options);
    const { labels, channels } = network;
    const given = label === undefined ? undefined : classOf(labels, label);
    const preprocessing = network.preprocessing();
    const how = { channels, inline: model.inline, signal };
    const upright = await uprightPixels(image, how);
    const [{ data }] = await prepareImages([upright], { ...how, build: model.session.build, pipeline: evaluationTransforms(preprocessing) });
    const input = await network.feed(data);
    const run = (index?: number) => {
      const weights = new Float32Array(labels.length);
      if (index !== undefined) weights[index] = 1;
      return program.run({ ...input, [camNames.weight]: weights }, { signal });
    };
    const index = given ?? argmax((await run()).logits);
    const { logits, [camNames.activation]: activation, [camNames.gradient]: gradient } = await run(index);
    const grid = gradCam(layer, activation, gradient);
    const { width, height } = upright;
    const heat = await overImage(grid, upright, preprocessing, signal);
    return { label: labels[index], score: softmaxRow(logits)[index], layer: layer.name, width, height, heat, grid };
  };
  return unlessAborted(inTurn(model, look), signal);
}

/** Names that `explain` takes as `layer`, first to last. */
export function layersToExplain(model: Model | GraphModel, options: GraphImageOptions = {}): string[] {
  const { logits, size } = imageNetwork(model, options);
  return namesOf(spatialLayers(logits, size));
}

/** The image's pixels as the network's channels, upright by its EXIF orientation. */
async function uprightPixels(image: ImageSource, how: { channels: 3 | 1; inline: boolean; signal?: AbortSignal }): Promise<RawImage> {
  const [{ data, width, height, channels }] = await prepareImages([image], { ...how, pipeline: [] });
  return { data: Uint8Array.from(data), width, height, channels: channels as 1 | 3 };
}

function classOf(labels: readonly string[], label: string | number): number {
  const index = typeof label === "number" ? label : labels.indexOf(label);
  if (!(Number.isInteger(index) && index >= 0 && index < labels.length))
    throw new ArgumentError(`explain: there is no class ${JSON.stringify(label)} among the model's ${labels.length}: ${labels.slice(0, 8).join(", ")}`);
  return index;
}

interface Explaining {
  readonly network: ImageNetwork;
  readonly layer: SpatialLayer;
  readonly program: Program;
  /** What was asked for. */
  readonly key: string;
}

/** The program of each model's last explained layer, and the end of the last explanation: one at a time, because the next may end the program. */
const programs = new WeakMap<Model | GraphModel, Explaining>();
const turns = new WeakMap<Model | GraphModel, Promise<unknown>>();

function inTurn<T>(model: Model | GraphModel, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(model) ?? Promise.resolve()).then(work);
  turns.set(
    model,
    turn.catch(() => {}),
  );
  return turn;
}

async function explaining(model: Model | GraphModel, { layer: name, preprocessing, output, signal }: ExplainOptions): Promise<Explaining> {
  const key = JSON.stringify([name, preprocessing, output]);
  const known = programs.get(model);
  if (known?.key === key) return known;
  const network = imageNetwork(model, { preprocessing, output });
  const layer = addGradCam(network.logits, network.size, name);
  const made = { network, layer, program: await network.prepare(signal), key };
  programs.set(model, made);
  await known?.program.close();
  return made;
}
