"""What the best linear models reach on the datasets of data/: least squares by numpy, logistic by scikit-learn."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from common import dataset, number


def least_squares():
    train_inputs, train_targets = dataset("diabetes", "train")
    test_inputs, test_targets = dataset("diabetes", "test")

    def with_intercept(inputs):
        return np.column_stack([inputs, np.ones(len(inputs))])

    # Scaled columns keep the problem well conditioned; the coefficients are given for the stored values.
    scale = np.append(np.abs(train_inputs).max(axis=0), 1)
    solution = np.linalg.lstsq(with_intercept(train_inputs) / scale, train_targets, rcond=None)[0] / scale

    def scores(inputs, targets):
        residuals = targets - with_intercept(inputs) @ solution
        return {
            "meanSquaredError": number(np.mean(residuals**2)),
            "r2": number(1 - np.sum(residuals**2) / np.sum((targets - targets.mean()) ** 2)),
        }

    return {
        "dataset": "diabetes", "weight": [number(value) for value in solution[:-1]], "bias": number(solution[-1]),
        "train": scores(train_inputs, train_targets), "test": scores(test_inputs, test_targets),
    }


def logistic(name):
    """Logistic regression on standardized columns with scikit-learn's default L2 penalty (C = 1)."""
    train_inputs, train_targets = dataset(name, "train")
    test_inputs, test_targets = dataset(name, "test")
    train_inputs, test_inputs = train_inputs.astype(np.float64), test_inputs.astype(np.float64)
    mean, deviation = train_inputs.mean(axis=0), train_inputs.std(axis=0)
    deviation[deviation == 0] = 1
    model = LogisticRegression(max_iter=10_000, tol=1e-10)
    model.fit((train_inputs - mean) / deviation, train_targets)
    return {
        "dataset": name,
        "train": {"accuracy": number(model.score((train_inputs - mean) / deviation, train_targets))},
        "test": {"accuracy": number(model.score((test_inputs - mean) / deviation, test_targets))},
    }


def fixtures():
    yield "linear.json", {
        "leastSquares": least_squares(),
        "logistic": [logistic(name) for name in ("digits", "iris", "breast-cancer")],
    }
