#!/usr/bin/env python3
"""Throughput of what a user would train convolutions with instead, on the same work as Benchmarks/configs.

usage: convolutions.py {torch,torch-compile,jax} --workload cnn|conv1d --batch N [--threads N] [--epochs N] [--samples N]

cnn: Fashion-MNIST from data/fashion-mnist.h5, two convolutions of 3 x 3 with pooling. conv1d: the series of data/signals.h5,
three convolutions of 9 with stride 2. In memory as float32, shuffled each epoch; Adam with rate 0.001. PyTorch's images have
their channels last in memory, which is faster there. Prints one JSON object, as peers.py does; --samples takes only so many.
Needs h5py, numpy and the peer; exit code 3 if one is not installed.
"""
import argparse
import json
import os
import sys
from pathlib import Path

from peers import Clock

DATA = Path(__file__).resolve().parents[2] / "data"
# Of each convolution: kernel, filters, stride, and whether pooling over 2 x 2 follows.
CONVOLUTIONS = {
    "cnn": [((3, 3), 32, 1, True), ((3, 3), 64, 1, True)],
    "conv1d": [((9,), 32, 2, False), ((9,), 64, 2, False), ((9,), 64, 2, False)],
}
CLASSES = {"cnn": 10, "conv1d": 4}
FEATURES = {"cnn": 1600, "conv1d": 64}


def samples(workload, most):
    import h5py
    import numpy as np

    with h5py.File(DATA / ("fashion-mnist.h5" if workload == "cnn" else "signals.h5")) as file:
        inputs, targets = file["train/inputs"][:most], file["train/targets"][:most]
    if workload == "cnn":
        inputs = inputs.reshape(-1, 28, 28, 1).astype(np.float32) / 255
    return inputs.astype(np.float32), targets.astype(np.int64)


def torch_network(workload):
    from torch import nn

    class Mean(nn.Module):
        def forward(self, x):
            return x.mean(-1)

    layers, channels = [], 1
    for kernel, filters, stride, pools in CONVOLUTIONS[workload]:
        convolution = nn.Conv2d if len(kernel) == 2 else nn.Conv1d
        layers += [convolution(channels, filters, kernel, stride), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if pools else []
        channels = filters
    layers += [nn.Flatten() if workload == "cnn" else Mean(), nn.Linear(FEATURES[workload], CLASSES[workload])]
    return nn.Sequential(*layers)


def run_torch(workload, batch, threads, epochs, most, compiles=False):
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(7)
    inputs, targets = samples(workload, most)
    x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(inputs, -1, 1)))
    network = torch_network(workload)
    if workload == "cnn":
        x = x.to(memory_format=torch.channels_last)
        network = network.to(memory_format=torch.channels_last)
    y = torch.from_numpy(targets)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001, fused=True)
    loss = torch.nn.CrossEntropyLoss()
    forward = torch.compile(network) if compiles else network
    clock, count = Clock(), len(x) // batch * batch
    for _ in range(epochs + 1):
        order = torch.randperm(len(x))
        with clock:
            for start in range(0, count, batch):
                index = order[start : start + batch]
                optimizer.zero_grad()
                loss(forward(x[index]), y[index]).backward()
                optimizer.step()
    return torch.__version__, count / clock.best


def run_jax(workload, batch, threads, epochs, most):
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import lax

    inputs, targets = samples(workload, most)
    random = np.random.default_rng(7)

    def weight(*shape):
        return jnp.asarray((random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype(np.float32))

    parameters, channels = [], 1
    for kernel, filters, _, _ in CONVOLUTIONS[workload]:
        parameters += [weight(*kernel, channels, filters), jnp.zeros(filters)]
        channels = filters
    parameters += [weight(FEATURES[workload], CLASSES[workload]), jnp.zeros(CLASSES[workload])]
    layout = ("NHWC", "HWIO", "NHWC") if workload == "cnn" else ("NWC", "WIO", "NWC")

    def forward(parameters, x):
        for index, (_, _, stride, pools) in enumerate(CONVOLUTIONS[workload]):
            w, b = parameters[2 * index : 2 * index + 2]
            x = jax.nn.relu(
                lax.conv_general_dilated(x, w, (stride,) * (x.ndim - 2), "VALID", dimension_numbers=layout) + b)
            if pools:
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = x.reshape(len(x), -1) if workload == "cnn" else x.mean(1)
        return x @ parameters[-2] + parameters[-1]

    def loss(parameters, x, y):
        z = forward(parameters, x)
        return jnp.mean(jax.nn.logsumexp(z, 1) - jnp.take_along_axis(z, y[:, None], 1)[:, 0])

    count = len(inputs) // batch * batch

    @jax.jit
    def epoch(state, x, y, order):
        def step(state, index):
            p, m, v, t = state
            g = jax.grad(loss)(p, x[index], y[index])
            t = t + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            a, b = 1 - 0.9**t, 1 - 0.999**t
            p = jax.tree.map(lambda p, m, v: p - 0.001 * (m / a) / (jnp.sqrt(v / b) + 1e-8), p, m, v)
            return (p, m, v, t), None

        return lax.scan(step, state, order.reshape(-1, batch))[0]

    zeros = [jnp.zeros_like(p) for p in parameters]
    state = (parameters, zeros, zeros, jnp.float32(0))
    x, y, clock = jnp.asarray(inputs), jnp.asarray(targets, jnp.int32), Clock()
    for number in range(epochs + 1):
        order = jnp.asarray(np.random.default_rng(number).permutation(len(inputs))[:count])
        with clock:
            state = epoch(state, x, y, order)
            state[3].block_until_ready()
    return jax.__version__, count / clock.best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["torch", "torch-compile", "jax"])
    parser.add_argument("--workload", choices=list(CONVOLUTIONS), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--samples", type=int)
    chosen = parser.parse_args()
    arguments = (chosen.workload, chosen.batch, chosen.threads, chosen.epochs, chosen.samples)
    try:
        version, rate = (
            run_jax(*arguments) if chosen.peer == "jax"
            else run_torch(*arguments, compiles=chosen.peer == "torch-compile"))
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
    print(json.dumps({
        "peer": chosen.peer, "version": version, "workload": chosen.workload, "batch": chosen.batch,
        "threads": chosen.threads, "samplesPerSecond": round(rate)}))


if __name__ == "__main__":
    main()
