"""PyTorch's side of the benchmark: answers each line of JSON on stdin by one on stdout, and works only in between.

The first line is the job, {work, model, size, batch, threads, peer, weights, comparedSteps,
learningRate, momentum, variant?}; then {"ask": "outputs"},
{"ask": "run", "count": n} for milliseconds of n runs, {"ask": "rss"} for the peak in MB.
Without a variant, those that can be faster are tried for a moment, and the answer names the fastest: a process of its
own then measures that one, with memory that no trial has touched.
"""
import json
import re
import resource
import sys
import time

import torch
from torch.nn import functional as F

from networks import build, channels_of, classes_of, load_safetensors


def read():
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def answer(value):
    print(json.dumps(value), flush=True)


def milliseconds(run, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return times


job = read()
torch.set_num_threads(job["threads"])
channels, size, batch = channels_of(job["model"]), job["size"], job["batch"]
count = batch * size * size * channels
images = (((torch.arange(count) * 40503) % 65521).float() / 32768 - 1).reshape(batch, size, size, channels).permute(0, 3, 1, 2)
classes = classes_of(job["model"], job["work"])
labels = torch.arange(batch) % classes
formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def fresh(layout):
    model = build(job["model"], classes)
    model.load_state_dict(load_safetensors(job["weights"]), strict=False)
    return model.to(memory_format=formats[layout])


def logits():
    with torch.inference_mode():
        return fresh("contiguous").eval()(images.contiguous())


class Inference:
    """A frozen script; `optimize_for_inference` besides turns it into oneDNN's operations."""

    def __init__(self, layout, optimize):
        with torch.inference_mode():
            self.x = images.contiguous(memory_format=formats[layout])
            self.model = torch.jit.freeze(torch.jit.script(fresh(layout).eval()))
            if optimize:
                self.model = torch.jit.optimize_for_inference(self.model)

    def run(self):
        with torch.inference_mode():
            self.logits = self.model(self.x)

    def outputs(self):
        self.run()
        return [self.logits]


class Training:
    """Forward, backward and SGD with momentum, batch norm on batch statistics."""

    def __init__(self, layout, foreach):
        self.x = images.contiguous(memory_format=formats[layout])
        self.model = fresh(layout).train()
        self.sgd = torch.optim.SGD(self.model.parameters(), lr=job["learningRate"], momentum=job["momentum"], foreach=foreach)

    def run(self):
        self.sgd.zero_grad(set_to_none=True)
        self.loss = F.cross_entropy(self.model(self.x), labels)
        self.loss.backward()
        self.sgd.step()

    def outputs(self):
        losses = []
        for _ in range(job["comparedSteps"]):
            self.run()
            losses.append(self.loss.item())
        return [logits()] if job["model"] == "small_cnn" else [logits(), torch.tensor(losses)]


if job["work"] == "training":
    kind, options = Training, {"": False, ", foreach": True}
elif job["peer"] == "torch-optimized":
    kind, options = Inference, {"optimize_for_inference, ": True}
else:
    kind, options = Inference, {"frozen script, ": False}
variants = {(word + layout if kind is Inference else layout + word): (layout, option) for layout in formats for word, option in options.items()}


def fastest():
    best = {}
    for name, settings in variants.items():
        try:
            tried = kind(*settings)
            milliseconds(tried.run, 3)
            best[name] = min(milliseconds(tried.run, 5))
        except (RuntimeError, TypeError) as error:
            print(f"PyTorch, {name}: {error}", file=sys.stderr)
    return min(best, key=best.get)


def capability():
    found = re.search("CPU capability usage: (\\S+)", torch.__config__.show())
    return found.group(1) if found else "unknown"


def blas():
    """The library that multiplies matrices, where the system says what is loaded: Debian's own without libopenblas0 is slow."""
    try:
        with open("/proc/self/maps") as file:
            loaded = file.read()
    except OSError:
        loaded = ""
    names = {"openblas": "OpenBLAS", "libmkl": "MKL", "libblas": "reference BLAS"}
    return next((name for part, name in names.items() if part in loaded), "BLAS built in")


if "variant" not in job:
    answer({"variant": fastest()})
    sys.exit()
side = kind(*variants[job["variant"]])
answer({"version": torch.__version__, "capability": f"CPU capability {capability()}, {blas()}"})
while True:
    question = read()
    if question is None:
        break
    if question["ask"] == "outputs":
        answer([tensor.flatten().tolist() for tensor in side.outputs()])
    elif question["ask"] == "run":
        answer(milliseconds(side.run, question["count"]))
    else:
        answer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
