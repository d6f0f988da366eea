/** The exact GELU as exporters write it where their opset has none: x * 0.5 * (1 + erf(x / sqrt(2))), in any order of the products. */
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { gelu } from "../../../ops/gelu.js";
import { map } from "../../../ops/map.js";
import { mul } from "../../../ops/mul.js";

const madeBy = (value: Value, op: unknown) => (value.node && (value.node.op as unknown) === op ? value.node.tensors : undefined);

/** Both orders of a pair. */
const either = <T>([a, b]: readonly [Value, Value], f: (a: Value, b: Value) => T | undefined): T | undefined => f(a, b) ?? f(b, a);

const isNumber = ({ initializer }: Value, number: number) =>
  initializer?.kind === "values" && initializer.values.length === 1 && Math.abs(initializer.values[0] - number) < 1e-6;

/** x of x * number. */
function scaled(value: Value, number: number): Value | undefined {
  const product = madeBy(value, mul);
  return product && either([product.a, product.b], (x, factor) => (isNumber(factor, number) ? x : undefined));
}

/** x of 1 + erf(x / sqrt(2)). */
function gateOf(value: Value): Value | undefined {
  const sum = madeBy(value, add);
  const curve = sum && either([sum.a, sum.b], (x, one) => (isNumber(one, 1) ? x : undefined));
  const inner = curve && madeBy(curve, map);
  return inner && curve.node?.attributes.fn === "erf" ? scaled(inner.x, Math.SQRT1_2) : undefined;
}

/** GELU of x where a * b is that. */
export function geluOf(a: Value, b: Value): Value | undefined {
  const x = either([a, b], (p, q) => {
    if (gateOf(q) && scaled(p, 0.5) === gateOf(q)) return gateOf(q);
    const half = scaled(q, 0.5);
    if (half && gateOf(half) === p) return p;
    const whole = isNumber(q, 0.5) ? madeBy(p, mul) : undefined;
    return whole && either([whole.a, whole.b], (x, gate) => (gateOf(gate) === x ? x : undefined));
  });
  return x && gelu({ x });
}
