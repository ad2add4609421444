#!/usr/bin/env python3
"""Makes a dataset larger than memory: rows of 784 bytes in ten classes, in chunks of 256 rows packed by gzip level 4.

    python Benchmarks/large_dataset.py big.h5 --gigabytes 10

The rows are those of a few hundred different chunks, put together at random: packing 10 GB anew would take minutes. It
needs numpy and h5py.
"""

import argparse
import zlib

import h5py
import numpy

ROWS, COLUMNS, CLASSES, DIFFERENT = 256, 784, 10, 400


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path")
    parser.add_argument("--gigabytes", type=float, default=10.0, help="of the unpacked training rows")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random = numpy.random.default_rng(arguments.seed)
    centers = random.integers(0, 120, (CLASSES, COLUMNS))
    chunks = []
    for _ in range(DIFFERENT):
        labels = random.integers(0, CLASSES, ROWS)
        noise = random.integers(0, 100, (ROWS, COLUMNS)) * (random.random((ROWS, COLUMNS)) < 0.3)
        rows = (centers[labels] + noise).astype(numpy.uint8)
        chunks.append((labels.astype(numpy.uint8), zlib.compress(rows.tobytes(), 4)))
    with h5py.File(arguments.path, "w", libver=("earliest", "v110")) as file:
        for name, count in [("train", int(arguments.gigabytes * 1e9 / (ROWS * COLUMNS))), ("test", 40)]:
            inputs = file.create_dataset(
                f"{name}/inputs", (count * ROWS, COLUMNS), "u1", chunks=(ROWS, COLUMNS), compression="gzip",
                compression_opts=4)
            targets = numpy.empty(count * ROWS, "u1")
            for number, chosen in enumerate(random.integers(0, DIFFERENT, count)):
                labels, packed = chunks[chosen]
                inputs.id.write_direct_chunk((number * ROWS, 0), packed)
                targets[number * ROWS : (number + 1) * ROWS] = labels
            file.create_dataset(f"{name}/targets", data=targets)


if __name__ == "__main__":
    main()
