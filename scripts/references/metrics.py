"""Metrics by scikit-learn: at their edges (classes that do not occur, targets that are all equal), and those of scores."""

import warnings

import numpy as np
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score, f1_score, log_loss, precision_recall_fscore_support, precision_score, r2_score, recall_score,
    roc_auc_score, top_k_accuracy_score,
)

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


def drawn(seed, samples, outputs):
    """Logits that binary32 holds, some of them equal."""
    return np.round(np.random.default_rng(seed).normal(scale=2, size=(samples, outputs)) * 4) / 4


# Kind, logits (a row a sample), targets, weights.
SCORED = [
    ("two classes, ties", "binary", [[0.5], [-1.0], [2.0], [0.5], [0.5], [-1.0], [3.0], [0.0]], [1, 0, 1, 0, 1, 1, 0, 0],
     None),
    ("two classes, weights", "binary", [[0.5], [-1.0], [2.0], [0.5], [0.5], [-1.0], [3.0], [0.0]],
     [1, 0, 1, 0, 1, 1, 0, 0], [1, 0.5, 2, 0.25, 0, 3, 1.5, 0.75]),
    ("all scores equal", "binary", [[0.25], [0.25], [0.25]], [1, 0, 1], None),
    ("all in order", "binary", [[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1], None),
    ("all out of order", "binary", [[-2.0], [-1.0], [1.0], [2.0]], [1, 1, 0, 0], None),
    ("only zeros", "binary", [[0.5], [-1.0], [0.25]], [0, 0, 0], None),
    ("only ones", "binary", [[0.5], [-1.0], [0.25]], [1, 1, 1], None),
    ("ones that weigh nothing", "binary", [[0.5], [-1.0], [0.25]], [1, 0, 0], [0, 1, 2]),
    ("many samples", "binary", drawn(1, 700, 1).tolist(), (np.arange(700) * 7 % 11 > 5).astype(int).tolist(), None),
    ("three classes", "multiclass", drawn(2, 12, 3).tolist(), [0, 1, 2, 2, 1, 0, 1, 2, 1, 1, 0, 2], None),
    ("three classes, weights", "multiclass", drawn(2, 12, 3).tolist(), [0, 1, 2, 2, 1, 0, 1, 2, 1, 1, 0, 2],
     [1, 0.5, 2, 0.25, 3, 1.5, 0.75, 0, 1, 2, 1, 0.5]),
    ("a class that does not occur", "multiclass", drawn(3, 9, 4).tolist(), [0, 1, 3, 3, 1, 0, 1, 3, 1], None),
    ("one class alone", "multiclass", drawn(4, 4, 3).tolist(), [1, 1, 1, 1], None),
    ("equal logits", "multiclass", [[1.0, 1.0, 0.0], [0.5, 2.0, 2.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], [0, 1, 2, 0],
     None),
    ("many samples of ten classes", "multiclass", drawn(5, 600, 10).tolist(), (np.arange(600) * 7 % 10).tolist(), None),
    ("three labels", "multilabel", drawn(6, 10, 3).tolist(), (drawn(7, 10, 3) > 0.5).astype(int).tolist(), None),
    ("three labels, weights", "multilabel", drawn(6, 10, 3).tolist(), (drawn(7, 10, 3) > 0.5).astype(int).tolist(),
     [1, 0.5, 2, 0.25, 3, 1.5, 0.75, 0, 1, 2]),
    ("a label that nothing has", "multilabel", drawn(8, 5, 2).tolist(), [[1, 0], [0, 0], [1, 0], [0, 0], [1, 0]], None),
]


def calibration_error(hits, probabilities, weights, bins):
    """The expected calibration error over bins of equal width, each with its upper end."""
    places = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities)
    total = np.bincount(places, weights=weights, minlength=bins)
    true = np.bincount(places, weights=weights * hits, minlength=bins)
    mean = np.bincount(places, weights=weights * probabilities, minlength=bins)
    if (weights == 1).all():
        shares, means = calibration_curve(hits, probabilities, n_bins=bins)
        assert np.allclose(shares * total[total > 0], true[total > 0])
        assert np.allclose(means * total[total > 0], mean[total > 0])
    return np.abs(true - mean).sum() / weights.sum()


def scored(name, kind, outputs, targets, weights):
    z, y = np.array(outputs), np.array(targets)
    own = np.ones(len(z)) if weights is None else np.array(weights, dtype=float)
    options = {"sample_weight": own}
    case = {"name": name, "kind": kind, "outputs": outputs, "targets": targets, "weights": weights}
    with warnings.catch_warnings():
        # Where only one class is there, it warns and gives NaN, or 0 as the average precision.
        warnings.simplefilter("ignore")
        if kind == "multiclass":
            p = softmax(z, axis=1)
            present = sorted(set(y[own > 0].tolist()))
            case["rocAUC"] = number(np.mean([roc_auc_score(y == c, p[:, c], **options) for c in present]))
            case["averagePrecision"] = number(
                np.mean([average_precision_score(y == c, p[:, c], **options) for c in present]))
            if len(present) == z.shape[1]:
                whole = roc_auc_score(y, p, multi_class="ovr", **options)
                assert np.isclose(whole, case["rocAUC"])
                assert np.isclose(average_precision_score(y, p, **options), case["averagePrecision"])
            labels = range(z.shape[1])
            case["logLoss"] = number(log_loss(y, p, labels=list(labels), **options))
            case["topKAccuracy"] = [
                number(top_k_accuracy_score(y, z, k=k, labels=list(labels), **options)) for k in labels[1:]]
            hits, chances, each = z.argmax(axis=1) == y, p[np.arange(len(z)), z.argmax(axis=1)], own
            rows = precision_recall_fscore_support(
                y, z.argmax(axis=1), labels=list(labels), zero_division=0, **options)
            case["perClass"] = [[number(float(value)) for value in row] for row in zip(*rows)]
        else:
            p, y = expit(z), y.reshape(z.shape)
            case["rocAUC"] = number(roc_auc_score(y, p, **options))
            case["averagePrecision"] = number(average_precision_score(y, p, **options))
            case["logLoss"] = number(
                np.mean([log_loss(y[:, c], p[:, c], labels=[0, 1], **options) for c in range(z.shape[1])]))
            hits, chances, each = y.ravel(), p.ravel(), np.repeat(own, z.shape[1])
            if kind == "multilabel":
                rows = precision_recall_fscore_support(y, z > 0, zero_division=0, **options)
                case["perClass"] = [[number(float(value)) for value in row] for row in zip(*rows)]
                case["f1"] = number(f1_score(y, z > 0, average="micro", zero_division=0, **options))
    case["expectedCalibrationError"] = [
        {"bins": bins, "value": number(calibration_error(hits, chances, each, bins))} for bins in (1, 5, 15)]
    return case


def fixtures():
    yield "metrics.json", {
        "scored": [scored(*case) for case in SCORED],
        "labelled": [labelled(*case) for case in LABELLED],
        "regressions": [regression(*case) for case in REGRESSIONS],
    }
