#!/usr/bin/env python3
"""Makes data/signals.h5: 9216 made-up series of 1024 numbers, of which it is to be found how fast each oscillates.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/data/requirements.txt
    .venv/bin/python scripts/data/make_signals.py [FILE]     writes it, data/signals.h5 by default: 38 MB, so not committed

A series is a sine of one of four periods, 314, 126, 79 and 57 steps, from a phase drawn at random, under normal noise of half
its amplitude. No step says anything by itself.
"""

import argparse
import pathlib

import h5py
import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
LENGTH, TRAIN, TEST = 1024, 8192, 1024
SEED = 22


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default=DATA / "signals.h5", type=pathlib.Path)
    arguments = parser.parse_args()
    random = np.random.default_rng(SEED)
    count = TRAIN + TEST
    classes = random.integers(0, 4, count)
    phases = random.uniform(0, 2 * np.pi, (count, 1))
    series = np.sin(np.arange(LENGTH) * (0.02 + 0.03 * classes[:, None]) + phases)
    series = (series + 0.5 * random.standard_normal((count, LENGTH))).astype(np.float32)
    with h5py.File(arguments.file, "w") as file:
        for group, rows in (("train", slice(0, TRAIN)), ("test", slice(TRAIN, count))):
            file[f"{group}/inputs"] = series[rows, :, None]
            file[f"{group}/targets"] = classes[rows].astype(np.uint8)
            file[f"{group}/targets"].attrs["classes"] = ["slow", "medium", "fast", "fastest"]


if __name__ == "__main__":
    main()
