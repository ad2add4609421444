#!/usr/bin/env python3
"""Makes Tests/Fixtures/arrays.json and sparse.json: files of NumPy and scikit-learn, as hexadecimal digits or text, with
what is in them. And Fuzzers/corpus: a few of them, with which the fuzzers begin.

    .venv/bin/python scripts/references/array_files.py
"""

import io
import zipfile

import numpy as np
from numpy.lib import format as npy
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from common import FIXTURES, ROOT, array, text

NUMBERS = {
    "b1": [[True, False, True], [False, False, True]],
    "i1": [[-128, 0, 127], [1, -1, 5]],
    "i2": [[-32768, 0, 32767], [258, -1, 5]],
    "i4": [[-(2**31), 0, 2**31 - 1], [16909060, -1, 5]],
    "i8": [[-(2**53), 0, 2**53], [72623859790382856 % 2**53, -1, 5]],
    "u1": [[0, 128, 255], [1, 2, 3]],
    "u2": [[0, 32768, 65535], [258, 2, 3]],
    "u4": [[0, 2**31, 2**32 - 1], [16909060, 2, 3]],
    "u8": [[0, 2**40, 2**53], [258, 2, 3]],
    "f2": [[0.1, -65504, 6e-8], [np.inf, -0.0, 1 / 3]],
    "f4": [[0.1, -3.4e38, 1e-45], [np.inf, -0.0, np.nan]],
    "f8": [[0.1, -1.7e308, 5e-324], [-np.inf, -0.0, np.nan]],
}


def saved(values, version=None):
    """The bytes of an array's file."""
    buffer = io.BytesIO()
    npy.write_array(buffer, values, version=version, allow_pickle=True)
    return buffer.getvalue()


def archive(compressed=False, **arrays):
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def large_archive(**arrays):
    """An archive with the fields of ZIP64, which Python writes where sizes are beyond a limit."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 100, 1
    try:
        return packed(zipfile.ZIP_DEFLATED, **arrays)
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits


def packed(method, **arrays):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, values in arrays.items():
            file.writestr(f"{name}.npy", saved(values))
    return buffer.getvalue()


def arrays():
    for code, rows in NUMBERS.items():
        for order in "<>" if code[1] != "1" else "|":
            values = np.array(rows).astype(order + code)
            for layout in "CF":
                stored = np.asarray(values, order=layout)
                yield {"name": f"{order}{code} {layout}", "bytes": saved(stored).hex(), **array(values.astype("f8"))}
    cube = np.arange(24, dtype="<f4").reshape(4, 3, 2)
    for version in [(1, 0), (2, 0), (3, 0)]:
        yield {"name": f"version {version[0]}", "bytes": saved(cube, version).hex(), **array(cube.astype("f8"))}
    yield {"name": "cube F", "bytes": saved(np.asfortranarray(cube)).hex(), **array(cube.astype("f8"))}
    deep = np.arange(120, dtype=">i2").reshape(5, 2, 3, 4)
    yield {"name": "four axes F", "bytes": saved(np.asfortranarray(deep)).hex(), **array(deep.astype("f8"))}
    line = np.arange(5, dtype="<i8")
    yield {"name": "vector", "bytes": saved(line).hex(), **array(line.astype("f8"))}


def texts():
    names = ["setosa", "Zürich", "東京", "🌍", "a b"]
    for order in "<>":
        yield {"name": f"{order}U", "bytes": saved(np.array(names).astype(order + "U8")).hex(), "texts": names}
    plain = ["setosa", "a b", "c"]
    yield {"name": "S", "bytes": saved(np.array(plain, dtype="S")).hex(), "texts": plain}


def refused():
    yield {"name": "objects", "bytes": saved(np.array([{"a": 1}, None], dtype=object)).hex()}
    yield {"name": "records", "bytes": saved(np.zeros(2, dtype=[("a", "<f8"), ("b", "<i4", (2,))])).hex()}
    yield {"name": "complex", "bytes": saved(np.zeros(2, dtype="<c16")).hex()}
    yield {"name": "times", "bytes": saved(np.array(["2024-01-01"], dtype="M8[D]")).hex()}
    yield {"name": "long", "bytes": saved(np.zeros(2, dtype="longdouble")).hex()}
    yield {"name": "void", "bytes": saved(np.zeros(2, dtype="V3")).hex()}


def archives():
    generator = np.random.default_rng(1)
    x = generator.standard_normal((20, 3)).astype("f4")
    y = np.arange(20) % 3
    groups = {"x_train": x[:12], "y_train": y[:12], "x_test": x[12:], "y_test": y[12:]}
    yield {"name": "stored", "bytes": archive(**groups).hex(), "x": array(x), "y": array(y)}
    yield {"name": "deflated", "bytes": archive(True, **groups).hex(), "x": array(x), "y": array(y)}
    yield {"name": "zip64", "bytes": large_archive(**groups).hex(), "x": array(x), "y": array(y)}
    yield {"name": "bzip2", "bytes": packed(zipfile.ZIP_BZIP2, x=x, y=y).hex()}
    yield {"name": "one group", "bytes": archive(X=x.astype("f8"), y=y, note=np.array("hello")).hex()}


def sparse():
    generator = np.random.default_rng(2)
    for name, labels, zero_based in [
        ("signs", generator.choice([-1, 1], 12), False), ("zero", generator.integers(0, 3, 12), True),
        ("regression", generator.standard_normal(12), False),
    ]:
        rows = np.where(generator.random((12, 6)) < 0.4, generator.standard_normal((12, 6)), 0)
        # The first and the last column are not empty, so that a reader finds the width.
        rows[0, 0], rows[1, 5] = 1.5, -2.5
        buffer = io.BytesIO()
        dump_svmlight_file(rows, labels, buffer, zero_based=zero_based, comment="of a test" if zero_based else None)
        buffer.seek(0)
        read, targets = load_svmlight_file(buffer, zero_based=zero_based)
        yield {
            "name": name, "text": buffer.getvalue().decode(), "rows": array(read.toarray()),
            "labels": [float(label) for label in targets],
        }


def main():
    np.seterr(all="ignore")
    fixture = {"arrays": list(arrays()), "texts": list(texts()), "refused": list(refused()), "archives": list(archives())}
    (FIXTURES / "arrays.json").write_text(text(fixture), encoding="utf-8")
    (FIXTURES / "sparse.json").write_text(text({"tables": list(sparse())}), encoding="utf-8")
    corpus(fixture)


TABLES = ['a,b,kind\n1,"x ""q""",x\n-2.5e3,,y\n', "é;b\r\n1,5;2\r\n# no data\r\n3;4", "x\ty\r1\t2\r", 'a,b\n"1\n2",3\n']
LINES = [
    '{"a": 1, "b": "x", "c": true}\n{"b": null, "a": -2.5e3}\n', '{"a": "\\u00e9\\ud83c\\udf0d\\n"}\r\n\n{}\n{"a": NaN}',
]


def corpus(fixture):
    """The seeds of each fuzzer, a byte in front where its parser takes one that says how the rest is cut."""
    def write(kind, name, content):
        folder = ROOT / "Fuzzers" / "corpus" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    for index, table in enumerate(TABLES):
        write("csv", f"table-{index}", b"\3" + table.encode())
    for index, lines in enumerate(LINES):
        write("jsonl", f"lines-{index}", b"\5" + lines.encode())
    for name in ["<f8 C", ">i4 F", "|b1 C", "<f2 C", "cube F", "version 3"]:
        case = next(case for case in fixture["arrays"] if case["name"] == name)
        write("npy", name.translate(str.maketrans({"<": "l", ">": "b", "|": "n", " ": "-"})), b"\0" + bytes.fromhex(case["bytes"]))
    for case in fixture["texts"] + fixture["refused"][:2]:
        write("npy", case["name"].translate(str.maketrans({"<": "l", ">": "b"})), b"\0" + bytes.fromhex(case["bytes"]))
    for case in fixture["archives"]:
        write("npz", case["name"].replace(" ", "-"), bytes.fromhex(case["bytes"]))
    for table in sparse():
        write("libsvm", table["name"], table["text"].encode())


main()
