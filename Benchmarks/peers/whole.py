#!/usr/bin/env python3
"""A whole training by what a user would train with instead: reads the trainer's own config, trains, measures, saves a model.

usage: whole.py {torch,jax,sklearn} CONFIG --output FILE [--seed N] [--target ACCURACY]

Understood are inputs that are scaled or standardized, dense layers, convolutions and pooling of images, ReLU, dropout, softmax
cross-entropy with label smoothing, SGD with momentum, AdamW, and a constant or cosine rate with a warm-up or one cycle. The test
group is measured after every epoch, as the trainer does it; with --target training ends as soon as its accuracy is reached.

Each peer has what is fastest with it on a CPU: PyTorch's images have their channels last in memory and its optimizers are the
fused ones; JAX trains an epoch as one scan, and a convolution is a product of patches there, which are slices, because XLA's
own is several times slower. Their weights start as the trainer's do. scikit-learn has dense layers and SGD only.
Prints one JSON object; "measured" holds the accuracy after each epoch and the seconds since the program began. Exit code 3 if the
peer, h5py or numpy is not installed.
"""
import argparse
import functools
import json
import math
import sys
import time
from pathlib import Path

BEGIN = time.perf_counter()
# The layers, and what may be set in each.
LAYERS = {
    "reshape": {"shape"}, "convolution": {"filters", "kernel", "stride", "padding", "activation"}, "maxPooling": {"size"},
    "dense": {"units", "activation"}, "dropout": {"rate"},
}


class Recipe:
    """What a config asks for."""

    def __init__(self, path, seed, target):
        config = json.loads(Path(path).read_text())
        self.seed = config.get("seed", 0) if seed is None else seed
        self.target = target
        self.data = Path(path).resolve().parent / config["data"]["path"]
        self.preprocessing = config["data"].get("preprocessing", [])
        for step in self.preprocessing:
            know(step, *(("standardize",) if step["type"] == "standardize" else ("scale", "factor", "offset")))
        self.layers = config["model"]["layers"]
        for layer in self.layers:
            require(layer["type"] in LAYERS, layer)
            know(layer, layer["type"], *LAYERS[layer["type"]])
            require(layer.get("activation", "relu") == "relu" and layer.get("padding", "valid") in ("valid", "same"), layer)
        optimizer, schedule, loss = config["optimizer"], config.get("schedule", {"type": "constant"}), config["loss"]
        know(loss, "softmaxCrossEntropy", "labelSmoothing")
        self.smoothing = loss.get("labelSmoothing", 0)
        self.is_adam = optimizer["type"] == "adamw"
        know(optimizer, *(("adamw", "weightDecay") if self.is_adam else ("sgd", "momentum", "nesterov")), "learningRate")
        self.rate, self.momentum = optimizer["learningRate"], optimizer.get("momentum", 0)
        self.is_nesterov, self.decay = optimizer.get("nesterov", False), optimizer.get("weightDecay", 0.01)
        require(schedule["type"] in ("constant", "cosine", "oneCycle"), schedule)
        know(schedule, schedule["type"], *(("rise", "annealing") if schedule["type"] == "oneCycle" else ("warmup",)))
        self.schedule, self.warmup = schedule, schedule.get("warmup", {"epochs": 0})
        self.epochs, self.batch = config["training"]["epochs"], config["training"]["batchSize"]
        self.measured = []

    def samples(self):
        """Inputs and targets of the training and the test group."""
        import h5py
        import numpy as np

        with h5py.File(self.data) as file:
            groups = [(file[f"{group}/inputs"][:], file[f"{group}/targets"][:].astype(np.int64)) for group in ("train", "test")]
        x, test_x = (inputs.reshape(len(inputs), -1).astype(np.float32) for inputs, _ in groups)
        for step in self.preprocessing:
            if step["type"] == "scale":
                factor, offset = np.float32(step.get("factor", 1)), np.float32(step.get("offset", 0))
            else:
                mean, deviation = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
                deviation[deviation == 0] = 1
                factor, offset = (1 / deviation).astype(np.float32), (-mean / deviation).astype(np.float32)
            x, test_x = x * factor + offset, test_x * factor + offset
        return (x, groups[0][1]), (test_x, groups[1][1])

    def rate_at(self, step, per_epoch):
        steps, type = self.epochs * per_epoch, self.schedule["type"]
        if type == "oneCycle":
            top, last = self.schedule.get("rise", 0.3) * steps - 1, steps - 1
            rises = step <= top
            share = step / top if rises and top > 0 else (step - top) / (last - top)
            if self.schedule.get("annealing", "cosine") == "cosine":
                share = (1 - math.cos(math.pi * share)) / 2
            first, final = (1 / 25, 1) if rises else (1, 1 / 25 / 10000)
            return self.rate * (first + (final - first) * share)
        warm = self.warmup["epochs"] * per_epoch if "epochs" in self.warmup else self.warmup["steps"]
        start = self.warmup.get("start", 1 / 3)
        if step < warm:
            return self.rate * (start + (1 - start) * step / warm)
        share = (step - warm) / (steps - warm)
        return self.rate * (1 + math.cos(math.pi * share)) / 2 if type == "cosine" else self.rate

    def is_reached(self, accuracy):
        """Notes the accuracy after an epoch; whether training is to end."""
        self.measured.append([round(accuracy, 4), round(time.perf_counter() - BEGIN, 3)])
        return self.target is not None and accuracy >= self.target

    def shapes(self, pixels):
        """The layers, each with the shape of a sample before it, and of a convolution the zeros before and after both axes."""
        shape, found = (pixels,), []
        for layer in self.layers:
            type, before, zeros = layer["type"], shape, None
            if type == "reshape":
                shape = tuple(layer["shape"])
            elif type == "dense":
                shape = (layer["units"],)
            elif type != "dropout":
                require(len(shape) == 3, f"layer {layer} on {shape}")
                size = layer["kernel"] if type == "convolution" else layer["size"]
                stride = layer.get("stride", 1) if type == "convolution" else size
                axes = [windows(extent, size, stride, layer.get("padding", "valid")) for extent in shape[:2]]
                zeros = [axis[1:] for axis in axes]
                shape = (axes[0][0], axes[1][0], layer.get("filters", shape[2]))
            found.append((layer, before, zeros))
        return found


def first_bound(layer, inputs, units):
    """How far from zero weights start at most: He's bound before ReLU, Glorot's before nothing; biases start from zero."""
    return math.sqrt(6 / inputs if "activation" in layer else 6 / (inputs + units))


def windows(extent, size, stride, padding):
    """How many windows an axis has, and how many zeros come before and after it."""
    if padding == "valid":
        return (extent - size) // stride + 1, 0, 0
    count = -(-extent // stride)
    zeros = max(0, (count - 1) * stride + size - extent)
    return count, zeros // 2, zeros - zeros // 2


def know(settings, type, *keys):
    """Leaves off with an error if a part of the config is another, or has a setting that is none of these."""
    require(settings["type"] == type and not settings.keys() - {"type", *keys}, settings)


def require(holds, what):
    if not holds:
        sys.exit(f"error: whole.py does not know this: {what}")


def run_torch(recipe, output):
    import torch
    from torch import nn

    torch.manual_seed(recipe.seed)
    (x, y), (test_x, test_y) = (map(torch.from_numpy, group) for group in recipe.samples())

    class View(nn.Module):
        """The same numbers in another shape."""

        def __init__(self, of):
            super().__init__()
            self.forward = of

    def images(shape):
        return View(lambda x: x.view(-1, *shape).permute(0, 3, 1, 2))

    parts = []
    for layer, shape, zeros in recipe.shapes(x.shape[1]):
        type = layer["type"]
        if type == "reshape":
            parts.append(images(layer["shape"]))
        elif type == "convolution":
            (top, bottom), (left, right) = zeros
            is_even = top == bottom and left == right
            parts += [] if is_even else [nn.ZeroPad2d((left, right, top, bottom))]
            parts.append(nn.Conv2d(
                shape[2], layer["filters"], layer["kernel"], layer.get("stride", 1), (top, left) if is_even else 0))
        elif type == "maxPooling":
            parts.append(nn.MaxPool2d(layer["size"]))
        elif type == "dropout":
            parts.append(nn.Dropout(layer["rate"]))
        else:
            parts += [View(lambda x: x.permute(0, 2, 3, 1).flatten(1))] if len(shape) > 1 else []
            parts.append(nn.Linear(math.prod(shape), layer["units"]))
        if type in ("convolution", "dense"):
            weight, bias = parts[-1].parameters()
            bound = first_bound(layer, weight[0].numel(), len(weight))
            nn.init.uniform_(weight, -bound, bound)
            nn.init.zeros_(bias)
        parts += [nn.ReLU()] if "activation" in layer else []
    network = nn.Sequential(*parts).to(memory_format=torch.channels_last)
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    if recipe.is_adam:
        optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    else:
        optimizer = torch.optim.SGD(
            network.parameters(), lr=recipe.rate, momentum=recipe.momentum, nesterov=recipe.is_nesterov, fused=True)
    per_epoch, step = -(-len(x) // recipe.batch), 0
    for epoch in range(recipe.epochs):
        network.train()
        for batch in torch.randperm(len(x)).split(recipe.batch):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate_at(step, per_epoch)
            optimizer.zero_grad()
            loss(network(x[batch]), y[batch]).backward()
            optimizer.step()
            step += 1
        network.eval()
        with torch.no_grad():
            accuracy = (network(test_x).argmax(1) == test_y).double().mean().item()
        if recipe.is_reached(accuracy):
            break
    torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, output)
    return torch.__version__


def run_jax(recipe, output):
    import jax
    import jax.numpy as jnp
    import numpy as np

    (x, y), (test_x, test_y) = (map(jnp.asarray, group) for group in recipe.samples())
    random, weights, shapes = np.random.default_rng(recipe.seed), [], recipe.shapes(x.shape[1])
    for layer, shape, _ in shapes:
        if layer["type"] in ("convolution", "dense"):
            # A convolution's weight is that of the product of its patches.
            inputs = shape[2] * layer["kernel"] ** 2 if layer["type"] == "convolution" else math.prod(shape)
            units = layer.get("filters") or layer["units"]
            bound = first_bound(layer, inputs, units)
            weights.append((random.uniform(-bound, bound, (inputs, units)).astype(np.float32), np.zeros(units, np.float32)))
    zeros = jax.tree.map(np.zeros_like, weights)
    state = (zeros, zeros, np.float32(0)) if recipe.is_adam else zeros

    def slices(x, size, stride):
        """The first element of each window, the second, and so on."""
        ends = [extent - size for extent in x.shape[1:3]]
        return [x[:, row : row + ends[0] + 1 : stride, column : column + ends[1] + 1 : stride]
                for row in range(size) for column in range(size)]

    def logits(weights, x, key=None):
        products = iter(weights)
        for number, (layer, _, padding) in enumerate(shapes):
            if layer["type"] == "reshape":
                x = x.reshape(-1, *layer["shape"])
            elif layer["type"] == "maxPooling":
                x = functools.reduce(jnp.maximum, slices(x, layer["size"], layer["size"]))
            elif layer["type"] == "dropout":
                if key is not None:
                    kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - layer["rate"], x.shape)
                    x = jnp.where(kept, x / (1 - layer["rate"]), 0)
            else:
                weight, bias = next(products)
                if layer["type"] == "convolution":
                    x = jnp.pad(x, ((0, 0), *padding, (0, 0)))
                    x = jnp.concatenate(slices(x, layer["kernel"], layer.get("stride", 1)), -1)
                else:
                    x = x.reshape(len(x), -1)
                x = x @ weight + bias
            x = jnp.maximum(x, 0) if "activation" in layer else x
        return x

    def loss(weights, x, y, key):
        z = logits(weights, x, key)
        wanted = (1 - recipe.smoothing) * jnp.take_along_axis(z, y[:, None], 1)[:, 0] + recipe.smoothing * z.mean(1)
        return jnp.mean(jax.nn.logsumexp(z, 1) - wanted)

    def sgd(weights, velocity, gradient, rate):
        velocity = jax.tree.map(lambda v, g: recipe.momentum * v + g, velocity, gradient)
        change = velocity
        if recipe.is_nesterov:
            change = jax.tree.map(lambda v, g: g + recipe.momentum * v, velocity, gradient)
        return jax.tree.map(lambda w, c: w - rate * c, weights, change), velocity

    def adamw(weights, state, gradient, rate):
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[0], gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state[1], gradient)
        step = state[2] + 1
        ones, twos = 1 - 0.9**step, 1 - 0.999**step
        return jax.tree.map(
            lambda w, m, v: w - rate * (m / ones / (jnp.sqrt(v / twos) + 1e-8) + recipe.decay * w), weights, first,
            second), (first, second, step)

    @jax.jit
    def train(weights, state, x, y, order, rates, keys):
        def step(carry, now):
            weights, state = carry
            batch, rate, key = now
            gradient = jax.grad(loss)(weights, x[batch], y[batch], key)
            return (adamw if recipe.is_adam else sgd)(weights, state, gradient, rate), None

        return jax.lax.scan(step, (weights, state), (order, rates, keys))[0]

    @jax.jit
    def measure(weights, x, y):
        return jnp.mean(jnp.argmax(logits(weights, x), 1) == y)

    # Whole batches only: one of another size would be compiled for itself.
    per_epoch = len(x) // recipe.batch
    for epoch in range(recipe.epochs):
        order = random.permutation(len(x))[: per_epoch * recipe.batch].reshape(per_epoch, recipe.batch)
        rates = np.array([recipe.rate_at(epoch * per_epoch + step, per_epoch) for step in range(per_epoch)], np.float32)
        keys = jax.random.split(jax.random.PRNGKey(recipe.seed * 1000 + epoch), per_epoch)
        weights, state = train(weights, state, x, y, order, rates, keys)
        accuracy = float(measure(weights, test_x, test_y))
        if recipe.is_reached(accuracy):
            break
    leaves = jax.tree.leaves((weights, state))
    np.savez(output, *leaves)
    return jax.__version__


def run_sklearn(recipe, output):
    import warnings

    import joblib
    import sklearn
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    plain = not (recipe.is_adam or recipe.smoothing or recipe.is_nesterov) and recipe.schedule == {"type": "constant"}
    require(plain and all(layer["type"] == "dense" for layer in recipe.layers), "other than dense layers and SGD in scikit-learn")
    (x, y), (test_x, test_y) = recipe.samples()
    network = MLPClassifier(
        [layer["units"] for layer in recipe.layers[:-1]], solver="sgd", batch_size=recipe.batch, alpha=0,
        learning_rate_init=recipe.rate, momentum=recipe.momentum, nesterovs_momentum=False, random_state=recipe.seed)
    for epoch in range(recipe.epochs):
        network.partial_fit(x, y, classes=range(recipe.layers[-1]["units"]))
        accuracy = float(network.score(test_x, test_y))
        if recipe.is_reached(accuracy):
            break
    joblib.dump(network, output)
    return sklearn.__version__


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["torch", "jax", "sklearn"])
    parser.add_argument("config")
    parser.add_argument("--output", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--target", type=float)
    chosen = parser.parse_args()
    try:
        recipe = Recipe(chosen.config, chosen.seed, chosen.target)
        version = globals()["run_" + chosen.peer](recipe, chosen.output)
    except ImportError as missing:
        print(f"{chosen.peer}: {missing}", file=sys.stderr)
        return 3
    print(json.dumps({
        "peer": chosen.peer, "version": version, "epochs": len(recipe.measured), "accuracy": recipe.measured[-1][0],
        "measured": recipe.measured}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
