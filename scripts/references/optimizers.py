"""100 steps of each optimizer on a small non-convex function, in float64, by PyTorch (Lion and LAMB by optax)."""

import inspect

import jax
import numpy as np
import optax
import torch

from common import array, number

jax.config.update("jax_enable_x64", True)

STEPS = 100
SNAPSHOTS = (1, 2, 3, *range(10, STEPS + 1, 10))
COUPLING = 4.0

# Twelve parameters in three tensors: LAMB and groups of parameters look at tensors, the rest at numbers.
SHAPES = {"dense1/weight": (2, 3), "dense1/bias": (3,), "dense2/weight": (3, 1)}
INITIAL = np.array([-0.6, 0.5, 0.9, -0.4, 0.3, 0.7, -0.2, 0.45, 0.1, 0.65, -0.35, 0.8])


def rosenbrock(x):
    """The chained Rosenbrock function (Rosenbrock, 1960) with a weaker coupling than the usual 100."""
    return (COUPLING * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def split(x):
    """The vector as its three tensors."""
    tensors, start = [], 0
    for shape in SHAPES.values():
        end = start + int(np.prod(shape))
        tensors.append(x[start:end].reshape(shape))
        start = end
    return tensors


def torch_run(kind, arguments, initial, **extra):
    """As `torch_path`, with what an optimizer keeps beside its tensors in float64 too: NAdam's product of momenta."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return torch_path(kind, arguments, initial, **extra)
    finally:
        torch.set_default_dtype(default)


def torch_path(kind, arguments, initial, groups=None, clip_value=None, clip_norm=None, ema=None):
    """The parameters after each step, and their moving averages where `ema` is its decay."""
    model = torch.nn.ParameterList(torch.nn.Parameter(torch.tensor(value)) for value in split(initial))
    tensors = list(model)
    if groups is None:
        grouped = tensors
    else:
        grouped = [{"params": [tensor], **groups.get(name, {})} for name, tensor in zip(SHAPES, tensors, strict=True)]
    optimizer = kind(grouped, foreach=False, **arguments)
    averager = None if ema is None else torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(ema))
    path, averages = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        rosenbrock(torch.cat([tensor.reshape(-1) for tensor in tensors])).backward()
        if clip_value is not None:
            torch.nn.utils.clip_grad_value_(tensors, clip_value)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(tensors, clip_norm)
        optimizer.step()
        path.append(np.concatenate([tensor.detach().numpy().ravel() for tensor in tensors]))
        if averager is not None:
            averager.update_parameters(model)
            averages.append(np.concatenate([tensor.detach().numpy().ravel() for tensor in averager.module]))
    return path, averages


def lbfgs_run(function, initial):
    """The value at each evaluation, and the parameters in the end."""
    parameters = torch.tensor(initial, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=1000, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe")
    values = []

    def evaluate():
        optimizer.zero_grad()
        value = function(parameters)
        value.backward()
        values.append(value.item())
        return value

    optimizer.step(evaluate)
    return values, parameters.detach().numpy()


def optax_run(kind, arguments, initial):
    """The parameters after each step."""
    optimizer = kind(**arguments)
    parameters = [jax.numpy.asarray(value) for value in split(initial)]
    state = optimizer.init(parameters)
    gradient = jax.grad(lambda tensors: rosenbrock(jax.numpy.concatenate([tensor.reshape(-1) for tensor in tensors])))
    path = []
    for _ in range(STEPS):
        updates, state = optimizer.update(gradient(parameters), state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        path.append(np.concatenate([np.asarray(value).ravel() for value in parameters]))
    return path, []


SGD = torch.optim.SGD
CASES = [
    ("sgd", SGD, {"lr": 0.02}, {}),
    ("sgd-momentum", SGD, {"lr": 0.01, "momentum": 0.9}, {}),
    ("sgd-nesterov", SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}, {}),
    ("sgd-dampening", SGD, {"lr": 0.02, "momentum": 0.9, "dampening": 0.3}, {}),
    ("sgd-weight-decay", SGD, {"lr": 0.02, "weight_decay": 0.1}, {}),
    ("sgd-nesterov-weight-decay", SGD, {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}, {}),
    ("sgd-clip-value", SGD, {"lr": 0.02, "momentum": 0.5}, {"clip_value": 0.7}),
    ("sgd-clip-norm", SGD, {"lr": 0.02, "momentum": 0.5}, {"clip_norm": 2.0}),
    ("sgd-ema", SGD, {"lr": 0.02, "momentum": 0.5}, {"ema": 0.9}),
    ("adagrad", torch.optim.Adagrad, {"lr": 0.1}, {}),
    ("adagrad-all", torch.optim.Adagrad,
     {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-8}, {}),
    ("adadelta", torch.optim.Adadelta, {"lr": 1.0}, {}),
    ("adadelta-all", torch.optim.Adadelta, {"lr": 0.8, "rho": 0.95, "eps": 1e-5, "weight_decay": 0.1}, {}),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.01}, {}),
    ("rmsprop-centered", torch.optim.RMSprop, {"lr": 0.01, "centered": True}, {}),
    ("rmsprop-momentum", torch.optim.RMSprop, {"lr": 0.005, "momentum": 0.8}, {}),
    ("rmsprop-all", torch.optim.RMSprop,
     {"lr": 0.005, "alpha": 0.95, "eps": 1e-6, "weight_decay": 0.1, "momentum": 0.8, "centered": True}, {}),
    ("adam", torch.optim.Adam, {"lr": 0.02}, {}),
    ("adam-all", torch.optim.Adam, {"lr": 0.02, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1}, {}),
    ("amsgrad", torch.optim.Adam, {"lr": 0.02, "amsgrad": True}, {}),
    ("adamw", torch.optim.AdamW, {"lr": 0.02}, {}),
    ("adamw-amsgrad", torch.optim.AdamW, {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True}, {}),
    ("adamw-groups", torch.optim.AdamW, {"lr": 0.02, "weight_decay": 0.1},
     {"groups": {"dense1/bias": {"weight_decay": 0.0}, "dense2/weight": {"lr": 0.005}}}),
    ("nadam", torch.optim.NAdam, {"lr": 0.02}, {}),
    ("nadam-all", torch.optim.NAdam,
     {"lr": 0.02, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1, "momentum_decay": 0.01}, {}),
    ("nadam-decoupled", torch.optim.NAdam, {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}, {}),
    ("radam", torch.optim.RAdam, {"lr": 0.02}, {}),
    ("radam-all", torch.optim.RAdam, {"lr": 0.02, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1}, {}),
    ("radam-decoupled", torch.optim.RAdam, {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}, {}),
    ("lion", optax.lion, {"learning_rate": 0.005, "weight_decay": 0.0}, {}),
    ("lion-all", optax.lion, {"learning_rate": 0.005, "b1": 0.8, "b2": 0.95, "weight_decay": 0.1}, {}),
    ("lamb", optax.lamb, {"learning_rate": 0.02}, {}),
    ("lamb-all", optax.lamb,
     {"learning_rate": 0.02, "b1": 0.8, "b2": 0.99, "eps": 1e-5, "weight_decay": 0.1}, {}),
]


# L-BFGS is held to where it arrives, and to how soon: libraries differ in their line searches.
LBFGS_CASES = [
    ("valley", {"type": "chainedRosenbrock", "coupling": 100.0}, np.array([-1.2, 1.0])),
    ("chain", {"type": "chainedRosenbrock", "coupling": COUPLING}, INITIAL),
    ("ellipsoid", {"type": "ellipsoid", "factors": [10.0 ** (index / 2) for index in range(12)]}, INITIAL),
]
LBFGS_TOLERANCE = 1e-12


def lbfgs_case(name, objective, initial):
    def function(x):
        if objective["type"] == "ellipsoid":
            return (torch.tensor(objective["factors"], dtype=x.dtype) * (x - 1) ** 2).sum() / 2
        return (objective["coupling"] * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    values, solution = lbfgs_run(function, initial)
    return {
        "name": name, "reference": "torch.optim.LBFGS", "objective": objective, "initial": array(initial)["values"],
        "evaluations": next(index + 1 for index, value in enumerate(values) if value < LBFGS_TOLERANCE),
        "solution": array(solution)["values"],
    }


def defaults():
    """The defaults of the arguments that these cases set, of each optimizer's call."""
    kinds = {kind: set() for _, kind, _, _ in CASES}
    for _, kind, arguments, _ in CASES:
        kinds[kind] |= arguments.keys()
    kinds[torch.optim.LBFGS] = {"history_size"}
    for kind, names in kinds.items():
        signature = inspect.signature(kind).parameters
        module = "torch.optim" if kind.__module__.startswith("torch") else "optax"
        yield {"reference": f"{module}.{kind.__name__}", "arguments": {
            name: list(default) if isinstance(default := signature[name].default, tuple) else default
            for name in sorted(names) if signature[name].default is not inspect.Parameter.empty
        }}


def run(kind, arguments, extra, initial):
    if kind.__module__.startswith("torch"):
        return torch_run(kind, arguments, initial, **extra)
    return optax_run(kind, arguments, initial)


def case(name, kind, arguments, extra):
    path, averages = run(kind, arguments, extra, INITIAL)
    # A path that magnifies rounding would prove nothing at a tolerance of 1e-10.
    nudged, _ = run(kind, arguments, extra, INITIAL * (1 + 1e-12 * np.cos(np.arange(len(INITIAL)))))
    magnified = max(np.abs(a - b).max() for a, b in zip(path, nudged, strict=True)) / 1e-12
    if magnified > 100:
        raise SystemExit(f"error: the path of {name} magnifies a change of its start by {magnified:.0f}")
    if not rosenbrock(path[-1]) < rosenbrock(INITIAL) / 2:
        raise SystemExit(f"error: {name} goes from {rosenbrock(INITIAL)} to {rosenbrock(path[-1])} only")

    def snapshots(points):
        return [{"step": step, "values": [number(value) for value in points[step - 1]]} for step in SNAPSHOTS]

    module = "torch.optim" if kind.__module__.startswith("torch") else "optax"
    made = {"name": name, "reference": f"{module}.{kind.__name__}", "arguments": arguments}
    made |= {
        {"groups": "groups", "clip_value": "clipValue", "clip_norm": "clipNorm", "ema": "averageDecay"}[key]: value
        for key, value in extra.items()
    }
    made["snapshots"] = snapshots(path)
    if averages:
        made["averages"] = snapshots(averages)
    return made


def fixtures():
    yield "optimizers.json", {
        "objective": {"type": "chainedRosenbrock", "coupling": COUPLING},
        "tensors": [{"name": name, "shape": list(shape)} for name, shape in SHAPES.items()],
        "initial": array(INITIAL)["values"],
        "cases": [case(*row) for row in CASES],
        "defaults": list(defaults()),
    }
    yield "lbfgs.json", {"tolerance": LBFGS_TOLERANCE, "cases": [lbfgs_case(*row) for row in LBFGS_CASES]}
