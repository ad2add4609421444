"""What the makers of reference numbers share: where files are, and how numbers and tensors are written."""

import json
import math
import pathlib

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures"


def dataset(name, group):
    """The inputs and targets of a group of data/NAME.h5, as stored."""
    with h5py.File(ROOT / "data" / f"{name}.h5") as file:
        return file[group]["inputs"][()], file[group]["targets"][()]


def number(value):
    """A number as the shortest text that reads back the same in its own precision; JSON has no text for inf and nan."""
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, np.integer):
        return int(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(str(value)) if isinstance(value, np.float32) else float(value)


def array(values):
    """A tensor of torch, numpy or jax as its shape and its values in row-major order."""
    values = np.asarray(values.detach() if hasattr(values, "detach") else values)
    return {"shape": list(values.shape), "values": [number(value) for value in values.ravel()]}


def text(fixture):
    """JSON with a line for each key of the fixture, and for each item of a list of objects."""
    lines = []
    for key, value in fixture.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            items = ",\n".join("    " + json.dumps(item, allow_nan=False) for item in value)
            lines.append(f"  {json.dumps(key)}: [\n{items}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
