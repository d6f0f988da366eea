import { sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { clip } from "../../../ops/clip.js";
import { combine, type CombineFunction } from "../../../ops/combine.js";
import { map, type MapFunction } from "../../../ops/map.js";
import { mul } from "../../../ops/mul.js";
import { relu } from "../../../ops/relu.js";
import { select } from "../../../ops/select.js";
import { type ElementType, isFloat } from "../constant.js";
import { elementwise } from "./aligned.js";
import type { Build, NodeCall } from "./call.js";
import type { Computed, Tensor } from "./tensor.js";
import { productOf, quotientOf, sumOf } from "./written-out.js";

export const scalar = ({ graph }: Value, value: number) => graph.constant(Float32Array.of(value), [1]);
export const plus = (x: Value, number: number) => (number === 0 ? x : add({ a: x, b: scalar(x, number) }));
export const times = (x: Value, factor: number) => (factor === 1 ? x : mul({ a: x, b: scalar(x, factor) }));
const apply = (x: Value, fn: MapFunction) => map({ x }, { fn });

/** Of each element alone. */
const each =
  (fn: MapFunction, type?: ElementType): Build =>
  (call) =>
    call.each(call.input(0), (x) => apply(x, fn), type);

/** Rounding and the like leave whole numbers as they are. */
const ofFloats =
  (fn: MapFunction): Build =>
  (call) => {
    const x = call.input(0);
    return isFloat(x.type) ? call.each(x, (value) => apply(value, fn)) : x;
  };

const pair =
  (f: (call: NodeCall, a: Value, b: Value) => Value, type?: ElementType): Build =>
  (call) =>
    elementwise(call, [call.input(0), call.input(1)], (a, b) => f(call, a, b), type);
const combined = (fn: CombineFunction, type?: ElementType) => pair((_, a, b) => combine({ a, b }, { fn }), type);

const folded =
  (f: (a: Value, b: Value) => Value): Build =>
  (call) =>
    elementwise(call, call.all(), (...values) => values.reduce(f));

/** The single number of a known tensor. Several may be weights, whose numbers come later. */
export const numberOf = (call: NodeCall, i: number) => (sizeOf(call.inputs[i]?.shape ?? []) === 1 ? call.constant(i)?.data[0] : undefined);

/** Whole numbers are divided as C does. */
const divide: Build = (call) => {
  const [x, divisor] = [call.input(0), numberOf(call, 1)];
  if (!isFloat(x.type)) return elementwise(call, [x, call.input(1)], (a, b) => apply(combine({ a, b }, { fn: "div" }), "trunc"));
  if (divisor !== undefined && call.input(1).shape.length <= x.shape.length && Number.isFinite(1 / divisor))
    return call.each(x, (value) => times(value, 1 / divisor));
  return elementwise(call, [x, call.input(1)], (a, b) => quotientOf(a, b) ?? combine({ a, b }, { fn: "div" }));
};

const power: Build = (call) => {
  const [x, exponent] = [call.input(0), numberOf(call, 1)];
  const alone = call.input(1).shape.length <= x.shape.length;
  if (alone && exponent === 2) return call.each(x, (value) => mul({ a: value, b: value }));
  if (alone && exponent === 0.5) return call.each(x, (value) => apply(value, "sqrt"));
  return elementwise(call, [x, call.input(1)], (a, b) => combine({ a, b }, { fn: "pow" }));
};

/** Numbers that a type has; halves are computed as float32. Casting to whole numbers cuts off, to bool asks whether a number is other than 0. */
export function cast(call: NodeCall, x: Tensor, type: ElementType): Computed {
  if (type === "bool" && x.type !== "bool") return call.each(x, (value) => apply(apply(value, "not"), "not"), type);
  return isFloat(type) || !isFloat(x.type) ? { ...call.computed(x), type } : call.each(x, (value) => apply(value, "trunc"), type);
}

/** Bounds are attributes until opset 10, then inputs. */
const bounded: Build = (call) => {
  const [low, high] = [call.number(1, "min") ?? -Infinity, call.number(2, "max") ?? Infinity];
  return call.each(call.input(0), (x) => (low === 0 && high === Infinity ? relu({ x }) : clip({ x }, { low, high })));
};

const isInfinite: Build = (call) => {
  const [down, up] = [call.int("detect_negative", 1), call.int("detect_positive", 1)];
  const f = (x: Value) => {
    if (!down && !up) return times(apply(x, "isNaN"), 0);
    const infinite = apply(x, "isInf");
    const half = () => map({ x: down ? apply(x, "neg") : x }, { fn: "above", alpha: 0 });
    return down && up ? infinite : mul({ a: infinite, b: half() });
  };
  return call.each(call.input(0), f, "bool");
};

const where: Build = (call) => {
  const [condition, a, b] = [call.input(0), call.input(1), call.input(2)];
  return elementwise(call, [condition, a, b], (test, yes, no) => select({ condition: test, a: yes, b: no }), a.type);
};

export const elementwiseOperators: Readonly<Record<string, Build>> = {
  Abs: each("abs"),
  Neg: each("neg"),
  Sign: each("sign"),
  Floor: ofFloats("floor"),
  Ceil: ofFloats("ceil"),
  Round: ofFloats("round"),
  Sqrt: each("sqrt"),
  Reciprocal: each("reciprocal"),
  Exp: each("exp"),
  Log: each("log"),
  Erf: each("erf"),
  Not: each("not", "bool"),
  IsNaN: each("isNaN", "bool"),
  IsInf: isInfinite,
  Clip: bounded,

  Add: folded((a, b) => sumOf(a, b) ?? add({ a, b })),
  Sum: folded((a, b) => add({ a, b })),
  Sub: combined("sub"),
  Mul: folded((a, b) => productOf(a, b) ?? mul({ a, b })),
  Div: divide,
  Mod: pair((call, a, b) => combine({ a, b }, { fn: call.int("fmod", 0) ? "fmod" : "mod" })),
  Pow: power,
  Min: folded((a, b) => combine({ a, b }, { fn: "min" })),
  Max: folded((a, b) => combine({ a, b }, { fn: "max" })),
  Mean: (call) =>
    elementwise(call, call.all(), (...values) =>
      times(
        values.reduce((a, b) => add({ a, b })),
        1 / values.length,
      ),
    ),

  Equal: combined("equal", "bool"),
  Greater: combined("greater", "bool"),
  GreaterOrEqual: combined("greaterOrEqual", "bool"),
  Less: combined("less", "bool"),
  LessOrEqual: combined("lessOrEqual", "bool"),
  And: combined("and", "bool"),
  Or: combined("or", "bool"),
  Xor: combined("xor", "bool"),
  Where: where,
  Cast: (call) => cast(call, call.input(0), call.type("to")),
  CastLike: (call) => cast(call, call.input(0), call.input(1).type),
};
