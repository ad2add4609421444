"""Losses and the gradients with respect to their inputs, in float64, by PyTorch; the pinball loss by scikit-learn too."""

import numpy as np
import torch
from sklearn.metrics import mean_pinball_loss
from torch.nn import functional as F

from common import array, number

LOGITS = [[0.5, -1.25, 2.0], [1.5, 0.25, -0.75], [-0.125, 0.0, 0.375], [3.0, 3.0, 3.0]]
HUGE_LOGITS = [[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [1e4, 1e4, 1e4], [-1e4, 0.0, 5.0]]
LABELS = [2, 0, 1, 1]
DISTRIBUTIONS = [[0.0, 0.0, 1.0], [0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.0, 1.0, 0.0]]
ONE_HOT = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
CLASS_WEIGHTS = [0.5, 2.0, 1.25]

BINARY_LOGITS = [-3.0, -0.5, 0.0, 0.25, 1.75, 40.0, -40.0]
HUGE_BINARY_LOGITS = [1e4, -1e4, 1e4, -1e4]
BINARY_LABELS = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0]
BINARY_CLASS_WEIGHTS = [0.75, 3.0]
BINARY_LOGIT_ROWS = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]]
BINARY_LABEL_ROWS = [[1.0, 0.0], [0.3, 1.0], [0.0, 0.8]]

# The first differences are 0, then ±1 and ±0.5, where the absolute and the Huber loss have their kinks.
PREDICTIONS = [[1.0, 2.0], [0.0, 0.5], [1.0, -3.0], [0.25, 100.0]]
VALUES = [[1.0, 1.0], [1.0, 1.0], [0.5, 4.0], [0.5, -20.0]]
# Logarithms of rates, and counts.
LOG_RATES = [[0.0, -2.0], [1.5, 3.0], [-40.0, 0.25], [5.0, -1.0]]
COUNTS = [[1.0, 0.0], [4.0, 25.0], [0.0, 2.5], [140.0, 3.0]]
SAMPLE_WEIGHTS = [1.0, 0.25, 2.0, 0.0]


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def weighted_mean(losses, weights):
    """The batch's loss under sample weights: the weighted sum divided by the sum of the weights."""
    return (losses * weights).sum() / weights.sum()


def row_means(losses):
    """A sample's loss is the mean over its outputs."""
    return losses.reshape(len(losses), -1).mean(dim=1)


def cross_entropy(logits, labels=None, distributions=None, weights=None, smoothing=0.0):
    targets = torch.tensor(labels) if distributions is None else tensor(distributions)
    class_weights = None if weights is None else tensor(weights)
    return F.cross_entropy(logits, targets, weight=class_weights, label_smoothing=smoothing)


def binary(logits, targets, positive_weight=None, class_weights=None):
    targets = tensor(targets)
    losses = F.binary_cross_entropy_with_logits(
        logits, targets, reduction="none", pos_weight=None if positive_weight is None else tensor(positive_weight))
    if class_weights is None:
        return losses.mean()
    return weighted_mean(losses, tensor(class_weights)[targets.long()])


def regression(function, predictions, targets, sample_weights=None, **arguments):
    losses = row_means(function(predictions, tensor(targets), reduction="none", **arguments))
    return losses.mean() if sample_weights is None else weighted_mean(losses, tensor(sample_weights))


def case(name, loss, inputs, settings, compute):
    """One row: `settings` say in the fixture what `compute` does with the inputs."""
    inputs = tensor(inputs).requires_grad_()
    value = compute(inputs)
    value.backward()
    return {
        "name": name, "loss": loss, "settings": settings, "inputs": array(inputs),
        "value": number(value.item()), "gradient": array(inputs.grad),
    }


def cases():
    def softmax(name, logits, **settings):
        arguments = {"labels": settings.get("labels"), "distributions": settings.get("distributions"),
                     "weights": settings.get("classWeights"), "smoothing": settings.get("labelSmoothing", 0.0)}
        return case(name, "softmaxCrossEntropy", logits, settings, lambda x: cross_entropy(x, **arguments))

    yield softmax("labels", LOGITS, labels=LABELS)
    yield softmax("huge logits", HUGE_LOGITS, labels=LABELS)
    yield softmax("label smoothing", LOGITS, labels=LABELS, labelSmoothing=0.1)
    yield softmax("label smoothing, huge logits", HUGE_LOGITS, labels=LABELS, labelSmoothing=0.1)
    yield softmax("class weights", LOGITS, labels=LABELS, classWeights=CLASS_WEIGHTS)
    yield softmax("class weights, huge logits", HUGE_LOGITS, labels=LABELS, classWeights=CLASS_WEIGHTS)
    yield softmax("class weights and label smoothing", LOGITS, labels=LABELS, classWeights=CLASS_WEIGHTS,
                  labelSmoothing=0.1)
    yield softmax("distributions", LOGITS, distributions=DISTRIBUTIONS)
    yield softmax("distributions, label smoothing", LOGITS, distributions=DISTRIBUTIONS, labelSmoothing=0.1)
    yield softmax("distributions, class weights", LOGITS, distributions=DISTRIBUTIONS, classWeights=CLASS_WEIGHTS)
    yield softmax("distributions, class weights and label smoothing", LOGITS, distributions=DISTRIBUTIONS,
                  classWeights=CLASS_WEIGHTS, labelSmoothing=0.1)
    yield softmax("one-hot rows, class weights", LOGITS, distributions=ONE_HOT, classWeights=CLASS_WEIGHTS)

    def logistic(name, logits, **settings):
        arguments = {"targets": settings["targets"], "positive_weight": settings.get("positiveWeight"),
                     "class_weights": settings.get("classWeights")}
        return case(name, "binaryCrossEntropy", logits, settings, lambda x: binary(x, **arguments))

    yield logistic("labels", BINARY_LOGITS, targets=BINARY_LABELS)
    yield logistic("huge logits", HUGE_BINARY_LOGITS, targets=[1.0, 0.0, 0.0, 1.0])
    yield logistic("several outputs, soft targets", BINARY_LOGIT_ROWS, targets=BINARY_LABEL_ROWS)
    yield logistic("positive weight", BINARY_LOGITS, targets=BINARY_LABELS, positiveWeight=[3.0])
    yield logistic("positive weight for each output", BINARY_LOGIT_ROWS, targets=BINARY_LABEL_ROWS,
                   positiveWeight=[3.0, 0.5])
    yield logistic("class weights", BINARY_LOGITS, targets=BINARY_LABELS, classWeights=BINARY_CLASS_WEIGHTS)

    for loss, function, arguments in (
        ("meanSquaredError", F.mse_loss, {}), ("meanAbsoluteError", F.l1_loss, {}),
        ("huber", F.huber_loss, {"delta": 1.0}), ("huber", F.huber_loss, {"delta": 0.5}),
    ):
        for weights in (None, SAMPLE_WEIGHTS):
            settings = {"targets": VALUES, **arguments} | ({} if weights is None else {"sampleWeights": weights})
            name = ", ".join(["values", *(f"{key} {value}" for key, value in arguments.items()),
                              *(["sample weights"] if weights else [])])
            yield case(name, loss, PREDICTIONS, settings,
                       lambda x, f=function, w=weights, a=arguments: regression(f, x, VALUES, w, **a))


    for name, logits in (("distributions", LOGITS), ("distributions, huge logits", HUGE_LOGITS), ("one-hot rows", LOGITS)):
        rows = ONE_HOT if name == "one-hot rows" else DISTRIBUTIONS
        yield case(name, "klDivergence", logits, {"distributions": rows},
                   lambda x, t=rows: F.kl_div(torch.log_softmax(x, dim=1), tensor(t), reduction="batchmean"))
    yield case("counts", "poisson", LOG_RATES, {"targets": COUNTS},
               lambda x: F.poisson_nll_loss(x, tensor(COUNTS), log_input=True))
    for quantiles in ([0.5], [0.1], [0.9], [0.25, 0.75]):
        yield case(f"values, {quantiles}", "quantile", PREDICTIONS, {"targets": VALUES, "quantiles": quantiles},
                   lambda x, q=quantiles: pinball(x, q))


def pinball(predictions, quantiles):
    """The pinball loss, whose value is compared with scikit-learn's: PyTorch has none."""
    above = tensor(VALUES) - predictions
    q = tensor(quantiles)
    value = (q * F.relu(above) + (1 - q) * F.relu(-above)).mean()
    columns = [
        mean_pinball_loss(np.array(VALUES)[:, column], predictions.detach().numpy()[:, column], alpha=alpha)
        for column, alpha in enumerate(quantiles * (2 // len(quantiles)))
    ]
    assert np.isclose(value.item(), np.mean(columns))
    return value


def fixtures():
    yield "losses.json", {"cases": list(cases())}
