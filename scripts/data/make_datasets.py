#!/usr/bin/env python3
"""Makes the datasets of data/ from the copies that scikit-learn carries in its package; nothing is downloaded.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/data/requirements.txt
    .venv/bin/python scripts/data/make_datasets.py           writes data/*.h5
    .venv/bin/python scripts/data/make_datasets.py --check   compares data/*.h5 and data/README.md with a new making

With the versions in requirements.txt two makings give the same bytes.
"""

import argparse
import hashlib
import pathlib
import sys
import tempfile

import h5py
import numpy as np
from sklearn import datasets

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"


def digits():
    source = datasets.load_digits()
    # 8 x 8 counts of ink, whole numbers from 0 to 16.
    inputs = source.data.astype(np.uint8)
    assert np.array_equal(inputs, source.data)
    return inputs, source.target, source.feature_names, source.target_names


def iris():
    source = datasets.load_iris()
    return source.data, source.target, source.feature_names, source.target_names


def breast_cancer():
    source = datasets.load_breast_cancer()
    return source.data, source.target, source.feature_names, source.target_names


def diabetes():
    # The measured values in their units; scikit-learn's default is a copy with each column scaled to length 1.
    source = datasets.load_diabetes(scaled=False)
    return source.data, source.target, source.feature_names, None


DATASETS = {"digits": digits, "iris": iris, "breast-cancer": breast_cancer, "diabetes": diabetes}


def test_rows(targets, classes):
    """Marks each fifth sample of each class in source order; for regression each fifth row."""
    positions = np.empty(len(targets), dtype=np.int64)
    if classes is None:
        positions[:] = np.arange(len(targets))
    else:
        for label in range(len(classes)):
            of_class = targets == label
            positions[of_class] = np.arange(np.count_nonzero(of_class))
    return positions % 5 == 4


def write(path, inputs, targets, features, classes):
    targets = targets.astype(np.float64 if classes is None else np.uint8)
    in_test = test_rows(targets, classes)
    text = h5py.string_dtype("utf-8")
    # The oldest file format that holds this, so that every libhdf5 reads it; rows begin at multiples of 64 bytes, so
    # that they can be used where they lie in a mapped file.
    with h5py.File(path, "w", libver=("earliest", "v110"), alignment_threshold=256, alignment_interval=64) as file:
        for name, rows in (("train", ~in_test), ("test", in_test)):
            group = file.create_group(name)
            stored = group.create_dataset("inputs", data=np.ascontiguousarray(inputs[rows]), track_times=False)
            stored.attrs.create("features", list(map(str, features)), dtype=text)
            stored = group.create_dataset("targets", data=targets[rows], track_times=False)
            if classes is not None:
                stored.attrs.create("classes", list(map(str, classes)), dtype=text)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the files in data/ instead of writing them")
    arguments = parser.parse_args()

    differences = []
    with tempfile.TemporaryDirectory() as folder:
        for name, load in DATASETS.items():
            target = DATA / f"{name}.h5"
            made = pathlib.Path(folder, target.name) if arguments.check else target
            write(made, *load())
            print(f"{target.name} {digest(made)}")
            if not arguments.check:
                continue
            if not target.exists():
                differences.append(f"{target}: missing")
            elif digest(target) != digest(made):
                differences.append(f"{target}: sha256 {digest(target)} is not that of a new making, {digest(made)}")
            if digest(made) not in (DATA / "README.md").read_text(encoding="utf-8"):
                differences.append(f"{DATA / 'README.md'}: does not hold the sha256 of {target.name}, {digest(made)}")
    for difference in differences:
        print(f"error: {difference}", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
