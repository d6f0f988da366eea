"""The networks that PyTorch runs in the benchmark, and their seeded weights."""
import json
import struct

import numpy
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

#: Inference: torchvision's own.
networks = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_0", "resnet18", "resnet50", "efficientnet_b0"]
#: Inference too, without a list of operations, so that LiteRT and TensorFlow.js have none: layer norms, GELU, attention.
onnx_networks = ["convnext_tiny", "vit_b_16"]
#: Training: network and side of the image in pixels, 10 classes.
training_cases = [("mobilenet_v2", 224), ("mobilenet_v2", 96), ("small_cnn", 28), ("resnet20", 32)]


def classes_of(name, work):
    return 10 if work == "training" else 1000



class SmallCnn(nn.Module):
    """Two 3x3 convolutions, max-pool and two dense layers for 28-pixel grey images."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(64 * 12 * 12, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        y = F.relu(self.conv2(F.relu(self.conv1(x))))
        y = torch.flatten(self.dropout1(F.max_pool2d(y, 2)), 1)
        return self.fc2(self.dropout2(F.relu(self.fc1(y))))


class CifarBlock(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.extra = stride, width - channels

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.extra:
            half = self.extra // 2
            if torch.onnx.is_in_onnx_export():  # the same by operations that make-training.py can differentiate
                x = F.max_pool2d(x, 1, self.stride)
                zeros = torch.zeros(x.shape[0], half, x.shape[2], x.shape[3])
                x = torch.cat([zeros, x, zeros], 1)
            else:
                x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.extra - half))
        return F.relu(y + x)


class ResNet20(nn.Module):
    """ResNet-20 of He et al. 2016, section 4.2, shortcuts of option A."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        channels = 16
        for stage, width in enumerate([16, 32, 64]):
            blocks = []
            for _ in range(3):
                blocks.append(CifarBlock(channels, width, 1 if channels == width else 2))
                channels = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        y = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(y.mean((2, 3)))


def build(name, classes):
    """MobileNetV2 learns without dropout, so that its losses can be compared."""
    if name == "small_cnn":
        return SmallCnn()
    if name == "resnet20":
        return ResNet20()
    options = {"dropout": 0.0} if name == "mobilenet_v2" else {}
    return getattr(torchvision.models, name)(num_classes=classes, **options)


def channels_of(name):
    return 1 if name == "small_cnn" else 3


def seeded(name, size, classes):
    """PyTorch's initialisers; norms with random scales and the statistics of seeded noise, so that numbers keep their size; nothing starts at zero that would hide what is behind it."""
    torch.manual_seed(0)
    model = build(name, classes)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.3, 0.3)
        norm.momentum = None
    if norms:
        with torch.no_grad():
            model.train()(torch.randn(4, channels_of(name), size, size))
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    for parameter_name, parameter in model.named_parameters():
        if "layer_scale" in parameter_name:
            nn.init.uniform_(parameter, 0.1, 0.3)
    for module in model.modules():
        if isinstance(module, nn.Linear) and not module.weight.any():
            module.reset_parameters()
    return model


def save_safetensors(path, tensors):
    """The whole format: length of the header, header as JSON, data (https://github.com/huggingface/safetensors#format)."""
    header, offset = {}, 0
    arrays = {name: tensor.detach().numpy() for name, tensor in tensors.items() if tensor.dtype == torch.float32}
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(numpy.ascontiguousarray(array).tobytes())


def load_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, info in json.loads(data[8:start]).items():
        begin, end = info["data_offsets"]
        tensors[name] = torch.tensor(numpy.frombuffer(data[start + begin : start + end], dtype="<f4")).reshape(info["shape"])
    return tensors
