#!/usr/bin/env python3
"""How far an order of row blocks is from one of all rows, on data that are sorted by class: the worst case.

usage: order.py [--trainer FILE] [--seeds N] [--epochs N]

Sorts the training group of data/fashion-mnist.h5 by class into a scratch file, trains configs of a softmax model and of a
hidden layer with each order, and prints a table for docs/data.md: the accuracy on the test group, the mean over seeds and
in brackets the least. Needs h5py and numpy.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = [(1024, 1), (1024, 4), (1024, 8), (1024, 16), (128, 1), (128, 8), (128, 32), (16, 1), (16, 8)]
ORDERS = ["rows", *({"block": block, "window": window} for block, window in BLOCKS), "none"]
MODELS = {
    "softmax": [{"type": "dense", "units": 10}],
    "hidden layer": [{"type": "dense", "units": 128, "activation": "relu"}, {"type": "dense", "units": 10}],
}


def sort_by_class(path):
    with h5py.File(ROOT / "data" / "fashion-mnist.h5") as source, h5py.File(path, "w") as sorted_file:
        source.copy("test", sorted_file)
        order = np.argsort(source["train/targets"][:], kind="stable")
        for name in ("inputs", "targets"):
            rows = sorted_file.create_dataset(f"train/{name}", data=source[f"train/{name}"][:][order])
            for key, value in source[f"train/{name}"].attrs.items():
                rows.attrs[key] = value


def blocks_of_batch(block, window):
    """The most, of 4 shards, whose lanes have 15 000 rows each."""
    return 4 * min(window, -(-15000 // block))


def accuracy(trainer, data, layers, order, seed, epochs, directory):
    config = Path(directory) / "config.json"
    config.write_text(json.dumps({
        "seed": seed,
        "data": {"path": str(data), "preprocessing": [{"type": "scale", "factor": 1 / 255}], "shuffle": order},
        "model": {"layers": layers},
        "loss": "softmaxCrossEntropy",
        "metrics": ["accuracy"],
        "optimizer": {"type": "sgd", "learningRate": 0.02, "momentum": 0.9},
        "training": {"epochs": epochs, "batchSize": 64, "shards": 4},
    }))
    output = Path(tempfile.mkdtemp(dir=directory)) / "run"
    command = [trainer, "run", config, "--output", output, "--format", "json", "--quiet"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(found.stdout)["test"]["accuracy"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trainer", default=ROOT / ".build" / "release" / "trainer")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    print("| order | blocks that a batch's rows come from | " + " | ".join(MODELS) + " |")
    print("|---|---|" + "---|" * len(MODELS))
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "sorted.h5"
        sort_by_class(data)
        for order in ORDERS:
            cells = []
            for layers in MODELS.values():
                found = [
                    accuracy(arguments.trainer, data, layers, order, seed, arguments.epochs, directory)
                    for seed in range(arguments.seeds)
                ]
                cells.append(f"{np.mean(found):.3f} ({min(found):.3f})")
            name = f"`{json.dumps(order)}`"
            blocks = "all" if order == "rows" else "one" if order == "none" else blocks_of_batch(**order)
            print(f"| {name} | {blocks} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
