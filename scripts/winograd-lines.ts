/**
 * Writes the transforms of Winograd's filtering along one axis as straight lines of code over one vector, or over the two
 * that `turbo` joins: all loads come before all stores, neighbours next to each other.
 */

interface Line {
  readonly name: string;
  readonly comment: string;
  readonly inputs: number;
  /** Numbers that the line multiplies by. The caller holds them in registers: V8 makes a constant anew wherever it is used. */
  readonly factors: readonly string[];
  /** Formulas over inputs d0, d1, ... and one another; `$` ends the names that every vector has its own of. */
  readonly steps: readonly string[];
  readonly outputs: readonly string[];
}

const outer = ["sum$ = add(d1$, d2$)", "difference$ = sub(d1$, d2$)"];
const outer4 = [...outer, "outerSum$ = add(d3$, d4$)", "outerDifference$ = sub(d3$, d4$)"];
const square = "madd(sum$, half, add(outerSum$, outerSum$))";
const outputFactors = ["half", "root", "two", "four"];
const first = ["add(add(d0$, sum$), outerSum$)", "mul(madd(outerDifference$, two, difference$), root)"];

const lines: readonly Line[] = [
  {
    name: "inputLine2",
    comment: "B^T of F(2, 3)",
    inputs: 4,
    factors: [],
    steps: [],
    outputs: ["sub(d0$, d2$)", "add(d1$, d2$)", "sub(d2$, d1$)", "sub(d3$, d1$)"],
  },
  {
    name: "inputLine4",
    comment: "B^T of F(4, 3); the factors are -5/2, -2, -1/2 and sqrt(1/2)",
    inputs: 6,
    factors: ["ends", "large", "small", "root"],
    steps: [
      "even$ = madd(d2$, large, d4$)",
      "odd$ = mul(madd(d1$, large, d3$), root)",
      "even4$ = madd(d2$, small, d4$)",
      "odd4$ = mul(sub(add(d3$, d3$), d1$), root)",
    ],
    outputs: [
      "madd(d2$, ends, add(d0$, d4$))",
      "add(even$, odd$)",
      "sub(even$, odd$)",
      "add(even4$, odd4$)",
      "sub(even4$, odd4$)",
      "madd(d3$, ends, add(d1$, d5$))",
    ],
  },
  {
    name: "gradientLine",
    comment: "G of F(3, 4); the factors are 1/2, 2, -2/3, -2/3 sqrt(1/2), 1/6 and 1/3 sqrt(1/2)",
    inputs: 4,
    factors: ["half", "two", "even", "odd", "even4", "odd4"],
    steps: [
      "e$ = mul(madd(d2$, half, d0$), even)",
      "o$ = mul(madd(d3$, half, d1$), odd)",
      "e4$ = mul(madd(d2$, two, d0$), even4)",
      "o4$ = mul(madd(d3$, two, d1$), odd4)",
    ],
    outputs: ["d0$", "add(e$, o$)", "sub(e$, o$)", "add(e4$, o4$)", "sub(e4$, o4$)", "d3$"],
  },
  { name: "outputLine2", comment: "A^T of F(2, 3)", inputs: 4, factors: [], steps: outer, outputs: ["add(d0$, sum$)", "add(difference$, d3$)"] },
  {
    name: "outputLine3",
    comment: "A^T of F(3, 4); the factors are 1/2, sqrt(1/2) and 2",
    inputs: 6,
    factors: outputFactors.slice(0, 3),
    steps: outer4,
    outputs: [...first, `add(${square}, d5$)`],
  },
  {
    name: "outputLine4",
    comment: "A^T of F(4, 3); the factors are 1/2, sqrt(1/2), 2 and 4",
    inputs: 6,
    factors: outputFactors,
    steps: outer4,
    outputs: [...first, square, "madd(madd(difference$, half, mul(outerDifference$, four)), root, d5$)"],
  },
];

const indices = (count: number) => [...Array(count).keys()];
const offset = (vector: number) => (vector ? `, ${16 * vector}` : "");

function body({ inputs, steps, outputs }: Line, vectors: number, finish: boolean): string {
  const each = (line: (vector: number) => string) => indices(vectors).map(line);
  const formula = (text: string, vector: number) => text.replaceAll("$", `_${vector}`).replace(/\b(add|sub|mul)\(/g, "f32x4.$1(");
  const result = (text: string) => (finish ? `clamp(add(${text}, bias$), low, high)` : text);
  return [
    ...(finish ? each((v) => `const bias_${v} = v128.load(bias${offset(v)});`) : []),
    ...indices(inputs).flatMap((i) => each((v) => `const d${i}_${v} = v128.load(p${i}${offset(v)});`)),
    ...steps.flatMap((step) => each((v) => `const ${formula(step, v)};`)),
    ...outputs.flatMap((output, i) => [...(i ? ["to += step;"] : []), ...each((v) => `v128.store(to, ${formula(result(output), v)}${offset(v)});`)]),
  ]
    .map((line) => `    ${line}`)
    .join("\n");
}

const line = (spec: Line, finish: boolean) => `/** ${spec.comment}${finish ? "; plus `bias`, bounded" : ""}. */
// @ts-ignore: decorator
@inline
export function ${spec.name}${finish ? "Bounded" : ""}(
  to: usize, step: usize, ${indices(spec.inputs)
    .map((i) => `p${i}: usize`)
    .join(", ")},
  ${[...spec.factors.map((name) => `${name}: v128`), ...(finish ? ["bias: usize", "low: v128", "high: v128"] : [])].join(", ")}
): void {
  if (panelColumns == 16) {
${body(spec, 2, finish)}
  } else {
${body(spec, 1, finish)}
  }
}
`;

/** Every line, and those that make outputs a second time with bias and bounds. */
export const winogradLines = lines
  .flatMap((spec) => [line(spec, false), ...(spec.name === "outputLine2" || spec.name === "outputLine4" ? [line(spec, true)] : [])])
  .join("\n");
