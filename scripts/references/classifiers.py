"""Linear classifiers on the datasets of data/, with everything that scikit-learn measures of them."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score, confusion_matrix, f1_score, log_loss, precision_score, recall_score,
)

from common import array, dataset, number

# Penalties strong enough that the classifiers err.
CLASSIFIERS = (("digits", 1e-4), ("breast-cancer", 1e-2), ("iris", 1e-4))


def classifier(name, inverse_penalty):
    inputs, targets = (values.astype(np.float64) for values in dataset(name, "train"))
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    deviation[deviation == 0] = 1
    model = LogisticRegression(C=inverse_penalty, max_iter=10_000, tol=1e-10)
    model.fit((inputs - mean) / deviation, targets)
    # The same classifier for the stored columns.
    weight = (model.coef_ / deviation).T
    bias = model.intercept_ - mean @ weight

    inputs, targets = dataset(name, "test")
    outputs = inputs @ weight + bias
    binary = outputs.shape[1] == 1
    if binary:
        predictions = (outputs[:, 0] > 0).astype(int)
        probabilities = 1 / (1 + np.exp(-outputs[:, 0]))
    else:
        predictions = outputs.argmax(axis=1)
        exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    average = {"average": "binary" if binary else "macro", "zero_division": 0}
    return {
        "dataset": name, "weight": array(weight), "bias": array(bias),
        "loss": number(log_loss(targets, probabilities)),
        "accuracy": number(accuracy_score(targets, predictions)),
        "precision": number(precision_score(targets, predictions, **average)),
        "recall": number(recall_score(targets, predictions, **average)),
        "f1": number(f1_score(targets, predictions, **average)),
        "confusion": [[number(count) for count in row] for row in confusion_matrix(targets, predictions)],
        "predictions": [number(label) for label in predictions],
        "firstProbabilities": array(probabilities[:3]),
    }


def fixtures():
    yield "classifiers.json", {"cases": [classifier(*arguments) for arguments in CLASSIFIERS]}
