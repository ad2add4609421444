"""Writes Tests/Fixtures/chunks: the same rows in chunks of many shapes, through many filters.

    python scripts/references/chunked_files.py

It needs h5py, hdf5plugin and NumPy. Each file has a group `train` whose datasets hold the numbers of `plain` (or of the
dataset that follows a colon in their name), which is stored without chunks and filters.
"""

import os
import zlib

import h5py
import hdf5plugin
import numpy as np

from common import FIXTURES

folder = os.path.join(FIXTURES, "chunks")
os.makedirs(folder, exist_ok=True)
generator = np.random.default_rng(19)
ROWS, SHAPE = 41, (41, 6, 5)

DEFLATE, SHUFFLE, FLETCHER = (1, (4,)), (2, None), (3, ())
LZF, LZ4, ZSTD = (32000, ()), (32004, (0,)), (32015, (3,))


def dataset(group, name, values, chunk, filters=(), fill=None, leave_out=()):
    """A dataset with filters in any order; the chunks whose bands are in leave_out are not written."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(chunk)
    for number, settings in filters:
        # Shuffling takes the width of an element, which the library fills in.
        if number == 2:
            properties.set_shuffle()
        elif number == 3:
            properties.set_fletcher32()
        else:
            properties.set_filter(number, h5py.h5z.FLAG_OPTIONAL, settings)
    if fill is not None:
        properties.set_fill_value(np.array(fill, dtype=values.dtype))
    kind = h5py.h5t.py_create(values.dtype, logical=True)
    identifier = h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple(values.shape), properties)
    made = h5py.Dataset(identifier)
    for start in range(0, len(values), chunk[0]):
        if start // chunk[0] not in leave_out:
            made[start : start + chunk[0]] = values[start : start + chunk[0]]
    return made


# Few values and runs of them, so that everything packs.
pixels = np.repeat(generator.integers(0, 256, (ROWS, 6, 3)), 2, axis=2)[:, :, :5].astype("u1")
numbers = (pixels * np.float32(0.37) - 12).astype("f4")

CHAINS = {
    "none": (),
    "deflate": (DEFLATE,),
    "shuffle": (SHUFFLE,),
    "fletcher": (FLETCHER,),
    "shuffle-deflate": (SHUFFLE, DEFLATE),
    "shuffle-deflate-fletcher": (SHUFFLE, DEFLATE, FLETCHER),
    "fletcher-deflate": (FLETCHER, DEFLATE),
    "fletcher-shuffle-deflate-fletcher": (FLETCHER, SHUFFLE, DEFLATE, FLETCHER),
    "deflate-deflate": (DEFLATE, DEFLATE),
    "lzf": (LZF,),
    "shuffle-lzf-fletcher": (SHUFFLE, LZF, FLETCHER),
    "lz4": (LZ4,),
    "shuffle-lz4": (SHUFFLE, LZ4),
    "lz4-blocks": ((32004, (64,)),),
    "zstd": (ZSTD,),
    "shuffle-zstd-fletcher": (SHUFFLE, ZSTD, FLETCHER),
}
for name, values in (("bytes", pixels), ("numbers", numbers)):
    with h5py.File(os.path.join(folder, f"{name}.h5"), "w") as file:
        group = file.create_group("train")
        group.create_dataset("plain", data=values)
        for chain, filters in CHAINS.items():
            dataset(group, chain, values, (8, 6, 5), filters)
        # Chunks that cut other axes, that are one row, or all.
        for chunk in ((8, 3, 5), (8, 6, 2), (8, 4, 2), (1, 6, 5), (41, 6, 5), (16, 1, 1)):
            dataset(group, "cut-" + "-".join(map(str, chunk)), values, chunk, (SHUFFLE, DEFLATE))
            dataset(group, "raw-" + "-".join(map(str, chunk)), values, chunk)

# Types and byte orders, with extremes of each.
TYPES = ["i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8", "<f4", ">f4", "<f8", ">f8"]
with h5py.File(os.path.join(folder, "types.h5"), "w") as file:
    group = file.create_group("train")
    for name in TYPES:
        kind = np.dtype(name)
        if kind.kind == "f":
            # Of all sizes that float32 has; some are subnormal, of some float32 keeps less than there is.
            values = generator.standard_normal((21, 6)) * 10.0 ** generator.integers(-44, 38, (21, 6))
        else:
            limits = np.iinfo(kind)
            values = generator.integers(limits.min, limits.max, (21, 6), dtype=kind.newbyteorder("="), endpoint=True)
            values[0, :2] = limits.min, limits.max
        values = values.astype(kind)
        label = name.replace("<", "little-").replace(">", "big-")
        group.create_dataset(f"plain:{label}", data=values)
        dataset(group, f"{label}:{label}", values, (4, 6), (SHUFFLE, DEFLATE))
        dataset(group, f"{label}-cut:{label}", values, (4, 4), (DEFLATE,))
    flags = generator.integers(0, 2, (21, 6)).astype(bool)
    group.create_dataset("plain:boolean", data=flags)
    dataset(group, "boolean:boolean", flags, (4, 6), (DEFLATE,))
    # No type of memory has these fields: libhdf5 alone reads them.
    half = generator.standard_normal((21, 6)).astype("f2")
    group.create_dataset("plain:half", data=half)
    dataset(group, "half:half", half, (4, 6), (DEFLATE,))
    line = generator.standard_normal(21).astype("f4")
    group.create_dataset("plain:line", data=line)
    dataset(group, "line:line", line, (4,), (DEFLATE,))

# Chunks that were never written, one that some filters were left out of, a user block, and the index of each kind.
for name, settings in (
    ("indices-earliest", dict(userblock_size=512)),
    ("indices-latest", dict(userblock_size=1024, libver=("v110", "v110"))),
):
    with h5py.File(os.path.join(folder, f"{name}.h5"), "w", **settings) as file:
        group = file.create_group("train")
        group.create_dataset("plain", data=numbers)
        filters = (SHUFFLE, DEFLATE)
        dataset(group, "fixed", numbers, (4, 6, 5), filters)
        dataset(group, "single", numbers, (41, 6, 5), filters)
        for kind, maximum in (("extensible", (None, 6, 5)), ("tree", (None, None, 5))):
            group.create_dataset(kind, data=numbers, chunks=(4, 3, 5), maxshape=maximum, compression="gzip", shuffle=True)
        early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        early.set_chunk((4, 6, 5))
        early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        identifier = h5py.h5d.create(group.id, b"implicit", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(SHAPE), early)
        h5py.Dataset(identifier)[:] = numbers
        for fill in (None, 2.5):
            gaps = numbers.copy()
            gaps[8:16], gaps[40:] = fill or 0, fill or 0
            label = f"gaps-{fill or 0}"
            group.create_dataset(f"plain:{label}", data=gaps)
            dataset(group, f"{label}:{label}", gaps, (8, 6, 5), filters, fill=fill, leave_out=(1, 5))
        # Bit i of a chunk's mask says that filter i was left out.
        masked = dataset(group, "masked", numbers, (8, 6, 5), (SHUFFLE, DEFLATE, FLETCHER))
        for band, mask in ((0, 0b111), (1, 0b101), (2, 0b110), (3, 0b100)):
            _, stored = masked.id.read_direct_chunk((8 * band, 0, 0))
            plain = numbers[8 * band : 8 * band + 8].tobytes()
            shuffled = np.frombuffer(plain, "u1").reshape(-1, 4).T.tobytes()
            body = {0b111: plain, 0b101: zlib.compress(plain), 0b110: shuffled, 0b100: zlib.compress(shuffled)}[mask]
            masked.id.write_direct_chunk((8 * band, 0, 0), body, mask)

# What cannot be taken: NaN, an infinity, and a number that float32 does not have.
with h5py.File(os.path.join(folder, "faults.h5"), "w") as file:
    group = file.create_group("train")
    for name, place, value in (("nan", (17, 3, 2), np.nan), ("infinity", (23, 0, 4), -np.inf), ("great", (5, 5, 0), 1e300)):
        values = numbers.astype("f8")
        values[place] = value
        for chunk in ((8, 6, 5), (8, 4, 2)):
            dataset(group, f"{name}-{chunk[1]}", values, chunk, (DEFLATE,))
