"""Values and gradients of operations in float64 by PyTorch, also at kinks, ties and the ends of the range."""

import itertools
import re

import torch
from torch.nn import functional as F

from common import ROOT, array

# Also the kinks of the piecewise functions and large magnitudes. Between 20 and 37 PyTorch's softplus is x itself,
# off by up to 2e-9; no point lies there.
ANY = [-800.0, -40.0, -3.0, -1.5, -1.0, -0.5, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.5, 1.0, 1.5, 2.0, 3.0, 6.0, 40.0, 800.0]
MODERATE = [value for value in ANY if abs(value) <= 40]
POSITIVE = [0.0, 1e-300, 1e-9, 0.25, 1.0, 2.0, 10.0, 1e9, 1e300]

UNARY = {
    "negate": (torch.neg, ANY),
    "exp": (torch.exp, ANY),
    "expm1": (torch.expm1, ANY),
    "log": (torch.log, POSITIVE),
    "log1p": (torch.log1p, [-1.0, -0.5, -1e-9, *POSITIVE]),
    "sqrt": (torch.sqrt, POSITIVE),
    "rsqrt": (torch.rsqrt, POSITIVE),
    "abs": (torch.abs, ANY),
    "sign": (torch.sign, ANY),
    "sin": (torch.sin, MODERATE),
    "cos": (torch.cos, MODERATE),
    "tanh": (torch.tanh, ANY),
    "sigmoid": (torch.sigmoid, ANY),
    "softplus": (F.softplus, ANY),
    "erf": (torch.erf, ANY),
    "relu": (F.relu, ANY),
    "leakyRelu": (lambda x: F.leaky_relu(x, 0.01), ANY),
    "elu": (lambda x: F.elu(x, 1.0), ANY),
    "gelu": (F.gelu, ANY),
    "geluTanh": (lambda x: F.gelu(x, approximate="tanh"), ANY),
    "silu": (F.silu, ANY),
    "hardSwish": (F.hardswish, ANY),
    "mish": (F.mish, ANY),
    "clip": (lambda x: torch.clamp(x, -1.0, 1.5), ANY),
}
UNARY_ATTRIBUTES = {"leakyRelu": {"slope": 0.01}, "elu": {"alpha": 1.0}, "clip": {"minimum": -1.0, "maximum": 1.5}}

PAIRS = list(itertools.product([-2.0, -0.5, 0.0, 1.0, 1.5, 30.0], repeat=2))
NONZERO_DIVISORS = [(x, y) for x, y in PAIRS if y != 0]
# Negative bases to whole powers, zero to powers from 0 up, positive bases to any power.
POWERS = [(x, y) for x in (0.0, 0.5, 1.0, 2.5) for y in (0.0, 0.5, 1.0, 2.0, 3.0)]
POWERS += [(x, y) for x in (0.5, 1.0, 2.5) for y in (-2.0, -0.5)]
POWERS += [(x, y) for x in (-2.0, -0.5) for y in (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)]

BINARY = {
    "add": (torch.add, PAIRS),
    "subtract": (torch.sub, PAIRS),
    "multiply": (torch.mul, PAIRS),
    "divide": (torch.div, NONZERO_DIVISORS),
    "power": (torch.pow, POWERS),
    "minimum": (torch.minimum, PAIRS),
    "maximum": (torch.maximum, PAIRS),
    "where": (lambda x, y: torch.where(x > 0, x * y, y - x), PAIRS),
}

ROWS = [[1.0, 3.0, 3.0, -2.0], [0.5, 0.5, 0.5, 0.5], [-1.0, -4.0, 2.0, -4.0]]
HUGE_ROWS = [[1e4, -1e4, 0.0, 1e4], [-1e4, -1e4, -1e4, -1e4], [1e4, 1e4 - 1, 0.0, -1e4]]
# The gradient that comes from above, so that the rows of a Jacobian are told apart.
ROW_COTANGENT = [1.0, -0.5, 2.0]
COTANGENT = [[1.0, -2.0, 0.5, 3.0], [0.25, 1.0, -1.0, 2.0], [-0.5, 0.0, 1.5, 1.0]]

REDUCTIONS = {
    "sum": lambda x: x.sum(dim=1),
    "mean": lambda x: x.mean(dim=1),
    "max": lambda x: x.amax(dim=1),
    "min": lambda x: x.amin(dim=1),
    "logSumExp": lambda x: torch.logsumexp(x, dim=1),
    "variance": lambda x: x.var(dim=1, correction=0),
}


def tensor(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def case(operation, function, inputs, cotangent=None, **attributes):
    """One row: the value of a function of tensors, and for each of them the gradient that pulls the cotangent back."""
    tensors = [tensor(values) for values in inputs]
    value = function(*tensors)
    upstream = torch.ones_like(value) if cotangent is None else tensor(cotangent).detach()
    gradients = torch.autograd.grad(value, tensors, upstream, allow_unused=True, materialize_grads=True)
    return {
        "operation": operation, "attributes": attributes, "inputs": [array(x) for x in tensors],
        "cotangent": array(upstream), "value": array(value), "gradients": [array(g) for g in gradients],
    }


def cases():
    for name, (function, points) in UNARY.items():
        yield case(name, function, [points], **UNARY_ATTRIBUTES.get(name, {}))
    for name, (function, pairs) in BINARY.items():
        yield case(name, function, [list(values) for values in zip(*pairs, strict=True)])
    for name, function in (("add", torch.add), ("multiply", torch.mul), ("maximum", torch.maximum)):
        yield case(name, function, [ROWS, [0.5, 3.0, -1.0, -2.0]], COTANGENT)
        yield case(name, function, [[[1.0], [0.5], [-4.0]], [[1.0, 0.5, -4.0, 2.0]]], COTANGENT)
        yield case(name, function, [ROWS, 0.5], COTANGENT)
    for name, function in REDUCTIONS.items():
        yield case(name, function, [ROWS], ROW_COTANGENT, axis=1)
    for rows in (ROWS, HUGE_ROWS):
        classes = [index * 2 % len(rows[0]) for index in range(len(rows))]
        labels = torch.tensor(classes)
        yield case("crossEntropy", lambda x: F.cross_entropy(x, labels, reduction="none"), [rows],
                   [1.5, -0.5, 2.0][:len(rows)], classes=classes)
        yield case("softmaxResidual", lambda x: torch.softmax(x, dim=1) - F.one_hot(labels, x.shape[1]), [rows],
                   COTANGENT, classes=classes)
        yield case("softmax", lambda x: torch.softmax(x, dim=1), [rows], COTANGENT, axis=1)
        yield case("logSoftmax", lambda x: torch.log_softmax(x, dim=1), [rows], COTANGENT, axis=1)
    yield case("logSumExp", lambda x: torch.logsumexp(x, dim=1), [HUGE_ROWS], ROW_COTANGENT, axis=1)
    yield case("layerNormalization", lambda x, scale, shift: F.layer_norm(x, (4,), scale, shift, 1e-5),
               [ROWS, [1.0, 0.5, -2.0, 1.5], [0.1, 0.0, -0.3, 0.2]], COTANGENT, epsilon=1e-5)
    yield case("prelu", F.prelu, [ROWS, [0.25, -0.5, 0.0, 1.5]], COTANGENT)
    yield case("matmul", torch.matmul,
               [[[1.0, -2.0], [0.5, 3.0], [0.0, -1.5]], [[2.0, 1.0, -1.0, 0.25], [0.5, -3.0, 4.0, 1.0]]], COTANGENT)


# The rest by the formulas that users write, with a, b, c for the operands: name, formula, function, operands. What has no
# derivative, such as a comparison, gets zero gradients by adding 0 to it.
CUBE = [[[1.0, -2.0], [0.5, 3.0], [2.0, 0.25]], [[-1.0, 4.0], [0.75, -0.5], [1.5, -3.0]]]
MATRIX = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]]
VECTOR = [0.5, -1.5, 2.0]
TIED = [[1.0, 3.0, 3.0], [3.0, -2.0, 1.0]]
LABELS = torch.tensor([2, 0, 1, 2])
EMPTY = torch.zeros((2, 0), dtype=torch.float64)


def without_gradient(value, *operands):
    return value.double() + sum(0 * x.sum() for x in operands)


FORMULAS = [
    ("square", "square(a)", torch.square, [MODERATE]),
    ("reciprocal", "reciprocal(a)", torch.reciprocal, [POSITIVE]),
    ("equal", "a == b", lambda a, b: without_gradient(a == b, a, b), [TIED, VECTOR]),
    ("notEqual", "a != b", lambda a, b: without_gradient(a != b, a, b), [TIED, [3.0, 3.0, 1.0]]),
    ("less", "a < b", lambda a, b: without_gradient(a < b, a, b), [TIED, [3.0, 3.0, 1.0]]),
    ("lessOrEqual", "a <= b", lambda a, b: without_gradient(a <= b, a, b), [TIED, [3.0, 3.0, 1.0]]),
    ("greater", "a > b", lambda a, b: without_gradient(a > b, a, b), [TIED, [3.0, 3.0, 1.0]]),
    ("greaterOrEqual", "a >= b", lambda a, b: without_gradient(a >= b, a, b), [TIED, [3.0, 3.0, 1.0]]),
    ("broadcast", "broadcast_to(a, (2, 3))", lambda a: torch.broadcast_to(a, (2, 3)), [VECTOR]),
    ("broadcast", "broadcast_to(a, (4, 2, 3))", lambda a: torch.broadcast_to(a, (4, 2, 3)), [[[1.0], [-2.0]]]),
    ("power", "a^b", torch.pow, [[[0.5], [2.0]], [1.0, -1.5, 0.0]]),
    ("where", "where(a > 0, a, b)", lambda a, b: torch.where(a > 0, a, b), [MATRIX, VECTOR]),
    ("minimum", "minimum(a, b)", torch.minimum, [TIED, [3.0, 3.0, 1.0]]),
    ("clip", "clip(a, -1, b)", lambda a, b: torch.clamp(a, torch.tensor(-1.0).double(), b), [MATRIX, [1.0, 1.0, -0.5]]),
    ("clip", "clip(a, min=-1)", lambda a: torch.clamp(a, min=-1.0), [MATRIX]),
    ("clip", "clip(a, max=3)", lambda a: torch.clamp(a, max=3.0), [MATRIX]),
    ("clip", "clip(a, 1, -1)", lambda a: torch.clamp(a, 1.0, -1.0), [MATRIX]),
    ("clip", "clip(a, -pi / pi, 2 - 1)", lambda a: torch.clamp(a, -1.0, 1.0), [MATRIX]),
    ("clip", "clip(a, min=b)", lambda a, b: torch.clamp(a, min=b), [MATRIX, [1.0, -3.0, -1.0]]),
    ("clip", "clip(a, b, c)", torch.clamp, [MATRIX, [-3.0, -2.0, -1.0], [1.0, 0.0, 0.5]]),
    ("clip", "clip(a, b, c)", torch.clamp, [MATRIX, [2.0, 0.5, 1.0], [1.0, -2.0, -1.0]]),
    ("sum", "sum(a)", torch.sum, [CUBE]),
    ("sum", "sum(a, axis=(0, 2))", lambda a: a.sum(dim=(0, 2)), [CUBE]),
    ("mean", "mean(a, axis=1, keepdims=true)", lambda a: a.mean(dim=1, keepdim=True), [CUBE]),
    ("max", "max(a)", torch.amax, [TIED]),
    ("max", "max(a, axis=(0, 1))", lambda a: a.amax(dim=(0, 1)), [CUBE]),
    ("min", "min(a, axis=0)", lambda a: a.amin(dim=0), [[[1.0, 3.0, 3.0], [1.0, -2.0, 3.0]]]),
    ("variance", "var(a, axis=0, ddof=1)", lambda a: a.var(dim=0, correction=1), [CUBE]),
    ("logSumExp", "logsumexp(a, axis=(0, 2))", lambda a: torch.logsumexp(a, dim=(0, 2)), [CUBE]),
    ("softmax", "softmax(a, axis=0)", lambda a: torch.softmax(a, dim=0), [CUBE]),
    ("logSoftmax", "log_softmax(a, axis=1)", lambda a: torch.log_softmax(a, dim=1), [CUBE]),
    ("argmax", "argmax(a, axis=1)", lambda a: without_gradient(a.argmax(dim=1), a), [[[1.0, 3.0, 2.0], [4.0, -2.0, 1.0]]]),
    ("matmul", "a @ b", torch.matmul, [VECTOR, [1.0, -2.0, 4.0]]),
    ("matmul", "a @ b", torch.matmul, [MATRIX, VECTOR]),
    ("matmul", "a @ b", torch.matmul, [[0.5, 2.0], MATRIX]),
    ("matmul", "a @ b", torch.matmul, [CUBE, MATRIX]),
    ("matmul", "a @ b", torch.matmul, [VECTOR, CUBE]),
    ("matmul", "matmul(a, b)", torch.matmul, [[[[1.0, 2.0]], [[-1.0, 0.5]]], CUBE[0][:2]]),
    ("transpose", "transpose(a)", lambda a: a.permute(2, 1, 0), [CUBE]),
    ("transpose", "transpose(a, (1, 2, 0))", lambda a: a.permute(1, 2, 0), [CUBE]),
    ("reshape", "reshape(a, (4, -1))", lambda a: a.reshape(4, -1), [CUBE]),
    ("slice", "a[1, :2]", lambda a: a[1, :2], [CUBE]),
    ("slice", "a[:, -1, ::-1]", lambda a: a[:, -1].flip(1), [CUBE]),
    ("slice", "a[:, 2::-2]", lambda a: a[:, ::2].flip(1), [CUBE]),
    ("pad", "pad(a, [(1, 0), (0, 2)])", lambda a: F.pad(a, (0, 2, 1, 0)), [MATRIX]),
    ("concatenate", "concatenate([a, b, a], axis=1)", lambda a, b: torch.cat([a, b, a], dim=1), [MATRIX, [[7.0], [8.0]]]),
    ("stack", "stack([a, b])", lambda a, b: torch.stack([a, b]), [VECTOR, [3.0, 4.0, 5.0]]),
    ("gather", "take(a, [2, 0, 1, 2], axis=1)", lambda a: a.index_select(1, LABELS), [MATRIX]),
    ("gather", "a[[2, 0, 1, 2]]", lambda a: a[LABELS], [VECTOR]),
    ("scatterAdd", "scatter_add(a, [2, 0, 1, 2], 4)",
     lambda a: torch.zeros(4, dtype=torch.float64).index_add(0, LABELS, a), [[1.0, -2.0, 3.0, 0.5]]),
    ("oneHot", "one_hot([2, 0, 1, 2], 3) * a", lambda a: F.one_hot(LABELS, 3) * a, [VECTOR]),
    ("stopGradient", "a * stop_gradient(a)", lambda a: a * a.detach(), [VECTOR]),
    # Empty axes.
    ("sum", "sum(a, axis=1)", lambda a: a.sum(dim=1), [EMPTY]),
    ("mean", "mean(a, axis=1)", lambda a: a.mean(dim=1), [EMPTY]),
    ("variance", "var(a, axis=1)", lambda a: a.var(dim=1, correction=0), [EMPTY]),
    ("logSumExp", "logsumexp(a, axis=1)", lambda a: torch.logsumexp(a, dim=1), [EMPTY]),
    ("max", "max(a, axis=0)", lambda a: a.amax(dim=0), [EMPTY]),
    ("softmax", "softmax(a, axis=1)", lambda a: torch.softmax(a, dim=1), [EMPTY]),
    ("matmul", "a @ transpose(a)", lambda a: a @ a.T, [EMPTY]),
    ("add", "a + b", torch.add, [EMPTY, [[1.0], [2.0]]]),
]


def formula_cases():
    for name, formula, function, operands in FORMULAS:
        operands = [x.tolist() if isinstance(x, torch.Tensor) else x for x in operands]
        upstream = [1.0, -0.5, 2.0, 0.25, 3.0, -1.5, 0.75]
        shape = function(*(tensor(x) for x in operands)).shape
        count = shape.numel()
        cotangent = torch.tensor((upstream * (count // 7 + 1))[:count], dtype=torch.float64).reshape(shape)
        yield case(name, function, operands, cotangent.tolist(), formula=formula)


# Element-wise operations that nothing above names are PyTorch's functions of their names, at points where they are
# defined: both by the tables of docs/operations.md, which a test compares with the code.
DOMAINS = {
    "all": ANY,
    "not 0": [value for value in ANY if value != 0],
    "above 0": POSITIVE,
    "above -1": [-0.5, -1e-9, *POSITIVE],
    # The tangent has values between the other poles too.
    "between -pi/2 and pi/2": ANY,
    "between -1 and 1": [-1.0, -0.99, -0.5, -1e-9, 0.0, 1e-9, 1e-3, 0.25, 0.8, 1.0],
}


def documented():
    """The element-wise operations as (name, number of operands, what they may be)."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name, operands, domain in re.findall(r"^\| `(\w+)` \| `\w+\((.*?)\)` \|.* \| ([^|]+) \|$", page, re.MULTILINE):
        if domain in DOMAINS:
            yield name, len(operands.split(",")), domain


def sampled_cases():
    named = {*UNARY, *BINARY, *(name for name, *_ in FORMULAS)}
    for name, count, domain in documented():
        if name in named:
            continue
        function = getattr(torch, name, None) or getattr(torch.special, name, None)
        if function is None:
            raise SystemExit(f"PyTorch has no function '{name}': give the operation a line in operations.py")
        points = DOMAINS[domain]
        inputs = [points] if count == 1 else [list(x) for x in zip(*itertools.product(points, repeat=2), strict=True)]
        yield case(name, function, inputs)


def fixtures():
    yield "operations.json", {"cases": [*cases(), *formula_cases(), *sampled_cases()]}
