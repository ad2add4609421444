#!/usr/bin/env python3
"""The trainer against what is installed of its peers, side by side: what `make bench` runs.

usage: compare.py [--peers jax,torch,torch-compile,ddp,sklearn] [--workloads softmax,mlp-small,mlp-large,cnn,conv1d]
                  [--batches 64,256,1024] [--rounds N] [--seconds S] [--python FILE] [--json FILE]

In each round the trainer and every peer have their turn on a workload, one after the other, so that a machine which
others use too gives fair ratios. Prints a Markdown table of medians and of the ratio, round by round, to the best peer.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRAINER = HERE.parent / ".build" / "release" / "trainer"
BATCHES = {
    "softmax": [64, 256, 1024], "mlp-small": [64, 256, 1024], "mlp-large": [256, 1024], "cnn": [32, 128], "conv1d": [64]}
EPOCHS = {"softmax": 2, "mlp-small": 1, "mlp-large": 1}
# Samples of an epoch, so that a peer has its turn within half a minute.
SAMPLES = {"cnn": {"jax": 2048}, "conv1d": {"jax": 256}}
CONVOLUTIONS = {"cnn", "conv1d"}


def trainer(workload, batch, seconds):
    command = [
        TRAINER, "bench", "steps", HERE / "configs" / f"{workload}.json", "--set", f"training.batchSize={batch}",
        "--seconds", str(seconds), "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peer(python, name, workload, batch):
    """The peer's result; None if it is not installed or does not do this workload."""
    if name in ("sklearn", "ddp") and workload in CONVOLUTIONS or name == "sklearn" and workload == "softmax":
        return None
    if name == "torch-compile" and workload not in CONVOLUTIONS:
        return None
    script = "convolutions.py" if workload in CONVOLUTIONS else "peers.py"
    command = [
        python, HERE / "peers" / script, name, "--workload", workload, "--batch", str(batch), "--epochs",
        str(EPOCHS.get(workload, 1))]
    if workload in CONVOLUTIONS:
        command += ["--samples", str(SAMPLES[workload].get(name, 8192))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        return None
    if done.returncode != 0:
        sys.exit(f"error: {name} on {workload} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def machine():
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="jax,torch,torch-compile,ddp,sklearn")
    parser.add_argument("--workloads", default=",".join(BATCHES))
    parser.add_argument("--batches")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument("--json", help="a file for all measurements")
    chosen = parser.parse_args()
    wanted = chosen.workloads.split(",")
    for name, needed in (("fashion-mnist", wanted != ["conv1d"]), ("signals", "conv1d" in wanted)):
        if needed and not (HERE.parent / "data" / f"{name}.h5").exists():
            sys.exit(f"error: data/{name}.h5 is missing; make it with: make data/{name}.h5")

    names, versions, rows, measured = chosen.peers.split(","), {}, [], []
    for workload in wanted:
        for batch in [int(b) for b in chosen.batches.split(",")] if chosen.batches else BATCHES[workload]:
            own, others = [], {name: [] for name in names}
            for _ in range(chosen.rounds):
                result = trainer(workload, batch, chosen.seconds)
                own.append(result["samplesPerSecond"]["median"])
                for name in names:
                    found = peer(chosen.python, name, workload, batch)
                    if found:
                        versions[name] = found["version"]
                        others[name].append(found["samplesPerSecond"])
            others = {name: rates for name, rates in others.items() if rates}
            measured.append({"workload": workload, "batch": batch, "trainer": own, **others})
            ratios = {
                name: statistics.median(a / b for a, b in zip(own, rates)) for name, rates in others.items()}
            rows.append((workload, batch, result["shards"], own, others, ratios))
            print(f"{workload} {batch}: {measured[-1]}", file=sys.stderr)

    print(f"{datetime.date.today()}, {machine()}, {result['instructionSet']}; samples a second, medians of {chosen.rounds} rounds; "
          + ", ".join(f"{name} {version}" for name, version in versions.items()))
    print()
    print("| workload | batch | shards | trainer | " + " | ".join(versions) + " | times the best |")
    print("|---|---|---|---|" + "---|" * len(versions) + "---|")
    for workload, batch, shards, own, others, ratios in rows:
        cells = [f"{statistics.median(others[name]):,.0f} ({ratios[name]:.2f}x)" if name in others else "–"
                 for name in versions]
        best = f"{min(ratios.values()):.2f}" if ratios else "–"
        print(f"| {workload} | {batch} | {shards} | {statistics.median(own):,.0f} | " + " | ".join(cells) + f" | {best} |")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
