#!/usr/bin/env python3
"""A whole training by what a user would train with instead: reads the trainer's own config, trains, measures, saves a model.

usage: whole.py {torch,jax,sklearn} CONFIG --output FILE [--seed N] [--target ACCURACY]

Understood are inputs that are scaled or standardized, dense layers with ReLU, dropout, softmax cross-entropy with label
smoothing, SGD with momentum, AdamW, and a constant or cosine rate with a warm-up. The test group is measured after every epoch, as
the trainer does it; with --target training ends as soon as its accuracy is reached.
Prints one JSON object. Exit code 3 if the peer, h5py or numpy is not installed.
"""
import argparse
import json
import math
import sys
from pathlib import Path


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
        self.layers = []  # (units, ReLU or not) or a dropout rate
        for layer in config["model"]["layers"]:
            if layer["type"] == "dropout":
                self.layers.append(layer["rate"])
            else:
                require(layer["type"] == "dense", f"layer {layer}")
                require(layer.get("activation", "relu") == "relu", f"layer {layer}")
                self.layers.append((layer["units"], "activation" in layer))
        optimizer, schedule, loss = config["optimizer"], config.get("schedule", {"type": "constant"}), config["loss"]
        know(loss, "softmaxCrossEntropy", "labelSmoothing")
        self.smoothing = loss.get("labelSmoothing", 0)
        self.is_adam = optimizer["type"] == "adamw"
        know(optimizer, *(("adamw", "weightDecay") if self.is_adam else ("sgd", "momentum")), "learningRate")
        self.rate, self.momentum = optimizer["learningRate"], optimizer.get("momentum", 0)
        self.decay = optimizer.get("weightDecay", 0.01)
        self.is_cosine = schedule["type"] == "cosine"
        know(schedule, "cosine" if self.is_cosine else "constant", "warmup")
        self.warmup = schedule.get("warmup", {"epochs": 0})
        self.epochs, self.batch = config["training"]["epochs"], config["training"]["batchSize"]

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
        warm = self.warmup["epochs"] * per_epoch if "epochs" in self.warmup else self.warmup["steps"]
        start = self.warmup.get("start", 1 / 3)
        if step < warm:
            return self.rate * (start + (1 - start) * step / warm)
        share = (step - warm) / (self.epochs * per_epoch - warm)
        return self.rate * (1 + math.cos(math.pi * share)) / 2 if self.is_cosine else self.rate


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
    parts, width = [], x.shape[1]
    for layer in recipe.layers:
        if isinstance(layer, float):
            parts.append(nn.Dropout(layer))
        else:
            parts += [nn.Linear(width, layer[0])] + [nn.ReLU()] * layer[1]
            width = layer[0]
    network, loss = nn.Sequential(*parts), nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    if recipe.is_adam:
        optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=recipe.rate, momentum=recipe.momentum)
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
        if recipe.target and accuracy >= recipe.target:
            break
    torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, output)
    return torch.__version__, epoch + 1, accuracy


def run_jax(recipe, output):
    import jax
    import jax.numpy as jnp
    import numpy as np

    (x, y), (test_x, test_y) = (map(jnp.asarray, group) for group in recipe.samples())
    random, weights, width = np.random.default_rng(recipe.seed), [], x.shape[1]
    for layer in recipe.layers:
        if not isinstance(layer, float):
            bound = 1 / math.sqrt(width)
            weights.append((random.uniform(-bound, bound, (width, layer[0])).astype(np.float32),
                            np.zeros(layer[0], np.float32)))
            width = layer[0]
    zeros = jax.tree.map(np.zeros_like, weights)
    state = (zeros, zeros, np.float32(0)) if recipe.is_adam else zeros

    def logits(weights, x, key=None):
        dense = iter(weights)
        for number, layer in enumerate(recipe.layers):
            if isinstance(layer, float):
                if key is not None:
                    kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - layer, x.shape)
                    x = jnp.where(kept, x / (1 - layer), 0)
            else:
                weight, bias = next(dense)
                x = x @ weight + bias
                x = jnp.maximum(x, 0) if layer[1] else x
        return x

    def loss(weights, x, y, key):
        z = logits(weights, x, key)
        wanted = (1 - recipe.smoothing) * jnp.take_along_axis(z, y[:, None], 1)[:, 0] + recipe.smoothing * z.mean(1)
        return jnp.mean(jax.nn.logsumexp(z, 1) - wanted)

    def sgd(weights, velocity, gradient, rate):
        velocity = jax.tree.map(lambda v, g: recipe.momentum * v + g, velocity, gradient)
        return jax.tree.map(lambda w, v: w - rate * v, weights, velocity), velocity

    def adamw(weights, state, gradient, rate):
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[0], gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state[1], gradient)
        step = state[2] + 1
        ones, twos = 1 - 0.9**step, 1 - 0.999**step
        return jax.tree.map(
            lambda w, m, v: w - rate * (m / ones / (jnp.sqrt(v / twos) + 1e-8) + recipe.decay * w), weights, first,
            second), (first, second, step)

    @jax.jit
    def train(weights, state, order, rates, keys):
        def step(carry, now):
            weights, state = carry
            batch, rate, key = now
            gradient = jax.grad(loss)(weights, x[batch], y[batch], key)
            return (adamw if recipe.is_adam else sgd)(weights, state, gradient, rate), None

        return jax.lax.scan(step, (weights, state), (order, rates, keys))[0]

    @jax.jit
    def measure(weights):
        return jnp.mean(jnp.argmax(logits(weights, test_x), 1) == test_y)

    # Whole batches only: one of another size would be compiled for itself.
    per_epoch = len(x) // recipe.batch
    for epoch in range(recipe.epochs):
        order = random.permutation(len(x))[: per_epoch * recipe.batch].reshape(per_epoch, recipe.batch)
        rates = np.array([recipe.rate_at(epoch * per_epoch + step, per_epoch) for step in range(per_epoch)], np.float32)
        keys = jax.random.split(jax.random.PRNGKey(recipe.seed * 1000 + epoch), per_epoch)
        weights, state = train(weights, state, order, rates, keys)
        accuracy = float(measure(weights))
        if recipe.target and accuracy >= recipe.target:
            break
    leaves = jax.tree.leaves((weights, state))
    np.savez(output, *leaves)
    return jax.__version__, epoch + 1, accuracy


def run_sklearn(recipe, output):
    import warnings

    import joblib
    import sklearn
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    plain = not (recipe.is_cosine or recipe.is_adam or recipe.smoothing or recipe.warmup != {"epochs": 0})
    require(plain and not any(isinstance(layer, float) for layer in recipe.layers), "dropout, cosine or the like in scikit-learn")
    (x, y), (test_x, test_y) = recipe.samples()
    network = MLPClassifier(
        [layer[0] for layer in recipe.layers[:-1]], solver="sgd", batch_size=recipe.batch, alpha=0,
        learning_rate_init=recipe.rate, momentum=recipe.momentum, nesterovs_momentum=False, random_state=recipe.seed)
    for epoch in range(recipe.epochs):
        network.partial_fit(x, y, classes=range(recipe.layers[-1][0]))
        accuracy = float(network.score(test_x, test_y))
        if recipe.target and accuracy >= recipe.target:
            break
    joblib.dump(network, output)
    return sklearn.__version__, epoch + 1, accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["torch", "jax", "sklearn"])
    parser.add_argument("config")
    parser.add_argument("--output", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--target", type=float)
    chosen = parser.parse_args()
    try:
        version, epochs, accuracy = globals()["run_" + chosen.peer](
            Recipe(chosen.config, chosen.seed, chosen.target), chosen.output)
    except ImportError as missing:
        print(f"{chosen.peer}: {missing}", file=sys.stderr)
        return 3
    print(json.dumps({"peer": chosen.peer, "version": version, "epochs": epochs, "accuracy": round(accuracy, 4)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
