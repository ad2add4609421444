#!/usr/bin/env python3
"""A whole training by what a user would train with instead: reads the trainer's own config, trains, measures, saves a model.

usage: whole.py {torch,jax,sklearn} CONFIG --output FILE [--seed N] [--target ACCURACY]

Understood are dense layers with ReLU, dropout, softmax cross-entropy, SGD with momentum, a constant or cosine rate, and a
scale of the inputs. The test group is measured after every epoch, as the trainer does it; with --target training ends as soon
as its accuracy is reached. Prints one JSON object. Exit code 3 if the peer, h5py or numpy is not installed.
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
        self.factor = 1.0
        for step in config["data"].get("preprocessing", []):
            require(step["type"] == "scale", f"preprocessing {step}")
            self.factor *= step["factor"]
        self.layers = []  # (units, ReLU or not) or a dropout rate
        for layer in config["model"]["layers"]:
            if layer["type"] == "dropout":
                self.layers.append(layer["rate"])
            else:
                require(layer["type"] == "dense", f"layer {layer}")
                require(layer.get("activation", "relu") == "relu", f"layer {layer}")
                self.layers.append((layer["units"], "activation" in layer))
        optimizer, schedule = config["optimizer"], config.get("schedule", {"type": "constant"})
        require(config["loss"]["type"] == "softmaxCrossEntropy", "loss")
        require(optimizer["type"] == "sgd" and schedule["type"] in ("constant", "cosine"), "optimizer or schedule")
        self.rate, self.momentum = optimizer["learningRate"], optimizer.get("momentum", 0)
        self.is_cosine = schedule["type"] == "cosine"
        self.epochs, self.batch = config["training"]["epochs"], config["training"]["batchSize"]

    def samples(self, group):
        import h5py
        import numpy as np

        with h5py.File(self.data) as file:
            inputs = file[f"{group}/inputs"][:]
            inputs = inputs.reshape(len(inputs), -1).astype(np.float32) * np.float32(self.factor)
            return inputs, file[f"{group}/targets"][:].astype(np.int64)

    def rate_at(self, step, steps):
        return self.rate * (1 + math.cos(math.pi * step / steps)) / 2 if self.is_cosine else self.rate


def require(holds, what):
    if not holds:
        sys.exit(f"error: whole.py does not know this: {what}")


def run_torch(recipe, output):
    import torch
    from torch import nn

    torch.manual_seed(recipe.seed)
    (x, y), (test_x, test_y) = (map(torch.from_numpy, recipe.samples(group)) for group in ("train", "test"))
    parts, width = [], x.shape[1]
    for layer in recipe.layers:
        if isinstance(layer, float):
            parts.append(nn.Dropout(layer))
        else:
            parts += [nn.Linear(width, layer[0])] + [nn.ReLU()] * layer[1]
            width = layer[0]
    network, loss = nn.Sequential(*parts), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=recipe.rate, momentum=recipe.momentum)
    steps, step = recipe.epochs * -(-len(x) // recipe.batch), 0
    for epoch in range(recipe.epochs):
        network.train()
        for batch in torch.randperm(len(x)).split(recipe.batch):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate_at(step, steps)
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

    (x, y), (test_x, test_y) = (map(jnp.asarray, recipe.samples(group)) for group in ("train", "test"))
    random, weights, width = np.random.default_rng(recipe.seed), [], x.shape[1]
    for layer in recipe.layers:
        if not isinstance(layer, float):
            bound = 1 / math.sqrt(width)
            weights.append((random.uniform(-bound, bound, (width, layer[0])).astype(np.float32),
                            np.zeros(layer[0], np.float32)))
            width = layer[0]
    velocity = jax.tree.map(np.zeros_like, weights)

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
        return jnp.mean(jax.nn.logsumexp(z, 1) - jnp.take_along_axis(z, y[:, None], 1)[:, 0])

    @jax.jit
    def train(weights, velocity, order, rates, keys):
        def step(carry, now):
            weights, velocity = carry
            batch, rate, key = now
            gradient = jax.grad(loss)(weights, x[batch], y[batch], key)
            velocity = jax.tree.map(lambda v, g: recipe.momentum * v + g, velocity, gradient)
            return (jax.tree.map(lambda w, v: w - rate * v, weights, velocity), velocity), None

        return jax.lax.scan(step, (weights, velocity), (order, rates, keys))[0]

    @jax.jit
    def measure(weights):
        return jnp.mean(jnp.argmax(logits(weights, test_x), 1) == test_y)

    # Whole batches only: one of another size would be compiled for itself.
    per_epoch = len(x) // recipe.batch
    steps = recipe.epochs * per_epoch
    for epoch in range(recipe.epochs):
        order = random.permutation(len(x))[: per_epoch * recipe.batch].reshape(per_epoch, recipe.batch)
        rates = np.array([recipe.rate_at(epoch * per_epoch + step, steps) for step in range(per_epoch)], np.float32)
        keys = jax.random.split(jax.random.PRNGKey(recipe.seed * 1000 + epoch), per_epoch)
        weights, velocity = train(weights, velocity, order, rates, keys)
        accuracy = float(measure(weights))
        if recipe.target and accuracy >= recipe.target:
            break
    leaves = jax.tree.leaves((weights, velocity))
    np.savez(output, *leaves)
    return jax.__version__, epoch + 1, accuracy


def run_sklearn(recipe, output):
    import warnings

    import joblib
    import sklearn
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    require(not recipe.is_cosine and not any(isinstance(layer, float) for layer in recipe.layers), "no dropout, no cosine")
    (x, y), (test_x, test_y) = recipe.samples("train"), recipe.samples("test")
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
