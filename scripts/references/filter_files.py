"""Writes Tests/Fixtures/filters: the same 24 samples through each filter. Needs h5py and hdf5plugin."""

import os

import h5py
import hdf5plugin
import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Tests/Fixtures/filters")
INPUTS = (np.arange(96) // 24).astype("f4").reshape(24, 4) / 4
TARGETS = (np.arange(24) % 3).astype("u1")
FILTERS = {
    "lzf": {"compression": "lzf"},
    "bzip2": hdf5plugin.BZip2(),
    "lz4": hdf5plugin.LZ4(),
    "bitshuffle": hdf5plugin.Bitshuffle(),
    "blosc": hdf5plugin.Blosc(),
    "zfp": hdf5plugin.Zfp(reversible=True),
    "zstd": hdf5plugin.Zstd(),
}


def write(name, settings):
    path = os.path.join(FOLDER, name + ".h5")
    with h5py.File(path, "w") as file:
        group = file.create_group("train")
        group.create_dataset("inputs", data=INPUTS, chunks=(24, 4), **settings)
        group.create_dataset("targets", data=TARGETS)
    return path


for name, settings in FILTERS.items():
    write(name, settings)

# A number that nobody has: 32015 is 0x7D0F, and 0x7DFF is free.
with open(write("unknown", FILTERS["zstd"]), "r+b") as file:
    content = file.read()
    place = content.index((32015).to_bytes(2, "little"))
    file.seek(place)
    file.write((0x7DFF).to_bytes(2, "little"))
