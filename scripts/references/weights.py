"""What samples with weights come to, by scikit-learn: metrics with sample_weight, and least squares."""

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import (
    accuracy_score, confusion_matrix, f1_score, mean_absolute_error, mean_squared_error, precision_score, r2_score,
    recall_score,
)

from common import dataset, number

# Number of classes, targets, predictions, weights.
LABELLED = [
    ("three classes", 3, [0, 1, 2, 2, 1, 0, 2], [0, 2, 2, 1, 1, 0, 2], [1, 0.5, 2, 0.25, 3, 1.5, 0.75]),
    ("zeros", 3, [0, 1, 2, 0, 1], [1, 1, 2, 0, 0], [0, 2, 0.5, 1, 0]),
    ("whole weights count samples", 3, [0, 1, 2, 2], [0, 2, 2, 1], [1, 3, 2, 4]),
]

BINARY = [("two classes", [0, 1, 1, 0, 1, 0], [0, 1, 0, 1, 1, 0], [2, 0.5, 1.25, 0.75, 0, 3])]

# Targets and outputs, a row a sample, and weights.
REGRESSIONS = [
    ("one output", [[1.0], [2.0], [4.0], [3.5]], [[1.5], [2.0], [3.0], [4.0]], [1, 0.5, 2, 0.25]),
    ("two outputs", [[1.0, -2.0], [3.0, 2.0], [4.0, 0.5]], [[1.5, -1.0], [2.5, 2.5], [4.0, 0.0]], [0.5, 3, 1.5]),
    ("a sum below two", [[1.0], [2.0], [4.0]], [[1.5], [2.0], [3.0]], [0.25, 0.5, 0.125]),
    ("constant targets where the weight is", [[1.0], [1.0], [4.0]], [[1.0], [1.0], [3.0]], [1, 2, 0]),
]


def labelled(name, classes, targets, predictions, weights):
    macro = {"average": "macro", "zero_division": 0, "sample_weight": weights}
    return {
        "name": name, "classes": classes, "targets": targets, "predictions": predictions, "weights": weights,
        "accuracy": number(accuracy_score(targets, predictions, sample_weight=weights)),
        "precision": number(precision_score(targets, predictions, **macro)),
        "recall": number(recall_score(targets, predictions, **macro)),
        "f1": number(f1_score(targets, predictions, **macro)),
        "confusion": [
            number(value)
            for value in confusion_matrix(
                targets, predictions, labels=range(classes), sample_weight=weights).ravel().astype(float)
        ],
    }


def binary(name, targets, predictions, weights):
    options = {"zero_division": 0, "sample_weight": weights}
    return {
        "name": name, "targets": targets, "predictions": predictions, "weights": weights,
        "accuracy": number(accuracy_score(targets, predictions, sample_weight=weights)),
        "precision": number(precision_score(targets, predictions, **options)),
        "recall": number(recall_score(targets, predictions, **options)),
        "f1": number(f1_score(targets, predictions, **options)),
    }


def regression(name, targets, outputs, weights):
    options = {"sample_weight": weights}
    return {
        "name": name, "targets": targets, "outputs": outputs, "weights": weights,
        "meanSquaredError": number(mean_squared_error(targets, outputs, **options)),
        "meanAbsoluteError": number(mean_absolute_error(targets, outputs, **options)),
        "r2": number(r2_score(targets, outputs, **options)),
    }


def least_squares():
    """Row i of a group weighs (i mod 5) / 2."""
    def weights(count):
        return np.arange(count) % 5 / 2

    train_inputs, train_targets = dataset("diabetes", "train")
    test_inputs, test_targets = dataset("diabetes", "test")
    model = LinearRegression().fit(train_inputs, train_targets, sample_weight=weights(len(train_targets)))

    def scores(inputs, targets):
        options = {"sample_weight": weights(len(targets))}
        return {
            "meanSquaredError": number(mean_squared_error(targets, model.predict(inputs), **options)),
            "r2": number(r2_score(targets, model.predict(inputs), **options)),
        }

    return {
        "dataset": "diabetes", "weight": [number(value) for value in model.coef_.ravel()],
        "bias": number(np.ravel(model.intercept_)[0]),
        "train": scores(train_inputs, train_targets), "test": scores(test_inputs, test_targets),
    }


def fixtures():
    yield "weights.json", {
        "labelled": [labelled(*case) for case in LABELLED],
        "binary": [binary(*case) for case in BINARY],
        "regressions": [regression(*case) for case in REGRESSIONS],
        "leastSquares": least_squares(),
    }
