"""Outputs and gradients of layers in float64 by PyTorch, whose channels come first: each case has the layers of a config, its
inputs, its parameters in layout order, and what their gradients are for a cotangent of the outputs."""

import torch
from torch.nn import functional as F

from common import array
from windows import numbers


def first(x):
    """Channels first."""
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def filters(w):
    """[size, inputs, outputs] as PyTorch has them."""
    return w.movedim((-1, -2), (0, 1))


def same(x, size, stride=1):
    """Zeros at both ends of the spatial axes as "same" adds them."""
    widths = []
    for extent in reversed(x.shape[2:]):
        missing = max(0, (-(-extent // stride) - 1) * stride + size - extent)
        widths += [missing // 2, missing - missing // 2]
    return widths


def max_pool_same(x):
    return F.max_pool2d(F.pad(x, same(x, 3, 2), value=-torch.inf), 3, 2)


def mean_pool_same(x):
    ones = torch.ones_like(x)
    widths = same(x, 3, 2)
    return F.avg_pool2d(F.pad(x, widths), 3, 2) / F.avg_pool2d(F.pad(ones, widths), 3, 2)


def transposed_same(x, w):
    """Twice the extents: of 3 windows at a stride of 2 one element is cut off, behind."""
    y = F.conv_transpose2d(x, w.movedim((-1, -2), (0, 1)), stride=2)
    return y[:, :, : 2 * x.shape[2], : 2 * x.shape[3]]


def residual(x, w, b, v, c):
    return first(last(F.relu(F.conv1d(F.pad(x, (1, 1)), filters(w), b))) + last(F.conv1d(x, filters(v), c)))


# The layers, the inputs' shape, the parameters' shapes in layout order, and what they compute, channels first.
CASES = (
    ("convolution", [{"filters": 3, "kernel": 3, "stride": 2, "padding": "same", "activation": "relu"}], [2, 5, 6, 2],
     ([3, 3, 2, 3], [3]), lambda x, w, b: F.relu(F.conv2d(F.pad(x, same(x, 3, 2)), filters(w), b, stride=2))),
    ("convolution", [{"filters": 4, "kernel": [2, 3], "groups": 2, "padding": [0, 1], "useBias": False}], [1, 3, 4, 2],
     ([2, 3, 1, 4],), lambda x, w: F.conv2d(x, filters(w), padding=(0, 1), groups=2)),
    ("convolution", [{"kernel": 3, "groups": "depthwise", "dilation": 2, "activation": "tanh"}], [2, 7, 3],
     ([3, 1, 3], [3]), lambda x, w, b: torch.tanh(F.conv1d(x, filters(w), b, dilation=2, groups=3))),
    ("convolution", [{"filters": 2, "kernel": 2}], [1, 3, 3, 3, 1], ([2, 2, 2, 1, 2], [2]),
     lambda x, w, b: F.conv3d(x, filters(w), b)),
    ("transposedConvolution", [{"filters": 2, "kernel": 3, "stride": 2, "padding": 1, "outputPadding": 1}], [1, 3, 2, 3],
     ([3, 3, 2, 3], [2]),
     lambda x, w, b: F.conv_transpose2d(x, filters(w), b, stride=2, padding=1, output_padding=1)),
    ("transposedConvolution", [{"filters": 2, "kernel": 3, "stride": 2, "padding": "same"}], [1, 3, 2, 3],
     ([3, 3, 2, 3], [2]), lambda x, w, b: transposed_same(x, w) + b[:, None, None]),
    ("maxPooling", [{"size": 2}], [2, 5, 4, 3], (), lambda x: F.max_pool2d(x, 2)),
    ("maxPooling", [{"size": 3, "stride": 2, "padding": "same"}], [1, 6, 5, 2], (), max_pool_same),
    ("averagePooling", [{"size": [2, 1], "stride": 1}], [2, 3, 4, 2], (), lambda x: F.avg_pool2d(x, (2, 1), 1)),
    ("averagePooling", [{"size": 3, "stride": 2, "padding": "same"}], [1, 6, 5, 2], (), mean_pool_same),
    ("globalMaxPooling", [{}], [2, 3, 4, 2], (), lambda x: x.amax((2, 3))),
    ("globalAveragePooling", [{}], [2, 3, 4, 2], (), lambda x: x.mean((2, 3))),
    ("upsampling", [{"size": [2, 3]}], [1, 2, 3, 2], (), lambda x: F.interpolate(x, scale_factor=(2, 3))),
    ("padding", [{"before": 1, "after": [0, 2]}], [1, 2, 3, 2], (), lambda x: F.pad(x, (1, 2, 1, 0))),
    ("groupNormalization", [{"groups": 2}], [2, 2, 3, 4], ([4], [4]), lambda x, s, b: F.group_norm(x, 2, s, b)),
    ("layerNormalization", [{"axes": "all"}], [2, 2, 3], ([2, 3], [2, 3]),
     lambda x, s, b: first(F.layer_norm(last(x), (2, 3), s, b))),
    ("rmsNormalization", [{}], [3, 2, 4], ([4],), lambda x, s: first(F.rms_norm(last(x), (4,), s, 1e-5))),
    ("activation", [{"activation": "relu"}], [2, 3, 2], (), F.relu),
    ("residual",
     [{"layers": [{"type": "convolution", "filters": 3, "kernel": 3, "padding": "same", "activation": "relu"}],
       "shortcut": [{"type": "convolution", "filters": 3, "kernel": 1}]}],
     [2, 4, 2], ([3, 2, 3], [3], [1, 2, 3], [3]), residual),
    ("parallel",
     [{"branches": [{"layers": []}, {"layers": [{"type": "convolution", "filters": 1, "kernel": 1}]}]}], [2, 3, 2],
     ([1, 2, 1], [1]), lambda x, w, b: torch.cat([x, F.conv1d(x, filters(w), b)], 1)),
    ("repeat",
     [{"count": 2, "layers": [{"type": "convolution", "filters": 2, "kernel": 2, "activation": "tanh"}]}], [1, 5, 2],
     ([2, 2, 2], [2], [2, 2, 2], [2]),
     lambda x, w, b, v, c: torch.tanh(F.conv1d(torch.tanh(F.conv1d(x, filters(w), b)), filters(v), c))),
)


def cases():
    for kind, layers, shape, parameters, function in CASES:
        operands = [
            torch.tensor(numbers(each, seed), dtype=torch.float64, requires_grad=True)
            for seed, each in enumerate([shape, *parameters])
        ]
        y = function(first(operands[0]), *operands[1:])
        y = last(y) if y.dim() > 2 else y
        cotangent = torch.tensor(numbers(y.shape, 9), dtype=torch.float64)
        gradients = torch.autograd.grad(y, operands, cotangent)
        yield {
            "layers": [{"type": kind, **layer} for layer in layers], "inputs": array(operands[0]),
            "parameters": [array(each) for each in operands[1:]], "value": array(y), "cotangent": array(cotangent),
            "gradients": [array(each) for each in gradients],
        }


def batch_normalization(shape):
    """In training and in evaluation, and what a step takes off the running averages."""
    x, scale, shift, mean = (
        torch.tensor(numbers(each, seed), dtype=torch.float64, requires_grad=seed < 3)
        for seed, each in enumerate([shape, [shape[-1]], [shape[-1]], [shape[-1]]]))
    variance = mean.abs() + 0.5
    running = mean.clone(), variance.clone()
    evaluated = F.batch_norm(first(x), *running, scale, shift)
    y = F.batch_norm(first(x), *running, scale, shift, training=True, momentum=0.1)
    y, evaluated = (last(each) if x.dim() > 2 else each for each in (y, evaluated))
    cotangent = torch.tensor(numbers(y.shape, 9), dtype=torch.float64)
    return {
        "inputs": array(x), "parameters": [array(each) for each in (scale, shift, mean, variance)], "value": array(y),
        "evaluated": array(evaluated), "cotangent": array(cotangent),
        "gradients": [array(each) for each in torch.autograd.grad(y, (x, scale, shift), cotangent)],
        "changes": [array(mean - running[0]), array(variance - running[1])],
    }


def fixtures():
    yield "layers.json", {
        "cases": list(cases()),
        "batchNormalization": [batch_normalization(shape) for shape in ([5, 3], [2, 3, 2], [2, 2, 3, 2])],
    }
