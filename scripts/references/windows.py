"""Values and gradients of what slides windows over positions, in float64 by PyTorch, whose channels come first: convolutions
over one to three axes with strides, padding on either side, dilation and groups; pooling, also of ties."""

import torch
from torch.nn import functional as F

from operations import case

CONVOLUTIONS = (F.conv1d, F.conv2d, F.conv3d)
POOLS = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


def numbers(shape, seed):
    """Numbers of one decimal, so that a file is small and ties come up."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.randint(-30, 31, shape, generator=generator).double() / 10).tolist()


class Windows:
    def __init__(self, shape, size, outputs=2, stride=None, dilation=None, before=None, after=None, groups=1):
        axes = len(size)
        self.shape, self.size, self.outputs, self.groups = shape, size, outputs, groups
        self.stride, self.dilation = stride or [1] * axes, dilation or [1] * axes
        self.before, self.after = before or [0] * axes, after or [0] * axes
        self.extents, self.channels = shape[1:-1], shape[-1]
        self.filters = [*size, self.channels // groups, outputs]
        self.counts = [
            (extent + before + after - (size - 1) * dilation - 1) // stride + 1
            for extent, before, after, size, dilation, stride in zip(
                self.extents, self.before, self.after, self.size, self.dilation, self.stride, strict=True)
        ]

    @property
    def attributes(self):
        keys = ("size", "stride", "dilation", "before", "after", "groups", "extents")
        return {key: getattr(self, key) for key in keys}

    def windows(self, channels):
        return [self.shape[0], *self.counts, channels]

    def pad(self, x, edge=0.0):
        widths = [width for pair in zip(reversed(self.before), reversed(self.after), strict=True) for width in pair]
        return F.pad(x.movedim(-1, 1), widths, value=edge)

    def convolution(self, x, filters):
        filters = filters.movedim((-1, -2), (0, 1))
        y = CONVOLUTIONS[len(self.size) - 1](
            self.pad(x), filters, stride=self.stride, dilation=self.dilation, groups=self.groups)
        return y.movedim(1, -1)

    def input_gradient(self, y, filters):
        x = torch.zeros(self.shape, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(self.convolution(x, filters), x, y, create_graph=True)[0]

    def filter_gradient(self, x, y):
        filters = torch.zeros(self.filters, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(self.convolution(x, filters), filters, y, create_graph=True)[0]

    def max_pool(self, x):
        return POOLS[len(self.size) - 1](
            self.pad(x, -torch.inf), self.size, stride=self.stride, dilation=self.dilation).movedim(1, -1)

    def max_pool_scatter(self, x, y):
        return torch.autograd.grad(self.max_pool(x), x, y, create_graph=True)[0]

    def max_pool_gather(self, x, values):
        padded = self.pad(x, -torch.inf)
        places = POOLS[len(self.size) - 1](
            padded, self.size, stride=self.stride, dilation=self.dilation, return_indices=True)[1]
        chosen = self.pad(values).flatten(2).gather(2, places.flatten(2)).reshape(places.shape)
        return (chosen + 0 * x.sum()).movedim(1, -1)

    def sums(self, x):
        """The sum of each window and channel, by a convolution with ones."""
        ones = torch.ones((x.shape[-1], 1, *self.size), dtype=torch.float64)
        return CONVOLUTIONS[len(self.size) - 1](
            self.pad(x), ones, stride=self.stride, dilation=self.dilation, groups=x.shape[-1]).movedim(1, -1)

    def mean_pool(self, x):
        return self.sums(x) / self.sums(torch.ones(self.shape, dtype=torch.float64))

    def mean_pool_scatter(self, y):
        x = torch.zeros(self.shape, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(self.mean_pool(x), x, y, create_graph=True)[0]

    def cases(self):
        result, pooled = self.windows(self.outputs), self.windows(self.channels)
        for name, function, shapes, value in (
            ("convolution", self.convolution, (self.shape, self.filters), result),
            ("convolutionInputGradient", self.input_gradient, (result, self.filters), self.shape),
            ("convolutionFilterGradient", self.filter_gradient, (self.shape, result), self.filters),
            ("maxPool", self.max_pool, (self.shape,), pooled),
            ("maxPoolScatter", self.max_pool_scatter, (self.shape, pooled), self.shape),
            ("maxPoolGather", self.max_pool_gather, (self.shape, self.shape), pooled),
            ("meanPool", self.mean_pool, (self.shape,), pooled),
            ("meanPoolScatter", self.mean_pool_scatter, (pooled,), self.shape),
        ):
            operands = [numbers(shape, seed) for seed, shape in enumerate(shapes)]
            yield case(name, function, operands, numbers(value, 9), **self.attributes)


CASES = (
    Windows([2, 7, 2], [3]),
    Windows([1, 9, 2], [2], stride=[3]),
    Windows([1, 8, 1], [3], stride=[2], dilation=[2], before=[2], after=[1]),
    Windows([1, 4, 5, 2], [3, 2], outputs=3),
    Windows([1, 5, 6, 1], [3, 3], stride=[2, 2], before=[1, 1], after=[1, 1]),
    Windows([1, 4, 5, 4], [2, 3], outputs=4, stride=[1, 2], before=[1, 0], groups=2),
    Windows([1, 4, 4, 3], [3, 3], outputs=3, before=[1, 1], after=[1, 1], groups=3),
    Windows([1, 3, 4, 3, 2], [2, 2, 2], stride=[1, 2, 1], before=[0, 1, 0], after=[0, 0, 1]),
)


def fixtures():
    yield "windows.json", {"cases": [row for windows in CASES for row in windows.cases()]}
