#!/usr/bin/env python3
"""Throughput of what a user would train with instead, on the same work as Benchmarks/configs.

usage: peers.py {torch,ddp,jax,sklearn} --workload softmax|mlp-small|mlp-large --batch N [--threads N] [--epochs N]

Fashion-MNIST from data/fashion-mnist.h5, in memory as float32, shuffled each epoch; SGD with momentum 0.9, rate 0.1.
Prints one JSON object: peer, its version, workload, batch, threads, samplesPerSecond (the best epoch after a warm-up).
Needs h5py, numpy and the peer; exit code 3 if one is not installed.
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

WORKLOADS = {"softmax": [784, 10], "mlp-small": [784, 256, 128, 10], "mlp-large": [784, 2048, 2048, 10]}
DATA = Path(__file__).resolve().parents[2] / "data" / "fashion-mnist.h5"


def samples():
    import h5py
    import numpy as np

    with h5py.File(DATA) as file:
        inputs = file["train/inputs"][:].reshape(-1, 784).astype(np.float32) / 255
        return inputs, file["train/targets"][:].astype(np.int64)


class Clock:
    """The shortest epoch after the first, which warms up."""

    def __init__(self):
        self.epochs = []

    def __enter__(self):
        self.start = time.perf_counter()

    def __exit__(self, *_):
        self.epochs.append(time.perf_counter() - self.start)

    @property
    def best(self):
        return min(self.epochs[1:])


def torch_network(sizes):
    from torch import nn

    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def torch_epochs(network, batches_of, epochs):
    """Trains on the batches that `batches_of(epoch)` gives, as indices."""
    import torch

    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    loss = torch.nn.CrossEntropyLoss()
    x, y = (torch.from_numpy(array) for array in samples())
    clock = Clock()
    for epoch in range(epochs + 1):
        batches = batches_of(epoch, len(x))
        with clock:
            for batch in batches:
                optimizer.zero_grad()
                loss(network(x[batch]), y[batch]).backward()
                optimizer.step()
    return clock.best


def run_torch(sizes, batch, threads, epochs):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    count = 60_000 // batch * batch
    best = torch_epochs(torch_network(sizes), lambda _, n: torch.randperm(n)[:count].split(batch), epochs)
    return torch.__version__, count / best


def ddp_rank(rank, ranks, sizes, batch, epochs, queue):
    import torch
    from torch import distributed

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    count, local = 60_000 // batch * batch, batch // ranks

    def batches(epoch, n):
        order = torch.randperm(n, generator=torch.Generator().manual_seed(epoch))[:count]
        return [part[rank * local:(rank + 1) * local] for part in order.split(batch)]

    best = torch_epochs(torch.nn.parallel.DistributedDataParallel(torch_network(sizes)), batches, epochs)
    if rank == 0:
        queue.put((torch.__version__, count / best))
    # A rank that leaves while another still uses its connection takes that one down.
    distributed.barrier()
    distributed.destroy_process_group()


def run_ddp(sizes, batch, threads, epochs):
    from torch import multiprocessing

    queue = multiprocessing.get_context("spawn").SimpleQueue()
    multiprocessing.spawn(ddp_rank, (threads, sizes, batch, epochs, queue), nprocs=threads)
    return queue.get()


def run_jax(sizes, batch, threads, epochs):
    import jax
    import jax.numpy as jnp
    import numpy as np

    x, y = (jnp.asarray(array) for array in samples())
    key = jax.random.PRNGKey(0)
    weights = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        key, own = jax.random.split(key)
        bound = 1 / np.sqrt(inputs)
        weights.append((jax.random.uniform(own, (inputs, outputs), minval=-bound, maxval=bound), jnp.zeros(outputs)))
    velocity = jax.tree.map(jnp.zeros_like, weights)

    def loss(weights, x, y):
        for weight, bias in weights[:-1]:
            x = jnp.maximum(x @ weight + bias, 0)
        logits = x @ weights[-1][0] + weights[-1][1]
        chosen = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(logits, 1) - chosen)

    @jax.jit
    def epoch(weights, velocity, order):
        def step(carry, batch):
            weights, velocity = carry
            value, gradient = jax.value_and_grad(loss)(weights, x[batch], y[batch])
            velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradient)
            weights = jax.tree.map(lambda w, v: w - 0.1 * v, weights, velocity)
            return (weights, velocity), value

        (weights, velocity), values = jax.lax.scan(step, (weights, velocity), order)
        return weights, velocity, values

    steps, clock = len(x) // batch, Clock()
    for number in range(epochs + 1):
        order = jnp.asarray(np.random.default_rng(number).permutation(len(x))[: steps * batch].reshape(steps, batch))
        with clock:
            weights, velocity, values = epoch(weights, velocity, order)
            values.block_until_ready()
    return jax.__version__, steps * batch / clock.best


def run_sklearn(sizes, batch, threads, epochs):
    import warnings

    import sklearn
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    x, y = samples()
    network = MLPClassifier(
        tuple(sizes[1:-1]), solver="sgd", batch_size=batch, learning_rate_init=0.1, momentum=0.9, max_iter=1,
        warm_start=True)
    clock = Clock()
    for _ in range(epochs + 1):
        with clock:
            network.fit(x, y)
    return sklearn.__version__, len(x) / clock.best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["torch", "ddp", "jax", "sklearn"])
    parser.add_argument("--workload", choices=list(WORKLOADS), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--epochs", type=int, default=2)
    chosen = parser.parse_args()
    try:
        version, rate = globals()["run_" + chosen.peer](
            WORKLOADS[chosen.workload], chosen.batch, chosen.threads, chosen.epochs)
    except ImportError as missing:
        print(f"{chosen.peer}: {missing}", file=sys.stderr)
        return 3
    print(json.dumps({
        "peer": chosen.peer, "version": version, "workload": chosen.workload, "batch": chosen.batch,
        "threads": chosen.threads, "samplesPerSecond": round(rate)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
