"""The first training steps of two small models on data/digits.h5: losses, gradients and parameters by PyTorch."""

import numpy as np
import torch

from common import array, dataset, number

STEPS = 20
BATCH_SIZE = 32
SCALE = 1 / 16
GRADIENT_STEPS = (1, 10, 20)

# Units and activation of each dense layer.
MODELS = {
    "softmax": [(10, None)],
    "tanh": [(16, "tanh"), (10, None)],
}

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "adam": (torch.optim.Adam, {"lr": 0.01}),
}


def initial_parameters(layers, inputs):
    """Glorot-uniform weights and small biases, exact in float32 so that both precisions begin alike."""
    random = np.random.default_rng(2)
    parameters = []
    for index, (units, _) in enumerate(layers, start=1):
        limit = np.sqrt(6 / (inputs + units))
        weight = random.uniform(-limit, limit, (inputs, units)).astype(np.float32)
        bias = random.uniform(-0.1, 0.1, units).astype(np.float32)
        parameters += [(f"dense{index}/weight", weight), (f"dense{index}/bias", bias)]
        inputs = units
    return parameters


def forward(layers, parameters, inputs):
    values = inputs
    for index, (_, activation) in enumerate(layers):
        values = values @ parameters[2 * index] + parameters[2 * index + 1]
        if activation == "tanh":
            values = torch.tanh(values)
    return values


def tensors(names, values):
    return [{"name": name, **array(value)} for name, value in zip(names, values, strict=True)]


def trajectory(model, optimizer, precision):
    layers = MODELS[model]
    kind, arguments = OPTIMIZERS[optimizer]
    stored_inputs, stored_targets = dataset("digits", "train")
    inputs = torch.tensor(stored_inputs, dtype=precision) * SCALE
    targets = torch.tensor(stored_targets, dtype=torch.int64)

    initial = initial_parameters(layers, inputs.shape[1])
    names = [name for name, _ in initial]
    parameters = [torch.tensor(value, dtype=precision, requires_grad=True) for _, value in initial]
    stored_initial = tensors(names, parameters)
    stepper = kind(parameters, foreach=False, **arguments)
    losses, gradients = [], []
    for step in range(1, STEPS + 1):
        rows = slice(BATCH_SIZE * (step - 1), BATCH_SIZE * step)
        stepper.zero_grad()
        loss = torch.nn.functional.cross_entropy(forward(layers, parameters, inputs[rows]), targets[rows])
        loss.backward()
        losses.append(number(loss.detach().numpy()[()]))
        if step in GRADIENT_STEPS:
            gradients.append({"step": step, "tensors": tensors(names, [value.grad for value in parameters])})
        stepper.step()
    return {
        "precision": str(precision).removeprefix("torch."),
        "data": {"file": "data/digits.h5", "group": "train", "scale": SCALE, "batchSize": BATCH_SIZE, "steps": STEPS},
        "layers": [{"units": units, "activation": activation} for units, activation in layers],
        "optimizer": {"reference": f"torch.optim.{kind.__name__}", "arguments": arguments},
        "initial": stored_initial,
        "losses": losses,
        "gradients": gradients,
        "final": tensors(names, parameters),
    }


def fixtures():
    for model in MODELS:
        for optimizer in OPTIMIZERS:
            for precision in (torch.float64, torch.float32):
                made = trajectory(model, optimizer, precision)
                yield f"trajectories/{model}-{optimizer}-{made['precision']}.json", made
