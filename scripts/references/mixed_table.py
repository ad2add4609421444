#!/usr/bin/env python3
"""Makes Tests/Fixtures/mixed-table.json: what scikit-learn's pipelines reach on data/mixed.csv.gz.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/references/requirements.txt
    .venv/bin/python scripts/references/mixed_table.py           writes it
    .venv/bin/python scripts/references/mixed_table.py --check   compares it with a new making

The two models are those of configs/mixed-logistic.json and configs/mixed-mlp.json: the same columns prepared in the same
way, the same architecture, as many epochs of batches of the same size.
"""

import argparse
import json
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "data"))
from common import FIXTURES, text
from make_mixed import DATA, table, test_rows

# Losses of other seeds differ by chance; the fixture has the rows of the seed in the middle.
SEEDS = range(5)


def days(columns):
    return columns.apply(lambda dates: (dates - pd.Timestamp("2015-01-01")) / pd.Timedelta(days=1))


def preparation(log_columns):
    """Numbers: the median for what is missing and a column that says so, then mean 0 and deviation 1; of some the
    logarithm of 1 + x first. Categories: one-hot, with a column for what is missing."""
    numbers = [SimpleImputer(strategy="median", add_indicator=True), StandardScaler()]
    plain = [name for name in ("income", "age", "visits", "balance") if name not in log_columns]
    return ColumnTransformer([
        ("plain", make_pipeline(*numbers), plain),
        ("logarithms", make_pipeline(FunctionTransformer(np.log1p), *numbers), log_columns),
        ("categories", OneHotEncoder(handle_unknown="ignore"), ["region", "contract", "device"]),
        ("boolean", SimpleImputer(strategy="most_frequent"), ["newsletter"]),
        ("date", make_pipeline(FunctionTransformer(days), StandardScaler()), ["since"]),
    ])


def models():
    yield "logistic", lambda seed: make_pipeline(preparation([]), LogisticRegression(max_iter=1000))
    yield "mlp", lambda seed: make_pipeline(
        preparation(["income", "visits"]),
        MLPClassifier(
            hidden_layer_sizes=(32,), batch_size=256, learning_rate_init=0.002, max_iter=20, n_iter_no_change=1000,
            random_state=seed))


def losses(probabilities, labels):
    return -np.log(np.where(labels, probabilities, 1 - probabilities))


def standard_error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


def reference():
    rows = pd.read_csv(DATA / "mixed.csv.gz", parse_dates=["since"])
    labels = (rows.pop("returned") == "yes").to_numpy()
    rows["newsletter"] = rows["newsletter"].map({"no": 0.0, "yes": 1.0})
    in_test = test_rows(labels)
    train, test = rows[~in_test], rows[in_test]
    cases = []
    for name, make in models():
        probabilities = []
        for seed in SEEDS:
            with warnings.catch_warnings():
                # The number of epochs is given, so the optimizer does not converge.
                warnings.simplefilter("ignore", ConvergenceWarning)
                fitted = make(seed).fit(train, labels[~in_test])
            probabilities.append(fitted.predict_proba(test)[:, 1])
        found = [losses(each, labels[in_test]) for each in probabilities]
        middle = sorted(SEEDS, key=lambda seed: found[seed].mean())[len(SEEDS) // 2]
        cases.append({
            "model": name, "logLoss": found[middle].mean(), "standardError": standard_error(found[middle]),
            "seeds": [each.mean() for each in found],
            "pairedStandardErrors": [
                standard_error(each - found[middle]) for seed, each in enumerate(found) if seed != middle
            ],
            "thousandths": np.clip(np.round(1000 * probabilities[middle]), 1, 999).astype(int).tolist(),
        })
    known = losses(table()[1][in_test], labels[in_test])
    return {
        "file": "mixed.csv.gz", "train": int((~in_test).sum()), "test": int(in_test.sum()),
        "knownChance": known.mean(), "cases": cases,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args()
    made, path = reference(), FIXTURES / "mixed-table.json"
    if not arguments.check:
        path.write_text(text(made), encoding="utf-8")
        return 0
    different = False
    for kept, new in zip(json.loads(path.read_text(encoding="utf-8"))["cases"], made["cases"], strict=True):
        # Other processors round differently, and 20 epochs magnify that.
        difference = abs(kept["logLoss"] - new["logLoss"])
        print(f"{new['model']}: {new['logLoss']:.6f}, kept {kept['logLoss']:.6f}")
        different |= not difference <= kept["standardError"] / 10
    if different:
        print(f"error: {path}: is not a new making", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
