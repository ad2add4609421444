"""Sparse matrices as SciPy, AnnData, h5sparse and 10x Genomics lay them out in HDF5, each beside the same numbers dense.

Made with anndata 0.12.19, scipy 1.17.1 and h5py 3.16.0, which the other references do not need:

    python scripts/references/sparse_matrices.py Tests/Fixtures/matrices
"""

import sys
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

COLUMNS = 40


def numbers(rows, seed):
    """Mostly zeros; a column of large numbers, one without any, one without zeros, and some negative numbers."""
    random = np.random.default_rng(seed)
    dense = np.where(random.random((rows, COLUMNS)) < 0.1, random.normal(size=(rows, COLUMNS)), 0)
    dense[:, 3] = 0
    dense[:, 5] = 1000 + random.normal(size=rows)
    dense[0, 7] = 2.5
    dense[:, 9] *= 1e4
    return dense


def labels(dense):
    return (dense[:, 11:].sum(axis=1) > 0).astype(np.uint8) + (dense[:, :11].sum(axis=1) > 1001).astype(np.uint8)


def write_raw(group, name, matrix, **attributes):
    made = group.create_group(name)
    for member in ("data", "indices", "indptr"):
        made[member] = getattr(matrix, member)
    for key, value in attributes.items():
        made.attrs[key] = value
    return made


def write_group(file, name, rows, seed):
    group = file.create_group(name)
    dense = numbers(rows, seed)
    group["targets"] = labels(dense)
    for kind, values in {
        "float32": dense.astype(np.float32),
        "float64": dense,
        "uint8": np.abs(dense * 7).clip(0, 255).astype(np.uint8),
        "int16": (dense * 20).astype(np.int16),
    }.items():
        group[f"dense_{kind}"] = values
        matrix = sp.csr_matrix(values)
        anndata.io.write_elem(group, f"csr_{kind}", matrix, dataset_kwargs={"compression": "gzip", "chunks": (64,)})
    wide = sp.csr_matrix(dense.astype(np.float32))
    write_raw(group, "old", wide, h5sparse_format=np.bytes_("csr"), h5sparse_shape=wide.shape)
    plain = write_raw(group, "plain", wide)
    plain["shape"] = np.array(wide.shape)
    # Columns in no order, and some elements in two parts: what SciPy makes of it is the dense one.
    random = np.random.default_rng(seed)
    whole = wide.tocoo()
    part = random.normal(size=whole.nnz).astype(np.float32)
    order = random.permutation(2 * whole.nnz)
    row, column = np.tile(whole.row, 2)[order], np.tile(whole.col, 2)[order]
    parts = np.concatenate([part, whole.data - part])[order]
    by_row = np.argsort(row, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
    twice = sp.csr_matrix((parts[by_row], column[by_row], starts), shape=wide.shape)
    assert not twice.has_canonical_format
    group["dense_twice"] = twice.toarray()
    anndata.io.write_elem(group, "csr_twice", twice)


def write_tenx(path, dense):
    """Genes x cells by column, as Cell Ranger writes it."""
    with h5py.File(path, "w") as file:
        for name, rows in (("train", slice(0, 60)), ("test", slice(60, None))):
            group = file.create_group(name)
            cells = np.abs(dense[rows] * 3).astype(np.int32)
            matrix = write_raw(group, "matrix", sp.csc_matrix(cells.T))
            matrix["shape"] = np.array(cells.T.shape, dtype=np.int32)
            matrix["barcodes"] = np.array([f"CELL{row}-1" for row in range(len(cells))], dtype="S18")
            matrix["features/id"] = np.array([f"ENSG{column:05}" for column in range(COLUMNS)], dtype="S15")
            group["dense"] = cells
            group["dense_transposed"] = cells.T
            group["targets"] = labels(dense[rows])


def write_anndata(path, dense):
    data = anndata.AnnData(
        X=sp.csr_matrix(dense.astype(np.float32)),
        obs=pd.DataFrame({"kind": labels(dense)}, index=[f"cell{row}" for row in range(len(dense))]),
        var=pd.DataFrame(index=[f"gene{column}" for column in range(COLUMNS)]),
    )
    data.layers["counts"] = sp.csr_matrix(np.abs(dense).astype(np.uint8))
    data.write_h5ad(path)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "matrices.h5", "w") as file:
        write_group(file, "train", 90, 1)
        write_group(file, "test", 30, 2)
    write_tenx(folder / "tenx.h5", numbers(80, 3))
    write_anndata(folder / "anndata.h5ad", numbers(70, 4))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
