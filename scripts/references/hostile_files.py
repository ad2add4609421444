#!/usr/bin/env python3
"""Makes the small HDF5 files in Tests/Fixtures/hostile: what files from elsewhere hold and the trainer cannot write.

    .venv/bin/python scripts/references/hostile_files.py

Each has a group `train` with `inputs` [6, 2] and `targets` [6], unless that is what is wrong with it.
"""

import h5py
import numpy as np

from common import FIXTURES

FOLDER = FIXTURES / "hostile"
INPUTS = np.arange(12, dtype="f4").reshape(6, 2)
TARGETS = np.array([0, 1, 2, 0, 1, 2], dtype="u1")


def make(name, inputs=True, targets=True, libver=None):
    file = h5py.File(FOLDER / f"{name}.h5", "w", libver=libver)
    train = file.create_group("train")
    if inputs:
        train["inputs"] = INPUTS
    if targets:
        train["targets"] = TARGETS
    return file


def links():
    with make("hard-cycle") as file:
        file["train/loop"] = file["train"]
        file["root"] = file["/"]
    with make("soft-links", inputs=False) as file:
        file["rows"] = INPUTS
        file["train/inputs"] = h5py.SoftLink("/rows")
        file["first"] = h5py.SoftLink("/second")
        file["second"] = h5py.SoftLink("/first")
    with make("dangling", inputs=False) as file:
        file["train/inputs"] = h5py.SoftLink("/nowhere")
    with make("external-link", inputs=False) as file:
        file["train/inputs"] = h5py.ExternalLink("plain.h5", "/train/inputs")
    with make("plain"):
        pass
    # Ten links from each group to the next: 10^12 paths.
    with make("mesh") as file:
        groups = [file.create_group(f"level{index:02}") for index in range(12)]
        for here, there in zip(groups, groups[1:]):
            for index in range(10):
                here[f"next{index}"] = there


def other_files():
    with make("external-storage", inputs=False) as file:
        file["train"].create_dataset("inputs", (6, 2), "u1", external=[("elsewhere.bin", 0, 12)])
    with make("virtual", inputs=False) as file:
        layout = h5py.VirtualLayout((6, 2), "f4")
        layout[:] = h5py.VirtualSource("plain.h5", "train/inputs", (6, 2))
        file["train"].create_virtual_dataset("inputs", layout)
    with make("virtual-same-file", inputs=False) as file:
        file["rows"] = INPUTS
        layout = h5py.VirtualLayout((6, 2), "f4")
        layout[:] = h5py.VirtualSource(file["rows"])
        file["train"].create_virtual_dataset("inputs", layout)


def kinds():
    with make("named-type", inputs=False) as file:
        file["train/inputs"] = np.dtype("f8")
    with make("group-for-inputs", inputs=False) as file:
        file.create_group("train/inputs")
    with make("filter", inputs=False) as file:
        file["train"].create_dataset("inputs", data=INPUTS, chunks=(6, 2), compression="lzf")
    with make("types") as file:
        file["train/targets"].attrs["classes"] = np.array([3, 2, 1])
        group = file.create_group("large")
        group["targets"] = np.array([2**63 + 5, 1, 1], dtype="u8")
        values = {
            "array": np.zeros(2, dtype=np.dtype(("i4", (3,)))),
            "boolean": np.array([True, False]),
            "compound": np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]),
            "empty": np.zeros((0, 3)),
            "null": h5py.Empty("f4"),
            "opaque": np.void(b"abc"),
            "reference": np.array([file["train"].ref], dtype=h5py.ref_dtype),
        }
        for name, value in values.items():
            file[f"types/{name}"] = value
            file["types"].attrs[name] = value
        file["types"].create_dataset("sequence", (2,), dtype=h5py.vlen_dtype("i4"))
        space = h5py.h5s.create_simple((2,))
        h5py.h5d.create(file["types"].id, b"bits", h5py.h5t.STD_B16LE, space)
    with make("names", targets=False) as file:
        file["train/tar\x1b[2Jgets\nerror: second"] = TARGETS
        file["a\r\x1b[K\u202eb"] = TARGETS
        file.attrs["x\ny"] = "v\nerror: third"


def virtual_sources():
    """What a virtual dataset takes elements from, and what is wrong with it."""

    def virtual(name, shape, *sources, maxshape=None):
        with make(name, inputs=False, libver=("earliest", "v110")) as file:
            layout = h5py.VirtualLayout(shape, "f4", maxshape=maxshape)
            for target, source in sources:
                layout[target] = source
            file["train"].create_virtual_dataset("inputs", layout, fillvalue=0)

    plain = h5py.VirtualSource("plain.h5", "train/inputs", (6, 2))
    virtual("virtual-missing-file", (8, 2), (np.s_[:6], plain), (np.s_[6:], h5py.VirtualSource("gone.h5", "x", (2, 2))))
    virtual("virtual-missing-dataset", (6, 2), (np.s_[:], h5py.VirtualSource("plain.h5", "train/outputs", (6, 2))))
    virtual("virtual-larger", (9, 2), (np.s_[:], h5py.VirtualSource("plain.h5", "train/inputs", (9, 2))))
    virtual("virtual-other-rank", (6, 2), (np.s_[:], h5py.VirtualSource("plain.h5", "train/targets", (6, 2))))
    virtual("virtual-nested", (6, 2), (np.s_[:], h5py.VirtualSource("virtual.h5", "train/inputs", (6, 2))))
    virtual("virtual-nested-missing", (8, 2), (np.s_[:], h5py.VirtualSource("virtual-missing-file.h5", "train/inputs", (8, 2))))
    # A file for each block of three rows, by its number.
    for number in (0, 1, 3):
        with h5py.File(FOLDER / f"block-{number}.h5", "w", libver=("earliest", "v110")) as file:
            file["x"] = INPUTS[:3] + number
    for name in ("virtual-numbered", "virtual-numbered-missing"):
        with make(name, inputs=False, libver=("earliest", "v110")) as file:
            stem = "block-%b.h5" if name == "virtual-numbered" else "absent-%b.h5"
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            target = h5py.h5s.create_simple((6, 2), (h5py.h5s.UNLIMITED, 2))
            target.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (3, 1), (3, 2))
            creation.set_virtual(target, stem.encode(), b"x", h5py.h5s.create_simple((3, 2)))
            space = h5py.h5s.create_simple((6, 2), (h5py.h5s.UNLIMITED, 2))
            h5py.h5d.create(file["train"].id, b"inputs", h5py.h5t.IEEE_F32LE, space, creation)
    # Two sources without an end, side by side, one of which ends earlier.
    for number, rows in (("long", 6), ("short", 4)):
        with h5py.File(FOLDER / f"{number}.h5", "w", libver=("earliest", "v110")) as file:
            file.create_dataset("x", data=INPUTS[:rows, :1], maxshape=(None, 1), chunks=(2, 1))
    with make("virtual-uneven", inputs=False, libver=("earliest", "v110")) as file:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        for column, stem in enumerate((b"long.h5", b"short.h5")):
            target = h5py.h5s.create_simple((6, 2), (h5py.h5s.UNLIMITED, 2))
            target.select_hyperslab((0, column), (1, 1), None, (h5py.h5s.UNLIMITED, 1))
            source = h5py.h5s.create_simple((6, 1), (h5py.h5s.UNLIMITED, 1))
            source.select_hyperslab((0, 0), (1, 1), None, (h5py.h5s.UNLIMITED, 1))
            creation.set_virtual(target, stem, b"x", source)
        space = h5py.h5s.create_simple((6, 2), (h5py.h5s.UNLIMITED, 2))
        h5py.h5d.create(file["train"].id, b"inputs", h5py.h5t.IEEE_F32LE, space, creation)


def states():
    # The mark of a program that has not closed the file.
    file = make("in-use", libver=("v110", "v110"))
    file.flush()
    image = (FOLDER / "in-use.h5").read_bytes()
    file.close()
    (FOLDER / "in-use.h5").write_bytes(image)
    # Names of links and attributes that are no UTF-8.
    with make("bytes") as file:
        file.create_group(b"\xff\xfe")
        file.attrs.create(b"\xff", 1)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    links()
    other_files()
    virtual_sources()
    states()
    kinds()
