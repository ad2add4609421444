"""Compound tables, those of pandas, and Fuel's splits: files whose values follow from the row's number.

    python scripts/references/foreign_places.py

It needs h5py, NumPy, pandas and PyTables.
"""

import os
import sys

import h5py
import numpy as np
import pandas

from common import FIXTURES

# pandas wants PyTables, not the module beside this file.
sys.path.pop(0)

folder = os.path.join(FIXTURES, "places")
os.makedirs(folder, exist_ok=True)
rows = np.arange(40)

# A compound table in chunks: big-endian numbers, a member that is an array, one with members itself, a boolean, texts.
record = np.zeros(
    len(rows),
    dtype=[("a", ">f4"), ("in", [("b", "f8"), ("c", ">i2", (2,))]), ("w", "u1", (2, 2)), ("ok", "?"), ("name", "S4"), ("y", "i8")],
)
record["a"] = rows / 4
record["in"]["b"] = rows * 0.5
record["in"]["c"] = np.stack([rows, -2 * rows], axis=1)
record["w"] = (rows[:, None] + np.arange(4)).reshape(-1, 2, 2)
record["ok"] = rows % 2 == 1
record["name"] = np.array([b"oak", b"elm", b"pine"])[rows % 3]
record["y"] = rows % 3
with h5py.File(os.path.join(folder, "records.h5"), "w") as file:
    file.create_dataset("table", data=record, chunks=(7,), compression="gzip")

# Fuel's attribute with row numbers in a dataset of their own.
types = [("split", "S5"), ("source", "S8"), ("start", "i8"), ("stop", "i8"), ("indices", h5py.ref_dtype), ("available", "?"), ("comment", "S1")]
with h5py.File(os.path.join(folder, "fuel_indices.h5"), "w") as file:
    file["features"] = np.stack([rows, rows * rows], axis=1).astype("f4")
    file["targets"] = (rows % 3).astype("u1")
    file["odd"] = np.array([31, 3, 4, 5, 17])
    odd = file["odd"].ref
    split = np.empty(5, types)
    for index, (name, source, start, stop, reference, available) in enumerate(
        [
            (b"train", b"features", 0, 0, odd, True),
            (b"train", b"targets", 0, 0, odd, True),
            (b"test", b"features", 30, 40, h5py.Reference(), True),
            (b"test", b"targets", 30, 40, h5py.Reference(), True),
            (b"later", b"features", 0, 0, h5py.Reference(), False),
        ]
    ):
        split[index] = (name, source, start, stop, reference, available, b".")
    file.attrs["split"] = split

# What pandas calls the columns of a table, which it pickles: bytes that are not UTF-8, escapes, and whole numbers.
for name, columns in [("pandas_names.h5", ["gämma", "Ω\\n", "y"]), ("pandas_numbers.h5", [0, 1, 2])]:
    frame = pandas.DataFrame({columns[0]: rows / 4, columns[1]: rows * 0.5, columns[2]: rows % 3})
    path = os.path.join(folder, name)
    frame.to_hdf(path, key="df", format="table", index=False, data_columns=columns[:1] if name == "pandas_names.h5" else None)
