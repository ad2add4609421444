#!/usr/bin/env python3
"""Makes data/notes.h5 and data/line.h5, the two tiny datasets of configs/notes/.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/data/requirements.txt
    .venv/bin/python scripts/data/make_notes.py [FOLDER]     writes them to FOLDER, data/ by default

With the versions in requirements.txt two makings give the same bytes.
"""

import pathlib
import sys

import h5py
import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"


def write(path, datasets):
    # The oldest file format that holds this, rows at multiples of 64 bytes, as in make_datasets.py.
    with h5py.File(path, "w", libver=("earliest", "v110"), alignment_threshold=1, alignment_interval=64) as file:
        group = file.create_group("train")
        for name, values in datasets.items():
            group.create_dataset(name, data=np.asarray(values, dtype=np.float64), track_times=False)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    # The two measurements of the notes.
    write(folder / "notes.h5", {"x": [5, 10]})
    # Points about the line y = 2 x - 1. Their distances from it are written out: no generator's stream is guaranteed
    # to stay the same.
    x = np.arange(-12, 12) / 8 + 1 / 16
    distances = [3, -5, 1, 4, -2, -4, 6, 0, -3, 2, 5, -6, -1, 3, -2, 4, -5, 1, 2, -4, 6, -3, 0, -2]
    write(folder / "line.h5", {"x": x, "y": 2 * x - 1 + np.array(distances) / 16})


if __name__ == "__main__":
    main()
