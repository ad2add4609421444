#!/usr/bin/env python3
"""Makes data/mixed.csv.gz: 50 000 made-up customers with numbers, categories, gaps and a date, and whether they came back.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/data/requirements.txt
    .venv/bin/python scripts/data/make_mixed.py [FILE]     writes it, data/mixed.csv.gz by default
    .venv/bin/python scripts/data/make_mixed.py --check    compares data/mixed.csv.gz with a new making

The chance to come back is a logistic function that `chance` writes down, so it is known what the best model would reach.
Numbers are rounded before anything is computed from them, so that the table holds all that the chance depends on, but
for the values behind the gaps.
"""

import argparse
import csv
import gzip
import hashlib
import io
import pathlib
import sys

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
ROWS = 50_000
SEED = 16
COLUMNS = [
    "income", "age", "visits", "balance", "region", "contract", "device", "newsletter", "since", "returned",
]
DEVICES = {"phone": 0.6, "computer": 0.33, "tablet": 0.064, "television": 0.004, "console": 0.0015, "watch": 0.0005}
DEVICE_EFFECTS = {"phone": 0, "computer": 0.35, "tablet": -0.2, "television": 0.9, "console": -0.8, "watch": 0.5}


def uniforms(generator):
    """One number from 0 to 1 for each row, from Philox's raw words, whose stream NumPy keeps."""
    return (generator.random_raw(ROWS) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(generator):
    """Standard normal numbers, by the method of Box and Muller (1958)."""
    radius = np.sqrt(-2 * np.log(1 - uniforms(generator)))
    return radius * np.cos(2 * np.pi * uniforms(generator))


def drawn(generator, shares):
    """The place of one of the shares for each row."""
    ends = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.minimum(np.searchsorted(ends / ends[-1], uniforms(generator), side="right"), len(ends) - 1)


def columns():
    """All columns without gaps, by name; `since` in days from 2015-01-01."""
    generator = np.random.Philox(key=SEED)
    # Skewed, and one in 200 wrote down an income in the wrong unit.
    income = np.exp(10.3 + 0.6 * normals(generator))
    income = np.where(uniforms(generator) < 0.005, income * 40, income)
    age = np.clip(np.round(44 + 15 * normals(generator)), 18, 95)
    visits = np.floor(np.log(1 - uniforms(generator)) / np.log(0.82))
    # The quotient of two normal numbers has no variance; these bounds leave heavy tails.
    balance = np.clip(120 * normals(generator) / np.maximum(np.abs(normals(generator)), 0.15), -9999, 9999)
    region = drawn(generator, 1 / (np.arange(30) + 3))
    contract = drawn(generator, [0.62, 0.38])
    device = drawn(generator, list(DEVICES.values()))
    newsletter = drawn(generator, [0.7, 0.3])
    since = np.floor(uniforms(generator) * 3650)
    return generator, {
        "income": np.round(income, -1), "age": age, "visits": visits, "balance": np.round(balance, 1),
        "region": region, "contract": contract, "device": device, "newsletter": newsletter, "since": since,
    }


def chance(values, lacks_income):
    """The chance to come back. That an income is not told lowers it; what the income is, where it is not told, is
    known to nobody, so its median stands for it."""
    income = np.where(lacks_income, np.exp(10.3), values["income"])
    region = 0.5 * np.sin(1 + 2.4 * np.arange(30))
    device = np.array(list(DEVICE_EFFECTS.values()))
    age = (values["age"] - 44) / 15
    yearly = values["contract"]
    logit = (
        -0.9 + 0.45 * np.clip(np.log(income) - 10.3, -2, 2) - 0.8 * lacks_income
        + 0.55 * np.log1p(values["visits"]) - 0.35 * np.tanh(values["balance"] / 300)
        # The interaction: with a yearly contract the old come back, with a monthly one the young.
        + 0.2 * yearly + np.where(yearly == 1, 0.9, -0.7) * age
        + region[values["region"]] + device[values["device"]] + 0.4 * values["newsletter"]
        + 0.6 * (values["since"] / 3650 - 0.5)
    )
    return 1 / (1 + np.exp(-logit))


def table():
    """The rows as text, and each row's chance to come back."""
    generator, values = columns()
    # Who earns much keeps quiet about it more often.
    earns = np.log(values["income"]) - 10.3
    lacks = {
        "income": uniforms(generator) < 0.04 + 0.16 / (1 + np.exp(-2 * earns)),
        "age": uniforms(generator) < 0.06,
        "device": uniforms(generator) < 0.02,
        "newsletter": uniforms(generator) < 0.03,
    }
    chances = chance(values, lacks["income"])
    returned = uniforms(generator) < chances
    day = np.datetime64("2015-01-01")
    texts = {
        "income": [f"{value:.0f}" for value in values["income"]], "age": [f"{value:.0f}" for value in values["age"]],
        "visits": [f"{value:.0f}" for value in values["visits"]],
        "balance": [f"{value:.1f}" for value in values["balance"]],
        "region": [f"R{value + 1:02d}" for value in values["region"]],
        "contract": [("monthly", "yearly")[value] for value in values["contract"]],
        "device": [list(DEVICES)[value] for value in values["device"]],
        "newsletter": [("no", "yes")[value] for value in values["newsletter"]],
        "since": [str(day + int(value)) for value in values["since"]],
        "returned": [("no", "yes")[int(value)] for value in returned],
    }
    for name, lacking in lacks.items():
        texts[name] = ["" if gap else text for gap, text in zip(lacking, texts[name])]
    return list(zip(*(texts[name] for name in COLUMNS))), chances


def test_rows(labels):
    """Marks each fifth row of each class, as `trainer data import` does."""
    labels = np.asarray(labels)
    places = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        places[labels == label] = np.arange(np.count_nonzero(labels == label))
    return places % 5 == 4


def text():
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(table()[0])
    return lines.getvalue().encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=DATA / "mixed.csv.gz")
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args()
    made = text()
    digest = hashlib.sha256(made).hexdigest()
    print(f"{digest} (of the text, unpacked)")
    if not arguments.check:
        # No time and no name in it.
        arguments.file.write_bytes(gzip.compress(made, 9, mtime=0))
        return 0
    if gzip.decompress(arguments.file.read_bytes()) != made:
        print(f"error: {arguments.file}: is not a new making", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
