"""What scikit-learn's transformers make of columns: fitted to some rows, applied to others."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from common import array, number

NAN = float("nan")


def columns(generator):
    """Numbers as measurements are, and as they should not be."""
    size = 41
    gaps = generator.normal(30, 12, size)
    gaps[[0, 3, 17, 40]] = NAN
    whole = generator.integers(0, 5, size).astype(float)
    whole[[5, 6]] = NAN
    return {
        "normal": generator.normal(3, 2, size),
        "far": 1e8 + generator.normal(0, 1, size),
        "skewed": np.exp(generator.normal(0, 2, size)),
        "outlier": np.append(-1e9, generator.normal(0, 1, size - 1)),
        "gaps": gaps,
        "whole": whole,
        "constant": np.full(size, 0.1),
    }


def numbers():
    generator = np.random.default_rng(16)
    train, test = columns(generator), columns(generator)
    makers = {
        "standardize": lambda: StandardScaler(),
        "minMax": lambda: MinMaxScaler(),
        "mean": lambda: SimpleImputer(strategy="mean"),
        "median": lambda: SimpleImputer(strategy="median"),
        "mostFrequent": lambda: SimpleImputer(strategy="most_frequent"),
        "indicator": lambda: SimpleImputer(strategy="median", add_indicator=True),
        "medianStandardize": lambda: make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
    }
    for name in train:
        fit, other = train[name].reshape(-1, 1), test[name].reshape(-1, 1)
        results = {key: array(make().fit(fit).transform(other)) for key, make in makers.items()}
        lower, upper = np.nanquantile(fit, [0.05, 0.9])
        results["clip"] = array(np.clip(other, lower, upper))
        yield {
            "name": name, "train": [number(value) for value in train[name]],
            "test": [number(value) for value in test[name]], "results": results,
        }


def categories():
    generator = np.random.default_rng(17)
    names = ["a", "b", "c", "d", "e"]
    train = generator.choice(names[:4], 40, p=[0.5, 0.35, 0.1, 0.05])
    test = np.append(generator.choice(names[:4], 9), "e")
    fit, other = train.reshape(-1, 1), test.reshape(-1, 1)
    encoders = {
        "ignore": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        "frequent": OneHotEncoder(handle_unknown="ignore", min_frequency=5, sparse_output=False),
        "own": OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False),
        "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    }
    return {
        "names": names, "train": train.tolist(), "test": test.tolist(),
        "results": {key: array(encoder.fit(fit).transform(other)) for key, encoder in encoders.items()},
    }


def dates():
    times = np.array(["1899-12-31T23:59:59", "1970-01-01T00:00:00", "2000-02-29T12:30:00", "2026-11-26T21:45:10"], "M8[s]")
    days = times.astype("M8[D]")
    months = times.astype("M8[M]")
    return {
        "seconds": [int(value) for value in times.astype("i8")],
        "year": [int(value) for value in times.astype("M8[Y]").astype("i8") + 1970],
        "month": [int(value) for value in months.astype("i8") % 12 + 1],
        "day": [int(value) for value in (days - months.astype("M8[D]")).astype("i8") + 1],
        "weekday": [value.item().weekday() for value in days],
        "hour": [value.item().hour for value in times],
        "daysSince2000": [number(value) for value in (times - np.datetime64("2000-01-01T00:00:00")).astype("i8") / 86400],
    }


def fixtures():
    yield "features.json", {"numbers": list(numbers()), "categories": categories(), "dates": dates()}
