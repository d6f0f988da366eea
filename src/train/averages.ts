import { pow } from "../core/math.js";
import { checkedVariant } from "../core/variant.js";
import { Graph, isCheckpointed, type Value } from "../graph/graph.js";
import type { Model, NamedTensor } from "../model/model.js";
import { averagePrefix } from "./step.js";

/** An exponential moving average of the weights and running statistics; it is what is measured and saved. @see timm `ModelEmaV3` */
export interface Ema {
  /** Share of the average that a step keeps, 0 to 1; default 0.9999, for some hundred thousand steps. */
  readonly decay?: number;
  /** The decay rises as 1 - (1 + step / gamma)^-power up to `decay`, so that few steps have their average too. Default false. */
  readonly warmup?: boolean;
  /** Of the warm-up, above 0; default 1. */
  readonly warmupGamma?: number;
  /** Of the warm-up, above 0; default 2 / 3; 3 / 4 where a training is short. */
  readonly warmupPower?: number;
}

const defaults = { name: "ema", decay: 0.9999, warmup: false, warmupGamma: 1, warmupPower: 2 / 3 } as const;
const positive = [1e-9, Number.MAX_VALUE] as const;

/** All options with their defaults. @throws {ArgumentError} for an option that there is not, or a number outside its range */
export function checkedEma(given: true | Ema): Required<Ema> {
  const asked = given === true ? {} : given;
  const rules = { decay: [0, 1], warmupGamma: positive, warmupPower: positive } as const;
  const { name: _, ...whole } = checkedVariant<Ema & { readonly name: "ema" }>("train:", { name: "ema", ...asked }, { ema: defaults }, rules);
  return whole;
}

/** By what part the averages move towards the weights in the `step`-th step, from 1. The first takes the weights as they are. */
export function shareOf({ decay, warmup, warmupGamma, warmupPower }: Required<Ema>, step: number): number {
  if (step <= 1) return 1;
  return 1 - (warmup ? Math.min(1 - pow(1 + (step - 1) / warmupGamma, -warmupPower), decay) : decay);
}

/** The averages of a model in training: kept in the session beside the weights, moved by the steps' programs. */
export class Averages {
  constructor(private readonly model: Model) {}

  /** Begins them as the weights; or of a checkpoint, whose weights are the averages, with its weights in training (in memory layout). */
  async start(from?: ReadonlyMap<string, NamedTensor>): Promise<void> {
    const { session } = this.model;
    await session.keepAll(averagesGraph(this.model));
    for (const { name } of this.averaged()) {
      await session.write(averagePrefix + name, from?.get(name)?.data ?? (await session.read(name)));
    }
    if (from) await this.swap();
  }

  /** Does something while the model has the averages as its weights. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.swap();
    try {
      const result = await work();
      await this.swap();
      return result;
    } catch (error) {
      await this.swap().catch(() => {}); // the first error is the one to tell
      throw error;
    }
  }

  /** Exchanges weights and averages. */
  async swap(): Promise<void> {
    const { session } = this.model;
    for (const { name } of this.averaged()) {
      const [weights, average] = [await session.read(name), await session.read(averagePrefix + name)];
      await session.write(name, average);
      await session.write(averagePrefix + name, weights);
    }
  }

  /** Makes them the weights, and ends. */
  async finish(): Promise<void> {
    await this.swap();
    await this.model.session.forget(this.averaged().map(({ name }) => averagePrefix + name));
  }

  private averaged(): Value[] {
    return averagedValues(this.model);
  }
}

const averagedValues = ({ session }: Model) => session.keptValues().filter(isCheckpointed);

/** The averages alone, as a graph that keeps them. */
export function averagesGraph(model: Model): Graph {
  const graph = new Graph();
  for (const { name, shape } of averagedValues(model)) graph.keep("state", averagePrefix + name, shape);
  return graph;
}
