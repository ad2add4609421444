#!/usr/bin/env python3
"""How fast PyTorch loads the rows of a dataset with h5py: what `trainer bench data FILE` is compared with.

    python Benchmarks/loading.py data.h5 --workers 2 --passes 9

An IterableDataset whose workers read whole chunks of rows, each its part of them, as tensors of bytes, so that nothing is
done but reading, unpacking and handing on. It needs torch, h5py and numpy.
"""

import argparse
import statistics
import time

import h5py
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Blocks(IterableDataset):
    def __init__(self, path, dataset):
        self.path, self.dataset = path, dataset

    def __iter__(self):
        info = get_worker_info()
        number, count = (info.id, info.num_workers) if info else (0, 1)
        with h5py.File(self.path, "r") as file:
            rows = file[self.dataset]
            size = rows.chunks[0] if rows.chunks else 256
            for first in range(number * size, len(rows), count * size):
                yield torch.from_numpy(rows[first : first + size])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path")
    parser.add_argument("--dataset", default="train/inputs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--passes", type=int, default=9)
    arguments = parser.parse_args()
    loader = DataLoader(
        Blocks(arguments.path, arguments.dataset), batch_size=None, num_workers=arguments.workers,
        persistent_workers=arguments.workers > 0)
    rates = []
    # The first pass starts the workers.
    for number in range(arguments.passes + 1):
        start, rows = time.perf_counter(), 0
        for block in loader:
            rows += len(block)
        if number > 0:
            rates.append(rows / (time.perf_counter() - start))
    print(
        f"{arguments.workers} workers {statistics.median(rates):.0f} rows/s ({len(rates)} passes: {min(rates):.0f} to "
        f"{max(rates):.0f})")


if __name__ == "__main__":
    main()
