"""Makes what the benchmark against other engines runs on: the same seeded weights in each engine's format.

    python make-models.py [--out models] [names...]

For each network: NAME.safetensors (PyTorch's names, for us and for PyTorch), NAME.onnx (opset 17, batch norm folded,
any batch), and, but for those of `onnx_networks`, NAME.json + NAME.bin, the same folded network as a plain list of NHWC operations, from which the
TFLite file and the TensorFlow.js network are made. Networks of the training cases get their safetensors alone, as
train-NAME-SIZE. Needs torch, torchvision and onnx (Debian: python3-torch, python3-torchvision, python3-onnx).
"""
import argparse
import json
import os

import numpy
import onnx
import onnx.numpy_helper
import torch
import torchvision

from networks import classes_of, networks, onnx_networks, save_safetensors, seeded, training_cases

SIZE = 224


class Lowering:
    """An ONNX graph as NHWC operations: convolutions with bias and clamp, additions, pools, dense layers."""

    def __init__(self, model):
        self.graph = model.graph
        self.constants = {t.name: onnx.numpy_helper.to_array(t) for t in self.graph.initializer}
        self.uses = {}
        for node in self.graph.node:
            for name in node.input:
                self.uses[name] = self.uses.get(name, 0) + 1
        self.nodes, self.data, self.offset = [], [], 0
        self.made_by = {}
        self.alias = {}

    def tensor(self, array):
        array = numpy.ascontiguousarray(array, dtype=numpy.float32)
        at = {"offset": self.offset, "shape": list(array.shape)}
        self.data.append(array.tobytes())
        self.offset += array.nbytes
        return at

    def value(self, name):
        return self.alias.get(name, name)

    def add(self, node, op, inputs, **attributes):
        entry = {"op": op, "x": [self.value(name) for name in inputs], "y": node.output[0], **attributes}
        self.nodes.append(entry)
        self.made_by[node.output[0]] = entry

    def clamp(self, node, activation):
        """Into the node before, where that is its only reader and can clamp; else a node of its own."""
        before = self.made_by.get(self.value(node.input[0]))
        if before and "activation" in before and before["activation"] == "none" and self.uses[node.input[0]] == 1:
            before["activation"] = activation
            self.alias[node.output[0]] = before["y"]
        else:
            self.add(node, activation, node.input[:1])

    def run(self):
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            getattr(self, node.op_type)(node, attributes)
        return self.nodes, b"".join(self.data), self.value(self.graph.output[0].name)

    def Constant(self, node, attributes):
        self.constants[node.output[0]] = onnx.numpy_helper.to_array(attributes["value"])

    def Identity(self, node, _):
        source = node.input[0]
        if source in self.constants:
            self.constants[node.output[0]] = self.constants[source]
        else:
            self.alias[node.output[0]] = self.value(source)

    def Conv(self, node, attributes):
        weight = self.constants[node.input[1]]
        bias = self.constants[node.input[2]]
        group = attributes["group"]
        top, left, bottom, right = attributes["pads"]
        depthwise = group > 1
        assert not depthwise or weight.shape[1] == 1 and group == weight.shape[0]
        self.add(
            node, "depthwise" if depthwise else "conv", node.input[:1],
            weight=self.tensor(weight[:, 0].transpose(1, 2, 0) if depthwise else weight.transpose(2, 3, 1, 0)),
            bias=self.tensor(bias), stride=list(attributes["strides"]), padding=[top, bottom, left, right], activation="none",
        )

    def Gemm(self, node, attributes):
        assert attributes["transB"] == 1
        self.add(node, "dense", node.input[:1], weight=self.tensor(self.constants[node.input[1]].T), bias=self.tensor(self.constants[node.input[2]]), activation="none")

    def Relu(self, node, _):
        self.clamp(node, "relu")

    def Clip(self, node, _):
        low, high = (float(self.constants[name]) for name in node.input[1:3])
        assert (low, high) == (0, 6)
        self.clamp(node, "relu6")

    def Sigmoid(self, node, _):
        self.add(node, "sigmoid", node.input)

    def HardSwish(self, node, _):
        self.add(node, "hardSwish", node.input)

    def HardSigmoid(self, node, attributes):
        assert abs(attributes["alpha"] - 1 / 6) < 1e-6
        self.add(node, "hardSigmoid", node.input)

    def Add(self, node, _):
        self.add(node, "add", node.input, activation="none")

    def Mul(self, node, _):
        self.add(node, "mul", node.input)

    def Concat(self, node, attributes):
        assert attributes["axis"] == 1
        self.add(node, "concat", node.input)

    def MaxPool(self, node, attributes):
        top, left, bottom, right = attributes["pads"]
        padding = [top, bottom, left, right]
        self.add(node, "maxPool", node.input, kernel=list(attributes["kernel_shape"]), stride=list(attributes["strides"]), padding=padding, ceil=bool(attributes["ceil_mode"]))

    def GlobalAveragePool(self, node, _):
        self.add(node, "mean", node.input)

    def Flatten(self, node, attributes):
        assert attributes["axis"] == 1
        self.add(node, "flatten", node.input)


def make(name, folder):
    model = seeded(name, SIZE, classes_of(name, "inference")).eval()
    path = os.path.join(folder, name)
    save_safetensors(f"{path}.safetensors", model.state_dict())
    x = torch.zeros(1, 3, SIZE, SIZE)
    axes = {"x": {0: "batch"}, "logits": {0: "batch"}}
    torch.onnx.export(
        model, x, f"{path}.onnx", opset_version=17, do_constant_folding=True, input_names=["x"], output_names=["logits"], dynamic_axes=axes
    )
    exported = onnx.load(f"{path}.onnx")
    onnx.checker.check_model(exported)
    if name in onnx_networks:
        return print(name)
    nodes, data, output = Lowering(exported).run()
    with open(f"{path}.bin", "wb") as file:
        file.write(data)
    with open(f"{path}.json", "w") as file:
        json.dump({"name": name, "input": [SIZE, SIZE, 3], "output": output, "nodes": nodes}, file)
    print(f"{name}: {len(nodes)} operations, {len(data) / 1e6:.1f} MB")


parser = argparse.ArgumentParser()
parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
parser.add_argument("names", nargs="*")
options = parser.parse_args()
os.makedirs(options.out, exist_ok=True)
print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, onnx {onnx.__version__}")
for each in options.names or networks + onnx_networks:
    make(each, options.out)
for each, size in training_cases:
    save_safetensors(os.path.join(options.out, f"train-{each}-{size}.safetensors"), seeded(each, size, classes_of(each, "training")).state_dict())
