"""Metrics at their edges, by scikit-learn: classes that do not occur, targets that are all equal."""

import warnings

import numpy as np
from sklearn.metrics import f1_score, precision_score, r2_score, recall_score

from common import number

# Classes, targets, predictions: the model has outputs for more classes than occur on either side.
LABELLED = [
    ("two of three classes, all right", 3, [0, 1, 1, 0], [0, 1, 1, 0]),
    ("a class only among the targets", 4, [0, 1, 2, 2, 1], [0, 1, 1, 0, 1]),
    ("a class only among the predictions", 4, [0, 1, 1, 0, 1], [0, 3, 1, 0, 3]),
    ("one class on both sides", 5, [2, 2, 2], [2, 2, 2]),
    ("nothing right", 3, [0, 0, 1], [1, 1, 0]),
]

# Targets and outputs, a row a sample.
REGRESSIONS = [
    ("constant targets, met", [[5.0], [5.0], [5.0]], [[5.0], [5.0], [5.0]]),
    ("constant targets, missed", [[5.0], [5.0], [5.0]], [[5.0], [5.5], [4.0]]),
    ("two outputs, one of constant targets, met", [[1.0, 2.0], [3.0, 2.0], [4.0, 2.0]], [[1.5, 2.0], [2.5, 2.0], [4.0, 2.0]]),
    ("two outputs, one of constant targets, missed", [[1.0, 2.0], [3.0, 2.0]], [[1.5, 2.0], [2.5, 2.25]]),
    ("worse than the mean", [[1.0], [2.0], [3.0]], [[3.0], [-2.0], [1.0]]),
    ("one sample", [[1.0]], [[1.0]]),
]


def labelled(name, classes, targets, predictions):
    macro = {"average": "macro", "zero_division": 0}
    return {
        "name": name, "classes": classes, "targets": targets, "predictions": predictions,
        "precision": number(precision_score(targets, predictions, **macro)),
        "recall": number(recall_score(targets, predictions, **macro)),
        "f1": number(f1_score(targets, predictions, **macro)),
    }


def regression(name, targets, outputs):
    with warnings.catch_warnings():
        # Of one sample it warns that there is no such number, and gives NaN.
        warnings.simplefilter("ignore")
        value = r2_score(np.array(targets), np.array(outputs))
    return {"name": name, "targets": targets, "outputs": outputs, "r2": number(value)}


def fixtures():
    yield "metrics.json", {
        "labelled": [labelled(*case) for case in LABELLED],
        "regressions": [regression(*case) for case in REGRESSIONS],
    }
