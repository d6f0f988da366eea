/** A TFLite graph as an ONNX graph of float32. */
import { LimitError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import type { ForeignOptions } from "../foreign.js";
import { constant, stored } from "../onnx/constant.js";
import type { OnnxModel } from "../onnx/read-model.js";
import { activate, clip } from "../tensorflow/activation.js";
import { Dilations } from "../tensorflow/dilation.js";
import { Draft, type Ref } from "../tensorflow/draft.js";
import { elementwise } from "../tensorflow/elementwise.js";
import { operatorNames } from "./codes.js";
import { bytesOf, constantOf, typeOf } from "./constant.js";
import { type Convert, OperatorCall } from "./operator.js";
import { products } from "./products.js";
import { TensorType, type TfliteModel, type TfliteTensor } from "./schema.js";
import { shapeOperators } from "./shapes.js";

const operators = new Map<string, Convert>(Object.entries({ ...products, ...shapeOperators }));

/** TFLite's names of operators on elements -> TensorFlow's. */
const simple = new Map<string, string>(
  Object.entries({
    FLOOR: "Floor",
    LOGISTIC: "Sigmoid",
    RELU: "Relu",
    RELU6: "Relu6",
    TANH: "Tanh",
    ELU: "Elu",
    EXP: "Exp",
    LOG_SOFTMAX: "LogSoftmax",
    PRELU: "Prelu",
    MAXIMUM: "Maximum",
    MINIMUM: "Minimum",
    LESS: "Less",
    GREATER: "Greater",
    GREATER_EQUAL: "GreaterEqual",
    LESS_EQUAL: "LessEqual",
    EQUAL: "Equal",
    NOT_EQUAL: "NotEqual",
    SELECT: "Select",
    SELECT_V2: "Select",
    NEG: "Neg",
    SIN: "Sin",
    COS: "Cos",
    LOG: "Log",
    SQRT: "Sqrt",
    RSQRT: "Rsqrt",
    POW: "Pow",
    LOGICAL_OR: "LogicalOr",
    LOGICAL_AND: "LogicalAnd",
    LOGICAL_NOT: "LogicalNot",
    FLOOR_DIV: "FloorDiv",
    FLOOR_MOD: "FloorMod",
    SQUARE: "Square",
    SQUARED_DIFFERENCE: "SquaredDifference",
    ABS: "Abs",
    CEIL: "Ceil",
    ROUND: "Round",
    SIGN: "Sign",
    ADD_N: "AddN",
  }),
);

/** Those with a fused activation. */
const arithmetic = new Map<string, string>(Object.entries({ ADD: "Add", SUB: "Sub", MUL: "Mul", DIV: "Div" }));

const bends = new Map<string, Convert>(
  Object.entries({
    RELU_N1_TO_1: (call: OperatorCall) => clip(call.draft, call.input(0), -1, 1),
    RELU_0_TO_1: (call: OperatorCall) => clip(call.draft, call.input(0), 0, 1),
    HARD_SWISH: (call: OperatorCall) => activate(call.draft, "hard_swish", call.input(0), call.where),
  }),
);

/** Operators that say themselves what they make of images whose pixels lie apart. */
const windowed = new Set(["CONV_2D", "DEPTHWISE_CONV_2D", "LEAKY_RELU", "BATCH_TO_SPACE_ND"]);

/** @throws {FormatError | LimitError | UnsupportedOpError} */
export function convertTflite(model: TfliteModel, { quantized = "drop" }: ForeignOptions = {}): OnnxModel {
  const { file, tensors } = model;
  const draft = new Draft("tflite", file, model.description);
  const dilations = new Dilations(draft);
  const refs = new Map<number, Ref>();
  const round = (tensor: TfliteTensor, y: Ref) => (quantized === "exact" ? rounded(draft, tensor, y) : y);
  for (const index of model.inputs) {
    const tensor = tensors[index] ?? draft.fail(`input ${index} is no tensor`);
    if (refs.has(index)) draft.fail(`"${tensor.name}" is an input twice`);
    refs.set(index, round(tensor, draft.input(tensor.name, typeOf(tensor, file), openShape(tensor))));
  }
  let bytes = 0;
  const read = (index: number): Ref | undefined => {
    if (index < 0) return undefined;
    const tensor = tensors[index];
    const known = refs.get(index);
    if (known !== undefined) return known;
    if (!tensor.data) return draft.fail(`"${tensor.name}" is read before anything makes it`);
    bytes += bytesOf(tensor, file);
    if (bytes > limits.memoryBytes) throw new LimitError(`tflite: constants of ${bytes} bytes, more than ${limits.memoryBytes} (${file})`);
    const ref = draft.constant(tensor.name, constantOf(tensor, file));
    refs.set(index, ref);
    return ref;
  };
  for (const operator of model.operators) {
    const name = operatorNames.get(operator.code) ?? draft.unsupported(`operator ${operator.code === 32 ? `"${operator.custom}"` : `number ${operator.code}`}`);
    const call = new OperatorCall(draft, name, operator, operator.inputs.map(read), tensors, dilations);
    const results = [convert(call)].flat();
    for (const [i, index] of operator.outputs.entries()) {
      const tensor = tensors[index] ?? draft.fail(`${call.where} has no output ${i}`);
      if (refs.has(index)) draft.fail(`"${tensor.name}" is made twice, the second time by ${name}`);
      const ref = results[i] ?? draft.fail(`${call.where} has ${operator.outputs.length} outputs, expected ${results.length}`);
      refs.set(index, name === "DEQUANTIZE" ? ref : round(tensor, ref));
    }
  }
  const outputs = model.outputs.map((index) => {
    const ref = read(index) ?? draft.fail("an output is no tensor");
    dilations.refuse([ref], `the output "${tensors[index].name}"`);
    return { ref, name: tensors[index].name, shape: openShape(tensors[index]) };
  });
  if (outputs.length === 0) draft.fail("the graph has no outputs");
  return draft.finish(outputs);
}

function convert(call: OperatorCall): Ref | readonly Ref[] {
  const { draft, name, dilations } = call;
  if (name === "QUANTIZE" || name === "DEQUANTIZE") return dilations.follow([call.input(0)], call.input(0));
  const onElements = elementwise.get(arithmetic.get(name) ?? simple.get(name) ?? "");
  if (onElements) {
    const all = call.all();
    const y = onElements(draft, all, call.where);
    return dilations.follow(all, arithmetic.has(name) ? call.activated(y, 0) : y);
  }
  const bend = bends.get(name);
  if (bend) return dilations.follow([call.input(0)], bend(call) as Ref);
  if (!windowed.has(name))
    dilations.refuse(
      call.inputs.filter((ref) => ref !== undefined),
      call.where,
    );
  return (operators.get(name) ?? draft.unsupported(call.where))(call);
}

/** A batch of one is any number; so is what the model leaves open. */
const openShape = ({ shape, signature }: TfliteTensor) => shape.map((size, axis) => (axis === 0 && size === 1 ? "N" : signature[axis] < 0 ? undefined : size));

/** y at the levels that a tensor's bytes can say. */
function rounded(draft: Draft, tensor: TfliteTensor, y: Ref): Ref {
  const { type, quantization, name } = tensor;
  if (!quantization) return y;
  const isByte = type === TensorType.int8 || type === TensorType.uint8;
  if (!isByte || quantization.scales.length !== 1) return draft.unsupported(`exact arithmetic on "${name}", which is not of bytes with one scale,`);
  const point = draft.constant("zero_point", stored(constant(type === TensorType.int8 ? "int8" : "uint8", [], quantization.zeroPoints)));
  const scale = draft.scalar(quantization.scales[0]);
  return draft.add("DequantizeLinear", [draft.add("QuantizeLinear", [y, scale, point]), scale, point]);
}
