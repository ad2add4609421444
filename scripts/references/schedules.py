"""The learning rates of 100 steps under each of PyTorch's schedulers."""

import inspect
import warnings

import numpy as np
import torch
from torch.optim import lr_scheduler as schedulers

from common import number

STEPS = 100
RATE = 0.1

CASES = [
    ("constant", [("ConstantLR", {"factor": 1.0, "total_iters": 0})], None),
    ("step", [("StepLR", {"step_size": 30, "gamma": 0.1})], None),
    ("multi-step", [("MultiStepLR", {"milestones": [10, 15, 60], "gamma": 0.5})], None),
    ("exponential", [("ExponentialLR", {"gamma": 0.95})], None),
    ("polynomial-linear", [("PolynomialLR", {"total_iters": 80, "power": 1.0})], None),
    ("polynomial-square", [("PolynomialLR", {"total_iters": 100, "power": 2.0})], None),
    ("cosine", [("CosineAnnealingLR", {"T_max": 100})], None),
    ("cosine-floor", [("CosineAnnealingLR", {"T_max": 100, "eta_min": 0.01})], None),
    ("restarts", [("CosineAnnealingWarmRestarts", {"T_0": 25})], None),
    ("restarts-growing", [("CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2, "eta_min": 0.001})], None),
    ("one-cycle", [("OneCycleLR", {"max_lr": 0.1, "total_steps": 100, "cycle_momentum": False})], None),
    ("one-cycle-linear",
     [("OneCycleLR", {"max_lr": 0.2, "total_steps": 100, "pct_start": 0.4, "anneal_strategy": "linear",
                      "div_factor": 10.0, "final_div_factor": 100.0, "cycle_momentum": False})], None),
    ("one-cycle-three-phase",
     [("OneCycleLR", {"max_lr": 0.1, "total_steps": 100, "three_phase": True, "cycle_momentum": False})], None),
    ("warm-up", [("LinearLR", {"start_factor": 0.1, "end_factor": 1.0, "total_iters": 20})], None),
    ("warm-up-cosine", [("LinearLR", {"start_factor": 0.1, "total_iters": 20}),
                        ("CosineAnnealingLR", {"T_max": 80})], 20),
    ("warm-up-step", [("LinearLR", {"start_factor": 0.25, "total_iters": 10}),
                      ("StepLR", {"step_size": 30, "gamma": 0.1})], 10),
    ("warm-up-exponential", [("LinearLR", {"start_factor": 0.5, "total_iters": 5}),
                             ("ExponentialLR", {"gamma": 0.95})], 5),
    ("warm-up-polynomial", [("LinearLR", {"start_factor": 0.1, "total_iters": 20}),
                            ("PolynomialLR", {"total_iters": 80, "power": 2.0})], 20),
]

# Reduce on plateau reads a metric after each step.
METRICS = [round(float(1 / (1 + 0.05 * step) + 0.02 * np.cos(2.5 * step)), 6) for step in range(STEPS)]
PLATEAU_CASES = [
    ("plateau", {"mode": "min", "factor": 0.5, "patience": 3}),
    ("plateau-absolute",
     {"mode": "min", "factor": 0.1, "patience": 2, "threshold": 0.005, "threshold_mode": "abs", "min_lr": 0.0005}),
    ("plateau-cooldown", {"mode": "min", "factor": 0.5, "patience": 1, "threshold": 0.01, "cooldown": 5}),
    ("plateau-max", {"mode": "max", "factor": 0.5, "patience": 10}),
]


def defaults():
    """The defaults of each scheduler's call that has any; what PyTorch derives or has no use for is left out."""
    names = {
        "StepLR": ["gamma"], "MultiStepLR": ["gamma"], "PolynomialLR": ["power"], "CosineAnnealingLR": ["eta_min"],
        "CosineAnnealingWarmRestarts": ["T_mult", "eta_min"],
        "OneCycleLR": ["pct_start", "anneal_strategy", "div_factor", "final_div_factor", "three_phase"],
        "LinearLR": ["start_factor"],
        "ReduceLROnPlateau": ["mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr"],
    }
    for kind, arguments in names.items():
        signature = inspect.signature(getattr(schedulers, kind)).parameters
        yield {"reference": kind, "arguments": {name: signature[name].default for name in arguments}}


def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)


def rates(stepper, advance):
    """The rate that each step uses."""
    found = []
    for step in range(STEPS):
        found.append(number(stepper.param_groups[0]["lr"]))
        stepper.step()
        # After the last step OneCycleLR has no rate to give.
        if step + 1 < STEPS:
            advance(step)
    return found


def case(name, chain, milestone):
    stepper = optimizer()
    parts = [getattr(schedulers, kind)(stepper, **arguments) for kind, arguments in chain]
    scheduler = parts[0] if milestone is None else schedulers.SequentialLR(stepper, parts, [milestone])
    with warnings.catch_warnings():
        # SequentialLR calls its parts in PyTorch's own outdated way.
        warnings.simplefilter("ignore", UserWarning)
        found = rates(stepper, lambda step: scheduler.step())
    made = {"name": name, "chain": [{"reference": kind, "arguments": arguments} for kind, arguments in chain]}
    if milestone is not None:
        made["milestone"] = milestone
    return made | {"rates": found}


def plateau_case(name, arguments):
    stepper = optimizer()
    scheduler = schedulers.ReduceLROnPlateau(stepper, **arguments)
    found = rates(stepper, lambda step: scheduler.step(METRICS[step]))
    return {"name": name, "arguments": arguments, "rates": found}


def fixtures():
    yield "schedules.json", {
        "learningRate": RATE,
        "cases": [case(*row) for row in CASES],
        "metrics": METRICS,
        "plateauCases": [plateau_case(*row) for row in PLATEAU_CASES],
        "defaults": list(defaults()),
    }
