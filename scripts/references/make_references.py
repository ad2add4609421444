#!/usr/bin/env python3
"""Makes the reference numbers in Tests/Fixtures with PyTorch, optax, numpy, scikit-learn and SymPy.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/references/requirements.txt
    .venv/bin/python scripts/references/make_references.py           writes Tests/Fixtures
    .venv/bin/python scripts/references/make_references.py --check   compares Tests/Fixtures with a new making

Other processors may round differently: --check allows 1e-10 relative to the largest number of a list, 1e-4 in float32.
"""

import argparse
import json
import math
import sys

import numpy as np
import torch

import classifiers
import columns
import derivatives
import features
import layers
import linear
import losses
import metrics
import operations
import optimizers
import schedules
import splits
import tables
import trajectories
import weights
import windows
from common import FIXTURES, text

MAKERS = (
    trajectories, optimizers, schedules, losses, operations, linear, classifiers, metrics, tables, columns, features,
    splits, weights, derivatives, windows, layers,
)


def differences(found, expected, tolerance, path=""):
    """Where two JSON values differ, as sentences; lists of numbers are compared as vectors."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        return [line for key in expected for line in differences(found[key], expected[key], tolerance, f"{path}/{key}")]
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        if all(isinstance(value, float) for value in (*found, *expected)):
            found, expected = np.array(found), np.array(expected)
            worst = np.abs(found - expected).max(initial=0)
            return [] if worst <= tolerance * np.abs(expected).max(initial=0) else [f"{path}: differs by {worst}"]
        return [
            line for index, pair in enumerate(zip(found, expected, strict=True))
            for line in differences(*pair, tolerance, f"{path}/{index}")
        ]
    if isinstance(found, float) and isinstance(expected, float):
        return [] if math.isclose(found, expected, rel_tol=tolerance) else [f"{path}: {found} is not {expected}"]
    return [] if found == expected else [f"{path}: {str(found)[:60]} is not {str(expected)[:60]}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with Tests/Fixtures instead of writing it")
    arguments = parser.parse_args()
    # One thread, so that a sum has one order.
    torch.set_num_threads(1)

    failed = False
    for name, fixture in (item for maker in MAKERS for item in maker.fixtures()):
        path = FIXTURES / name
        made = text(fixture)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8")
            print(f"{name} {len(made)} bytes")
            continue
        tolerance = 1e-4 if fixture.get("precision") == "float32" else 1e-10
        found = json.loads(path.read_text(encoding="utf-8"))
        for line in differences(found, json.loads(made), tolerance):
            print(f"error: {path}: {line}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
