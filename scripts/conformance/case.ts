/** One test of the ONNX backend suite: a model, and what it makes of given inputs. */
import { atOnce } from "../../src/core/slices.js";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { UnsupportedOpError } from "../../src/core/errors.js";
import { sameShape, sizeOf } from "../../src/core/shape.js";
import { buildOnnx, computed, decoded, inOrder, isKnown, type Tensor } from "../../src/formats/onnx/build/index.js";
import { type Constant, constant, type ElementType } from "../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../src/formats/onnx/evaluate/index.js";
import { type OnnxModel, readOnnx, readTensor } from "../../src/formats/onnx/read-model.js";
import { bfloat16ToFloat32 } from "../../src/formats/safetensors/index.js";
import { Graph } from "../../src/graph/graph.js";
import { toMemory } from "../../src/model/layout.js";
import { Scope } from "../../src/nn/scope.js";
import { Session } from "../../src/runtime/session.js";

/** As the suite's own runner has them. */
const relativeTolerance = 1e-3;
const absoluteTolerance = 1e-7;
/** The package cuts floats off where later versions, and we, round to the nearest. */
const bfloat16Step = 2 ** -7;

/** Inputs of so many elements at most may be bound as constants where they say a shape. */
const mostBound = 64;

/** What a test's model is made of: its operators, with those of its functions in place of their calls. */
export function operatorsOf(folder: string): Set<string> {
  const { graph, functions } = fromBinary(ModelProtoSchema, readFileSync(join(folder, "model.onnx")));
  const qualified = ({ domain, opType }: { domain: string; opType: string }) => (domain === "" || domain === "ai.onnx" ? opType : `${domain}.${opType}`);
  const operators = new Set([graph?.node ?? [], ...functions.map(({ node }) => node)].flat().map(qualified));
  for (const { domain, name } of functions) operators.delete(qualified({ domain, opType: name }));
  return operators;
}

/** Runs every data set of a test. @returns how it ran @throws what says how the results differ, or what could not be done */
export async function runCase(folder: string): Promise<"engine" | "evaluator"> {
  const model = readOnnx(readFileSync(join(folder, "model.onnx")), "model.onnx");
  let ran: "engine" | "evaluator" = "evaluator";
  for (const set of readdirSync(folder).filter((name) => name.startsWith("test_data_set"))) {
    const read = (kind: string, infos: OnnxModel["inputs"]) =>
      new Map(
        infos.flatMap((info, i): [string, Constant][] => {
          const file = join(folder, set, `${kind}_${i}.pb`);
          return existsSync(file) ? [[info.name, asStated(readTensor(readFileSync(file), file).decode(), info.type)]] : [];
        }),
      );
    const [inputs, expected] = [read("input", model.inputs), read("output", model.outputs)];
    const types = [...inputs.values(), ...expected.values()].map(({ type }) => type);
    const other = types.some((type) => ["float16", "bfloat16", "float64"].includes(type)) || model.nodes.every(({ op }) => op === "Range");
    ran = !other && [...inputs.values()].some(({ type }) => type === "float32") ? "engine" : "evaluator";
    const found = ran === "engine" ? await runOnEngine(model, inputs) : evaluateGraph(model, inputs);
    for (const [name, values] of expected) compare(name, found.get(name) as Constant, values);
  }
  return ran;
}

/** The package has no type for bfloat16 and writes its bits as uint16. */
const asStated = (value: Constant, type: ElementType): Constant =>
  type === "bfloat16" && value.type === "uint16" ? constant(type, value.shape, bfloat16ToFloat32(value.data as Uint16Array)) : value;

/** With small inputs that say a shape bound as constants; never all of float32. */
async function runOnEngine(model: OnnxModel, inputs: ReadonlyMap<string, Constant>): Promise<Map<string, Constant>> {
  const small = [...inputs].filter(([, { data }]) => data.length <= mostBound);
  const whole = small.filter(([, { type }]) => type !== "float32").map(([name]) => name);
  const [first] = [...inputs].find(([, { type }]) => type === "float32") as [string, Constant];
  const rest = small.map(([name]) => name).filter((name) => name !== first);
  for (const bound of [[], whole, rest]) {
    try {
      return await runBound(model, inputs, new Set(bound));
    } catch (error) {
      if (bound === rest || !(error instanceof UnsupportedOpError && error.message.includes("is computed from the graph's input"))) throw error;
    }
  }
  throw new Error("unreachable");
}

async function runBound(model: OnnxModel, inputs: ReadonlyMap<string, Constant>, bound: ReadonlySet<string>): Promise<Map<string, Constant>> {
  const graph = new Graph();
  const given = new Map<string, Constant | Tensor>(
    [...inputs].map(([name, value]) => [name, bound.has(name) ? value : computed(graph.input(name, value.shape), value.shape, undefined, value.type)]),
  );
  const { outputs, weights } = buildOnnx(model, new Scope(graph), given);
  for (const [name, tensor] of outputs) {
    if (!isKnown(tensor))
      graph.output(
        name,
        inOrder(
          tensor,
          tensor.shape.map((_, axis) => axis),
        ),
      );
  }
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  try {
    const program = await session.prepare(graph);
    for (const [name, tensor] of weights) await session.write(name, atOnce(toMemory(Float32Array.from(tensor.decode().data), graph.kept.get(name)?.file)));
    const feeds = Object.fromEntries([...inputs].filter(([name]) => !bound.has(name)).map(([name, { data }]) => [name, Float32Array.from(data)]));
    const results = await program.run(feeds);
    return new Map([...outputs].map(([name, tensor]) => [name, isKnown(tensor) ? decoded(tensor) : constant(tensor.type, tensor.shape, results[name])]));
  } finally {
    session.close();
  }
}

function compare(name: string, found: Constant, expected: Constant): void {
  if (!sameShape(found.shape, expected.shape)) throw new Error(`"${name}" has shape [${found.shape}], expected [${expected.shape}]`);
  if (found.type !== expected.type) throw new Error(`"${name}" has type ${found.type}, expected ${expected.type}`);
  const tolerance = expected.type === "bfloat16" ? bfloat16Step : relativeTolerance;
  let [wrong, worst] = [0, ""];
  for (let i = 0; i < sizeOf(expected.shape); i++) {
    const [a, b] = [found.data[i], expected.data[i]];
    if (Object.is(a, b) || Math.abs(a - b) <= absoluteTolerance + tolerance * Math.abs(b) || a === b) continue;
    if (wrong++ === 0) worst = `element ${i} is ${a}, expected ${b}`;
  }
  if (wrong > 0) throw new Error(`"${name}": ${wrong} of ${expected.data.length} differ; ${worst}`);
}
