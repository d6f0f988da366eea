import { cos, exp, log, pow, sin, tan, tanh } from "../../../core/math.js";
import { type Constant, constant, type ElementType, isFloat } from "../constant.js";
import type { Call, Evaluate } from "../operator.js";
import { map, zip } from "./arrays.js";

type Unary = (x: number) => number;

const unary =
  (f: (call: Call) => Unary, type?: ElementType): Evaluate =>
  (call) => [map(call.input(0), f(call), type)];

const plain = (f: Unary, type?: ElementType) => unary(() => f, type);

const binary =
  (f: (a: number, b: number) => number, type?: ElementType): Evaluate =>
  (call) => [zip([call.input(0), call.input(1)], f, call.where, type)];

const sigmoid = (x: number) => 1 / (1 + exp(-x));
const softplus = (x: number) => Math.max(x, 0) + log1p(exp(-Math.abs(x)));
const expm1 = (x: number) => (Math.abs(x) < 1e-5 ? x + (x * x) / 2 : exp(x) - 1);
/** log(1 + x), by the correction of Higham, "Accuracy and Stability of Numerical Algorithms", 1.14.1. */
const log1p = (x: number) => (1 + x === 1 ? x : (log(1 + x) * x) / (1 + x - 1));
const clipped = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const asinh = (x: number) => Math.sign(x) * log1p(Math.abs(x) + (x * x) / (Math.sqrt(x * x + 1) + 1));
const atanh = (x: number) => (Math.sign(x) * log1p((2 * Math.abs(x)) / (1 - Math.abs(x)))) / 2;
const sinh = (x: number) => (expm1(x) - expm1(-x)) / 2;

/** To nearest, ties to even. */
export function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

/** The error function to double precision: its series (Abramowitz & Stegun 7.1.6), or a continued fraction (7.1.14) from 2.5 on. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const outside = exp(-a * a) / Math.sqrt(Math.PI);
  let value = 0;
  if (a < 2.5) {
    let term = a;
    for (let n = 1; term > value * 1e-17; n++) {
      value += term;
      term *= (2 * a * a) / (2 * n + 1);
    }
    value *= 2 * outside;
  } else {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
    value = 1 - outside / (a + fraction);
  }
  return Math.sign(x) * value;
}

/** Arcus functions from the arctangent, which halves its argument twice and then sums a series. */
function atan(x: number): number {
  if (Math.abs(x) > 1) return (Math.sign(x) * Math.PI) / 2 - atan(1 / x);
  const half = (t: number) => t / (1 + Math.sqrt(1 + t * t));
  const t = half(half(half(x)));
  let sum = 0;
  for (let n = 41; n > 0; n -= 2) sum = 1 / n - t * t * sum;
  return 8 * t * sum;
}
const asin = (x: number) => (Math.abs(x) === 1 ? (x * Math.PI) / 2 : atan(x / Math.sqrt(1 - x * x)));

/** One result for tensors of any number, taken together two at a time. */
const folded =
  (f: (a: number, b: number) => number): Evaluate =>
  (call) => [call.all().reduce((a, b) => zip([a, b], f, call.where))];

const isInteger = ({ type }: Constant) => !isFloat(type);

/** Remainder with the divisor's sign, or C's fmod. */
const modulo: Evaluate = (call) => {
  const remainder = call.int("fmod", 0) ? (a: number, b: number) => a % b : (a: number, b: number) => a - b * Math.floor(a / b);
  return [zip([call.input(0), call.input(1)], remainder, call.where)];
};

const divide: Evaluate = (call) => {
  const whole = isInteger(call.input(0));
  if (whole && call.input(1).data.includes(0)) call.fail("division of integers by zero");
  return [zip([call.input(0), call.input(1)], whole ? (a, b) => Math.trunc(a / b) : (a, b) => a / b, call.where)];
};

/** Bounds are attributes until opset 10, then inputs. */
const clip: Evaluate = (call) => {
  const bound = (i: number, name: string, otherwise: number) => call.inputs[i]?.data[0] ?? (call.has(name) ? call.float(name) : otherwise);
  const [low, high] = [bound(1, "min", -Infinity), bound(2, "max", Infinity)];
  return [map(call.input(0), (x) => clipped(x, low, high))];
};

const cast = (x: Constant, type: ElementType): Constant => {
  const values = Float64Array.from(x.data, type === "bool" ? (value) => +(value !== 0) : isFloat(type) ? Number : Math.trunc);
  return constant(type, x.shape, values);
};

const seluAlpha = 1.6732632423543772;
const seluGamma = 1.0507009873554805;

/** Cast, CastLike and Dropout need the types that the file's codes stand for. */
export const elementwise: Readonly<Record<string, Evaluate>> = {
  Abs: plain(Math.abs),
  Neg: plain((x) => -x),
  Sign: plain(Math.sign),
  Floor: plain(Math.floor),
  Ceil: plain(Math.ceil),
  Round: plain(roundEven),
  Sqrt: plain(Math.sqrt),
  Reciprocal: plain((x) => 1 / x),
  Exp: plain(exp),
  Log: plain(log),
  Erf: plain(erf),
  Sin: plain(sin),
  Cos: plain(cos),
  Tan: plain(tan),
  Asin: plain(asin),
  Acos: plain((x) => Math.PI / 2 - asin(x)),
  Atan: plain(atan),
  Sinh: plain(sinh),
  Cosh: plain((x) => (exp(x) + exp(-x)) / 2),
  Tanh: plain(tanh),
  Asinh: plain(asinh),
  Acosh: plain((x) => log(x + Math.sqrt(x * x - 1))),
  Atanh: plain(atanh),
  Not: plain((x) => +!x),
  IsNaN: plain((x) => +Number.isNaN(x), "bool"),
  IsInf: unary((call) => {
    const [down, up] = [call.int("detect_negative", 1), call.int("detect_positive", 1)];
    return (x) => +((x === Infinity && up !== 0) || (x === -Infinity && down !== 0));
  }, "bool"),
  Identity: (call) => [call.input(0)],

  Relu: plain((x) => Math.max(x, 0)),
  LeakyRelu: unary((call) => {
    const slope = call.float("alpha", 0.01);
    return (x) => (x < 0 ? slope * x : x);
  }),
  ThresholdedRelu: unary((call) => {
    const threshold = call.float("alpha", 1);
    return (x) => (x > threshold ? x : 0);
  }),
  Elu: unary((call) => {
    const alpha = call.float("alpha", 1);
    return (x) => (x < 0 ? alpha * expm1(x) : x);
  }),
  Celu: unary((call) => {
    const alpha = call.float("alpha", 1);
    return (x) => Math.max(x, 0) + Math.min(0, alpha * expm1(x / alpha));
  }),
  Selu: unary((call) => {
    const [alpha, gamma] = [call.float("alpha", seluAlpha), call.float("gamma", seluGamma)];
    return (x) => gamma * (x > 0 ? x : alpha * expm1(x));
  }),
  Sigmoid: plain(sigmoid),
  HardSigmoid: unary((call) => {
    const [alpha, beta] = [call.float("alpha", 0.2), call.float("beta", 0.5)];
    return (x) => clipped(alpha * x + beta, 0, 1);
  }),
  HardSwish: plain((x) => x * clipped(x / 6 + 0.5, 0, 1)),
  Softplus: plain(softplus),
  Softsign: plain((x) => x / (1 + Math.abs(x))),
  Mish: plain((x) => x * tanh(softplus(x))),
  Gelu: unary((call) =>
    call.text("approximate", "none") === "tanh"
      ? (x) => 0.5 * x * (1 + tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
      : (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  ),
  Clip: clip,
  PRelu: binary((x, slope) => (x < 0 ? slope * x : x)),

  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: divide,
  Mod: modulo,
  Pow: binary((a, b) => pow(a, b)),
  Sum: folded((a, b) => a + b),
  Min: folded(Math.min),
  Max: folded(Math.max),
  Mean: (call) => {
    const [sum] = folded((a, b) => a + b)(call);
    return [map(sum, (x) => x / call.inputs.length)];
  },

  Equal: binary((a, b) => +(a === b), "bool"),
  Greater: binary((a, b) => +(a > b), "bool"),
  GreaterOrEqual: binary((a, b) => +(a >= b), "bool"),
  Less: binary((a, b) => +(a < b), "bool"),
  LessOrEqual: binary((a, b) => +(a <= b), "bool"),
  And: binary((a, b) => +(a !== 0 && b !== 0), "bool"),
  Or: binary((a, b) => +(a !== 0 || b !== 0), "bool"),
  Xor: binary((a, b) => +((a !== 0) !== (b !== 0)), "bool"),
  Where: (call) => {
    const [test, a, b] = [call.input(0), call.input(1), call.input(2)];
    return [zip([test, a, b], (condition, yes, no) => (condition ? yes : no), call.where, a.type)];
  },
  Cast: (call) => [cast(call.input(0), call.type("to"))],
  CastLike: (call) => [cast(call.input(0), call.input(1).type)],
};
