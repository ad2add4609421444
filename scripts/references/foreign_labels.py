"""Class labels as other programs store them: one small HDF5 file for each way, all with the same samples.

    python scripts/references/foreign_labels.py

It needs h5py, anndata, netCDF4 and hdf5storage, none of which the other scripts do without h5py:
anndata 0.12.19, netCDF4 1.7.5, hdf5storage 0.2.2, pandas 2.3.3, NumPy 2.4.6.
"""

import glob
import os

import anndata
import h5py
import hdf5storage
import netCDF4
import numpy as np
import pandas as pd

from common import FIXTURES

DIRECTORY = os.path.join(FIXTURES, "labels")
NAMES = np.array(["setosa", "versicolor", "virginica"])
TRAIN, TEST = 24, 9


def samples():
    """Inputs [n, 2] and labels [n] for each group; the test group lacks the first class."""
    generator = np.random.default_rng(17)
    groups = {}
    for name, count, least in (("train", TRAIN, 0), ("test", TEST, 1)):
        labels = least + np.arange(count) % (3 - least)
        generator.shuffle(labels)
        inputs = np.round(generator.normal(size=(count, 2)) + labels[:, None], 3).astype("f4")
        groups[name] = (inputs, labels)
    return groups


GROUPS = samples()


def h5(name, write):
    """Writes a file with the inputs, in which `write` puts the targets into each group."""
    with h5py.File(os.path.join(DIRECTORY, name + ".h5"), "w", track_times=False) as file:
        for group, (inputs, labels) in GROUPS.items():
            node = file.create_group(group)
            node.create_dataset("inputs", data=inputs, track_times=False)
            write(node, labels)


def padded(node, labels):
    """As Fortran stores texts: filled up with spaces."""
    texts = np.array([text.ljust(14) for text in NAMES[labels]], dtype="S14")
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(14)
    kind.set_strpad(h5py.h5t.STR_SPACEPAD)
    dataset = h5py.h5d.create(node.id, b"targets", kind, h5py.h5s.create_simple(texts.shape))
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, texts, kind)


def older_categorical(node, labels):
    """As AnnData wrote categories before version 0.8, there in `obs`."""
    names = node.create_dataset("__categories/targets", data=NAMES.astype(object), dtype=h5py.string_dtype())
    codes = node.create_dataset("targets", data=labels.astype("i1"))
    codes.attrs["categories"] = names.ref


def enumeration(values, base):
    kind = h5py.enum_dtype(dict(zip(NAMES, values)), basetype=base)
    codes = np.array(values)
    return lambda node, labels: node.create_dataset("targets", data=codes[labels].astype(base), dtype=kind)


def categorical(node, labels):
    anndata.io.write_elem(node, "targets", pd.Categorical.from_codes(labels, NAMES))


def counted_from_1(node, labels):
    node["targets"] = (labels + 1).astype("i4")
    node["targets"].attrs["classes"] = NAMES.astype(object)


def netcdf(name, write):
    path = os.path.join(DIRECTORY, name + ".nc")
    with netCDF4.Dataset(path, "w") as file:
        for group, (inputs, labels) in GROUPS.items():
            node = file.createGroup(group)
            node.createDimension("sample", len(labels))
            node.createDimension("feature", 2)
            node.createVariable("inputs", "f4", ("sample", "feature"))[:] = inputs
            write(node, labels)


def characters(node, labels):
    node.createDimension("letters", 12)
    variable = node.createVariable("targets", "S1", ("sample", "letters"))
    variable[:] = netCDF4.stringtochar(NAMES[labels].astype("S12"))


def flags(node, labels):
    codes = np.array([10, 20, 40], dtype="i2")
    variable = node.createVariable("targets", "i2", ("sample",))
    variable.flag_values = codes
    variable.flag_meanings = " ".join(NAMES)
    variable[:] = codes[labels]


def matlab(name, make):
    """Structs `train` and `test`. MATLAB's arrays are the other way round in the file, so that rows are columns there."""
    path = os.path.join(DIRECTORY, name + ".mat")
    if os.path.exists(path):
        os.remove(path)
    content = {
        group: {"inputs": inputs.T.astype("f8"), "targets": make(labels)[None, :]}
        for group, (inputs, labels) in GROUPS.items()
    }
    hdf5storage.savemat(path, content, format="7.3", oned_as="row", store_python_metadata=False, matlab_compatible=True)


def observations():
    """A table of observations as AnnData writes it, with one column of each kind, and the same rows in plain datasets."""
    generator = np.random.default_rng(5)
    count = 40
    columns = {
        "age": np.round(generator.normal(40, 12, count), 1),
        "city": generator.choice(np.array(["Bern", "Aarau", "Chur"]), count),
        "grade": generator.integers(0, 3, count),
        "smokes": generator.random(count) > 0.6,
    }
    columns["age"][[3, 17]] = np.nan
    logit = columns["smokes"] * 2.0 + (columns["city"] == "Bern") - columns["grade"] + generator.normal(size=count)
    target = np.where(logit > 0, "ill", "well")
    frame = pd.DataFrame(columns, index=[f"p{row}" for row in range(count)])
    frame["city"] = frame["city"].astype(object)
    frame["grade"] = pd.Categorical.from_codes(columns["grade"], ["low", "middle", "high"])
    frame["outcome"] = pd.Categorical(target)
    data = anndata.AnnData(X=np.zeros((count, 1), "f4"), obs=frame)
    data.strings_to_categoricals = lambda *arguments: None
    path = os.path.join(DIRECTORY, "observations.h5ad")
    data.write_h5ad(path, convert_strings_to_categoricals=False)
    with h5py.File(path, "a") as file:
        kind = np.dtype([("age", "f8"), ("city", "S8"), ("smokes", h5py.enum_dtype({"FALSE": 0, "TRUE": 1}, "i1")),
                         ("outcome", "S4")])
        records = np.zeros(count, kind)
        records["age"], records["smokes"] = columns["age"], columns["smokes"]
        records["city"], records["outcome"] = columns["city"].astype("S8"), target.astype("S4")
        file["table"] = records


def main():
    os.makedirs(DIRECTORY, exist_ok=True)
    for path in glob.glob(os.path.join(DIRECTORY, "*")):
        os.remove(path)
    h5("integers", lambda node, labels: node.create_dataset("targets", data=labels))
    h5("whole-floats", lambda node, labels: node.create_dataset("targets", data=labels.astype("f8")[:, None]))
    h5("half", lambda node, labels: node.create_dataset("targets", data=labels.astype("f2")))
    for name, kind in (("half-codes", "f2"), ("float-codes", "f4")):
        codes = np.array([0.1, 0.25, 0.7], dtype=kind)
        h5(name, lambda node, labels: node.create_dataset("targets", data=codes[labels]))
    h5("great-codes", lambda node, labels: node.create_dataset(
        "targets", data=np.array([0, 1, 2**63], dtype="u8")[labels]))
    latin1 = np.array([text.encode("latin-1") for text in ("a", "\xe9", "o")])
    h5("latin1", lambda node, labels: node.create_dataset("targets", data=latin1[labels]))
    h5("text", lambda node, labels: node.create_dataset("targets", data=NAMES[labels].astype(object)))
    h5("text-fixed", lambda node, labels: node.create_dataset("targets", data=NAMES[labels].astype("S")))
    h5(
        "text-fixed-utf8",
        lambda node, labels: node.create_dataset(
            "targets", data=[text.encode() for text in NAMES[labels]], dtype=h5py.string_dtype("utf-8", 16)
        ),
    )
    h5("text-column", lambda node, labels: node.create_dataset("targets", data=NAMES[labels].astype("S")[:, None]))
    h5("text-padded", padded)
    h5("text-chunked", lambda node, labels: node.create_dataset(
        "targets", data=NAMES[labels].astype(object), chunks=(5,), compression="gzip"))
    h5("enumeration", enumeration([0, 1, 2], "i1"))
    h5("enumeration-codes", enumeration([-7, 3, 300], ">i2"))
    h5("boolean", lambda node, labels: node.create_dataset("targets", data=labels > 1))
    h5("categorical", categorical)
    h5("categorical-older", older_categorical)
    h5("counted-from-1", counted_from_1)
    h5("codes", lambda node, labels: node.create_dataset("targets", data=np.array([-1, 1, 5])[labels]))
    netcdf("characters", characters)
    netcdf("flags", flags)
    matlab("counted-from-1", lambda labels: (labels + 1).astype("f8"))
    matlab("logical", lambda labels: labels > 1)
    observations()


main()
