import { formatShape, sameShape, sizeOf, vectorsOf } from "../../core/shape.js";
import { defineOp, type Attributes, type Op, type OpDefinition } from "../../graph/op.js";
import { walkVectors } from "./walk.js";

interface Elementwise<A extends Attributes> extends Pick<OpDefinition<A>, "name" | "summary" | "gradient"> {
  /** Takes output, inputs, attributes in their order, and walks vectors of 4 elements. */
  readonly kernel: string;
  /** Default `["x"]`; all of one shape. The output may take the first one's memory. */
  readonly inputs?: readonly string[];
  /** Default `y`. */
  readonly output?: string;
  readonly attributes?: A;
  /** What else the shape rule has to say about the attributes. */
  check?(attributes: A, fail: (message: string) => never): void;
}

/** An op that maps elements of its inputs to the element at the same place of its output. */
export function elementwise<A extends Attributes = Record<string, never>>({
  kernel,
  inputs = ["x"],
  output = "y",
  attributes = {} as A,
  check,
  ...rest
}: Elementwise<A>): Op<A> {
  return defineOp<A>({
    ...rest,
    inputs,
    outputs: [output],
    attributes,
    shape(shapes, attributes, fail) {
      const first = shapes[inputs[0]];
      const other = inputs.find((name) => !sameShape(shapes[name], first));
      if (other) fail(`expected ${other} in the shape of ${inputs[0]}, ${formatShape(first)}`);
      check?.(attributes, fail);
      return first;
    },
    lower(emit, tensors, attributes) {
      const [y, reads] = [tensors[output], inputs.map((name) => tensors[name])];
      emit.call(kernel, [y, ...reads, ...(Object.values(attributes) as number[])], vectorsOf(y.shape), walkVectors({ reads, writes: [y] }, y));
    },
    flops: (shapes) => sizeOf(shapes[output]),
    inPlace: inputs[0],
    recompute: true,
  });
}
