"""Writes files of a few kB in Tests/Fixtures/faults that are made to take memory. Needs h5py.

- szip-length.h5: the first bytes of an szip chunk, its length unpacked, say 1 GB.
- deflate-length.h5: the chunk of 1 kB, deflated twice, unpacks to 2 GB.
- deflate-bomb.h5: 1.6 GB of zeros in chunks of 40 MB, deflated twice.
"""

import os
import zlib

import h5py
import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Tests/Fixtures/faults")


def path(name):
    return os.path.join(FOLDER, name + ".h5")


def write(name, rows, columns, chunk_rows, filters):
    file = h5py.File(path(name), "w")
    group = file.create_group("train")
    group.create_dataset("targets", data=(np.arange(rows) % 3).astype("u1"))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((chunk_rows, columns))
    filters(properties)
    space = h5py.h5s.create_simple((rows, columns))
    h5py.h5d.create(group.id, b"inputs", h5py.h5t.IEEE_F32LE, space, properties)
    return file, group["inputs"]


def deflated(size):
    stream = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(stream.compress(block) for _ in range(size >> 20)) + stream.flush()


def deflate_twice(properties):
    properties.set_deflate(9)
    properties.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))


file, inputs = write("szip-length", 64, 16, 64, lambda properties: properties.set_szip(h5py.h5z.SZIP_NN_OPTION_MASK, 8))
inputs[:] = np.random.default_rng(0).random((64, 16), "f4")
place = inputs.id.get_chunk_info(0).byte_offset
file.close()
with open(path("szip-length"), "r+b") as file:
    file.seek(place + 3)
    file.write(b"\x3f")

file, inputs = write("deflate-length", 64, 4, 64, deflate_twice)
inputs.id.write_direct_chunk((0, 0), zlib.compress(deflated(2 << 30), 9))
file.close()

file, inputs = write("deflate-bomb", 4000, 100_000, 100, deflate_twice)
content = zlib.compress(zlib.compress(bytes(40_000_000), 9), 9)
for row in range(0, 4000, 100):
    inputs.id.write_direct_chunk((row, 0), content)
file.close()
