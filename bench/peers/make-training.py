"""Makes the training steps that onnxruntime-web 1.19.2 runs: forward, backward and SGD with momentum as one ONNX graph.

    python make-training.py [--out models]

Its training artifacts come from Python's onnxruntime-training only. This writes the backward graph itself, out of the
gradient operators that its training binary has (ConvGrad, BatchNormalizationGrad, MaxPoolGrad, ...). Weights,
momenta and running statistics go in and come out under "NAME" and "NAME.next", so that steps follow one another.
Per case: train-NAME-SIZE.onnx, the step for one batch, and train-NAME-SIZE.eval.onnx, logits from the same inputs.
"""
import argparse
import io
import os
import warnings

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from networks import channels_of, classes_of, seeded, training_cases

BATCHES = {("mobilenet_v2", 224): 8, ("mobilenet_v2", 96): 16, ("small_cnn", 28): 64, ("resnet20", 32): 64}
MICROSOFT = "com.microsoft"


def exported(model, x, training):
    file = io.BytesIO()
    mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.EVAL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, x, file, opset_version=17, training=mode, do_constant_folding=False, input_names=["x"], output_names=["logits"])
    return onnx.shape_inference.infer_shapes(onnx.load_from_string(file.getvalue()))


class Backward:
    """Adds to a forward graph what reverse-mode differentiation of its nodes gives."""

    def __init__(self, graph):
        self.graph = graph
        self.initial = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        values = [*graph.value_info, *graph.input, *graph.output]
        self.shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
        self.shapes.update({name: list(array.shape) for name, array in self.initial.items()})
        self.nodes, self.constants, self.known = [], [], []
        self.slopes = {}
        self.running = {}

    def constant(self, array):
        name = f"constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def node(self, op, inputs, outputs=1, domain=MICROSOFT, **attributes):
        names = [f"{op}.{len(self.nodes)}.{i}" for i in range(outputs)] if isinstance(outputs, int) else outputs
        self.nodes.append(helper.make_node(op, inputs, names, domain=domain, **attributes))
        return names

    def standard(self, op, inputs, **attributes):
        return self.node(op, inputs, domain="", **attributes)[0]

    def add(self, name, slope):
        self.slopes.setdefault(name, []).append(slope)

    def slope(self, name):
        found = self.slopes[name]
        return found[0] if len(found) == 1 else self.standard("Sum", found)

    def run(self, logits):
        learns = {name for name in self.initial if "running" not in name and "num_batches" not in name}
        live = set(learns)
        forward = []
        for node in self.graph.node:
            if any(name in live for name in node.input):
                live.update(node.output)
            if node.op_type == "BatchNormalization":
                node = self.norm(node)
            elif node.op_type == "MaxPool":
                node.output.append(f"{node.output[0]}.indices")
            elif node.op_type == "Dropout":
                node.output.append(f"{node.output[0]}.mask") if len(node.output) == 1 else None
            forward.append(node)
        self.nodes += forward
        loss, log_probabilities = self.node("SoftmaxCrossEntropyLoss", [logits, "labels"], ["loss", "log_probabilities"], domain="", reduction="mean")
        one = self.constant(numpy.float32(1))
        self.add(logits, self.node("SoftmaxCrossEntropyLossGrad", [one, log_probabilities, "labels"], reduction="mean")[0])
        for node in reversed(forward):
            if node.op_type != "Constant" and node.output[0] in self.slopes:
                getattr(self, node.op_type)(node, {a.name: helper.get_attribute_value(a) for a in node.attribute}, live)
        for name in learns:
            change = self.standard("Add", [self.standard("Mul", [f"momentum.{name}", "momentum"]), self.slope(name)])
            self.nodes.append(helper.make_node("Identity", [change], [f"momentum.{name}.next"]))
            self.nodes.append(helper.make_node("Sub", [name, self.standard("Mul", [change, "rate"])], [f"{name}.next"]))
        return learns

    def norm(self, node):
        """The training form of the operator gives the statistics that its gradient needs."""
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        y = node.output[0]
        running = [f"{name}.next" for name in node.input[3:5]]
        self.running.update(zip(node.input[3:5], running))
        return helper.make_node("BatchNormInternal", list(node.input), [y, *running, f"{y}.mean", f"{y}.scale"], domain=MICROSOFT, **attributes)

    def BatchNormInternal(self, node, attributes, live):
        inputs = [self.slope(node.output[0]), node.input[0], node.input[1], node.output[3], node.output[4]]
        for name, slope in zip(node.input, self.node("BatchNormalizationGrad", inputs, 3, epsilon=attributes["epsilon"])):
            self.add(name, slope)

    def Conv(self, node, attributes, live):
        base = f"ConvGrad.{len(self.nodes)}"
        names = [f"{base}.{i}" if name in live else "" for i, name in enumerate(node.input)]
        self.node("ConvGrad", [self.slope(node.output[0]), node.input[0], node.input[1]], names, **attributes)
        for name, slope in zip(node.input, names):
            if slope:
                self.add(name, slope)

    def Gemm(self, node, attributes, live):
        assert attributes["transB"] == 1
        dy = self.slope(node.output[0])
        x, weight, bias = node.input
        self.add(x, self.standard("Gemm", [dy, weight]))
        self.add(weight, self.standard("Gemm", [dy, x], transA=1))
        self.add(bias, self.standard("ReduceSum", [dy, self.constant(numpy.array([0], numpy.int64))], keepdims=0))

    def Relu(self, node, attributes, live):
        self.add(node.input[0], self.node("ReluGrad", [self.slope(node.output[0]), node.output[0]])[0])

    def Clip(self, node, attributes, live):
        # Two passes of ReluGrad, for y > 0 and for 6 - y > 0, are faster there than comparisons and Where.
        y = node.output[0]
        above = self.node("ReluGrad", [self.slope(y), y])[0]
        room = self.standard("Sub", [self.constant(numpy.float32(6)), y])
        self.add(node.input[0], self.node("ReluGrad", [above, room])[0])

    def Add(self, node, attributes, live):
        dy = self.slope(node.output[0])
        for name in node.input:
            self.add(name, dy)

    def MaxPool(self, node, attributes, live):
        kept = {name: attributes[name] for name in ("kernel_shape", "strides", "pads")}
        inputs = [self.slope(node.output[0]), node.output[1]]
        slope = self.node("MaxPoolGrad", inputs, domain="", **kept)[0]
        self.known.append(helper.make_tensor_value_info(slope, TensorProto.FLOAT, self.shapes[node.input[0]]))  # its kernel asks for it
        self.add(node.input[0], slope)

    def Concat(self, node, attributes, live):
        dy, start, axis = self.slope(node.output[0]), 0, attributes["axis"]
        for name in node.input:
            end = start + self.shapes[name][axis]
            if name in live:
                self.add(name, self.standard("Slice", [dy, *(self.constant(numpy.array([at], numpy.int64)) for at in (start, end, axis))]))
            start = end

    def Flatten(self, node, attributes, live):
        shape = self.constant(numpy.array(self.shapes[node.input[0]], numpy.int64))
        self.add(node.input[0], self.standard("Reshape", [self.slope(node.output[0]), shape]))

    def GlobalAveragePool(self, node, attributes, live):
        count, channels, height, width = self.shapes[node.input[0]]
        dy = self.standard("Mul", [self.slope(node.output[0]), self.constant(numpy.float32(1 / (height * width)))])
        dy = self.standard("Reshape", [dy, self.constant(numpy.array([count, channels, 1, 1], numpy.int64))])
        self.add(node.input[0], self.standard("Expand", [dy, self.constant(numpy.array([count, channels, height, width], numpy.int64))]))

    ReduceMean = GlobalAveragePool

    def Dropout(self, node, attributes, live):
        inputs = [self.slope(node.output[0]), node.output[1], *node.input[1:]]
        self.add(node.input[0], self.node("DropoutGrad", inputs)[0])


def save(path, backward, inputs, outputs):
    of = lambda values: [helper.make_tensor_value_info(*value) for value in values]
    graph = helper.make_graph(backward.nodes, "step", of(inputs), of(outputs), backward.constants, value_info=backward.known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)])
    model.ir_version = 8
    onnx.save(model, path)


def make(name, size, folder):
    path = os.path.join(folder, f"train-{name}-{size}")
    shape = [BATCHES[name, size], channels_of(name), size, size]
    model = seeded(name, size, classes_of(name, "training"))
    real = TensorProto.FLOAT

    evaluation = exported(model.eval(), torch.zeros(shape), False).graph
    onnx.save(helper.make_model(evaluation, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{path}.eval.onnx")

    graph = exported(model.train(), torch.zeros(shape), True).graph
    backward = Backward(graph)
    learns = backward.run(graph.output[0].name)
    state = {key: backward.shapes[key] for key in [*learns, *backward.running]}
    state.update({f"momentum.{key}": backward.shapes[key] for key in learns})
    inputs = [("x", real, shape), ("labels", TensorProto.INT64, shape[:1]), ("rate", real, []), ("momentum", real, [])]
    inputs += [(key, real, dims) for key, dims in state.items()]
    outputs = [("loss", real, [])] + [(f"{key}.next", real, dims) for key, dims in state.items()]
    save(f"{path}.onnx", backward, inputs, outputs)
    print(f"{name} {size} px: {len(graph.node)} nodes forward, {len(backward.nodes)} in all")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
    options = parser.parse_args()
    for case in training_cases:
        make(*case, options.out)
