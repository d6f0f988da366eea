/** TensorFlow graphs for tests, written node by node as TF.js keeps them. */
import type { TfjsCase } from "./recipe.js";

export type Attribute = number | boolean | string | readonly number[] | readonly string[] | { readonly type: string };

/** An attribute as protobuf's JSON has it: whole numbers as text, bytes in base64. */
function attribute(value: Attribute): object {
  if (typeof value === "boolean") return { b: value };
  if (typeof value === "number") return Number.isInteger(value) ? { i: String(value) } : { f: value };
  if (typeof value === "string") return { s: btoa(value) };
  if ("type" in value) return value;
  return { list: typeof value[0] === "string" ? { s: (value as string[]).map((each) => btoa(each)) } : { i: (value as number[]).map(String) } };
}

/** One graph; nodes are named by their operators and the order in which they are added. */
export class Net {
  readonly nodes: object[] = [];
  readonly weights: TfjsCase["weights"] = [];
  private count = 0;

  input(shape: readonly number[]): string {
    const dim = [-1, ...shape].map((size) => ({ size: String(size) }));
    return this.node("Placeholder", [], { dtype: { type: "DT_FLOAT" } }, { shape: { shape: { dim } } });
  }

  /** A weight whose numbers follow from its name and place. */
  weight(name: string, shape: number[]): string {
    this.weights.push({ name, shape, dtype: "float32" });
    return this.constant(name, "DT_FLOAT");
  }

  ints(values: number[], shape = [values.length]): string {
    return this.known(values, shape, "int32", "DT_INT32");
  }

  floats(values: number[], shape = [values.length]): string {
    return this.known(values, shape, "float32", "DT_FLOAT");
  }

  op(op: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    return this.node(op, inputs, attributes);
  }

  /** The graph with the names of its ends: inputs x0, x1, ..., outputs y0, y1, ... */
  model(inputs: readonly string[], outputs: readonly string[]): Pick<Required<TfjsCase>, "topology" | "signature"> {
    const ends = (names: readonly string[], letter: string) =>
      Object.fromEntries(names.map((name, i) => [`${letter}${i}`, { name: name.includes(":") ? name : `${name}:0`, dtype: "DT_FLOAT" }]));
    return { topology: { node: this.nodes, versions: { producer: 1087 } }, signature: { inputs: ends(inputs, "x"), outputs: ends(outputs, "y") } };
  }

  private known(values: number[], shape: number[], dtype: string, type: string): string {
    const name = `const${this.count++}`;
    this.weights.push({ name, shape, dtype, values });
    return this.constant(name, type);
  }

  private constant(name: string, type: string): string {
    this.nodes.push({ name, op: "Const", attr: { dtype: { type } } });
    return name;
  }

  private node(op: string, input: string[], attributes: Record<string, Attribute>, raw: object = {}): string {
    const name = `${op}_${this.count++}`;
    const attr = { ...Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])), ...raw };
    this.nodes.push({ name, op, input, attr });
    return name;
  }
}
