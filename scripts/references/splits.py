"""How scikit-learn divides rows: how many of each class and each group come where. Which rows are drawn is ours."""

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, train_test_split

from common import dataset

# Rows of each group of rows that stay together, in the order of first appearance.
GROUP_SIZES = [7, 3, 12, 5, 5, 9, 1, 4, 6, 2, 8, 11]


def counts(labels):
    return [int(value) for value in np.bincount(labels, minlength=10)]


def fixtures():
    labels = dataset("digits", "train")[1].astype(int)
    rows = np.arange(len(labels))
    folds = [counts(labels[held_out]) for _, held_out in StratifiedKFold(5).split(rows, labels)]
    rest, test = train_test_split(rows, test_size=288, stratify=labels, random_state=0)
    train, validation = train_test_split(rest, test_size=144, stratify=labels[rest], random_state=0)
    groups = np.repeat(np.arange(len(GROUP_SIZES)), GROUP_SIZES)
    yield "splits.json", {
        "stratifiedFolds": {"dataset": "digits", "folds": 5, "counts": folds},
        "stratifiedFractions": {
            "dataset": "digits", "validation": 0.1, "test": 0.2,
            "counts": [counts(labels[part]) for part in (train, validation, test)],
        },
        "groupFolds": {
            "sizes": GROUP_SIZES, "folds": 4,
            "rows": sorted(len(held_out) for _, held_out in GroupKFold(4).split(groups, groups=groups)),
        },
        "orderedFolds": {
            "rows": 23, "folds": 5,
            "heldOut": [held_out.tolist() for _, held_out in KFold(5).split(np.arange(23))],
        },
    }
