#!/usr/bin/env python3
"""Whole processes, from exec to exit: the trainer against scripts that do the same training with its peers.

usage: start_to_finish.py [softmax|accuracy] [--rounds N] [--seeds N] [--targets 0.88,0.89,0.90] [--workers N]
                          [--torch PYTHON] [--jax PYTHON] [--sklearn PYTHON] [--trainer FILE] [--json FILE]

softmax   `trainer run configs/softmax.json` and peers/whole.py with the same config: both load the data, train, measure the
          test group after each epoch, and save a model. Warm, as often as there are rounds, and cold, before which the pages
          of each tool's own files (program, libraries, Python packages, data) are put out of the page cache. Pages that
          another process maps stay, so cold is not colder than that.
accuracy  the time from exec to exit of a process that ends when the test accuracy of Fashion-MNIST is reached and its model
          saved, with the recipe that serves each tool best of those in configs/accuracy-*.json, chosen with three seeds that
          are not measured, each of which has to reach it; medians over the seeds.

In each round every tool has its turn, and ratios are taken within a round: machines are shared. Give each peer the interpreter
that has it; one that has not is left out.
"""
import argparse
import datetime
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import HERE, TRAINER, machine

WHOLE = HERE / "peers" / "whole.py"
SELECTION_SEEDS = (1000, 1001, 1002)
SOFTMAX = HERE.parent / "configs" / "softmax.json"


def timed(command):
    """Seconds from exec to exit, and what was printed; None if the peer is not installed."""
    begin = time.perf_counter()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode == 3 and WHOLE in command:
        return None
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(str(part) for part in command)} failed:\n{done.stderr}")
    return seconds, done.stdout


class Tool:
    """The trainer or a peer: how it is run, and which files are its own."""

    def __init__(self, name, program, workers=None):
        self.name, self.program, self.workers, self.version = name, program, workers, ""

    def command(self, config, folder, seed=None, target=None):
        if self.name == "trainer":
            shutil.rmtree(folder / "run", ignore_errors=True)
            command = [self.program, "run", config, "--output", folder / "run", "--format", "json"]
            if self.workers:
                command += ["--workers", self.workers]
            if seed is not None:
                command += ["--set", f"seed={seed}"]
            if target:
                command += ["--set", f'earlyStopping={{"metric":"test.accuracy","target":{target},"patience":1000}}']
            return command
        command = [self.program, WHOLE, self.name, config, "--output", folder / f"{self.name}.npz"]
        return command + (["--seed", seed] if seed is not None else []) + (["--target", target] if target else [])

    def accuracy(self, output):
        result = json.loads(output)
        if self.name == "trainer":
            return result["test"]["accuracy"]
        self.version = result["version"]
        return result["accuracy"]

    def reached(self, seconds, output, folder, targets):
        """When a process had exited if it had ended with the first epoch that reached each target; infinity for never.

        That is the whole time of the process, less what the epochs after that one took."""
        if self.name == "trainer":
            lines = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
            measured, now = [], 0
            for line in lines:
                if line["event"] == "epoch":
                    now += line["seconds"]
                    measured.append((line["test"]["accuracy"], now))
        else:
            measured = json.loads(output)["measured"]
        return [next((seconds - measured[-1][1] + at for accuracy, at in measured if accuracy >= target), math.inf)
                for target in targets]

    def files(self):
        """Files that only this tool's process reads, as far as that can be told from outside."""
        found = {Path(self.program).resolve()}
        if self.name != "trainer":
            text = subprocess.run(
                [self.program, "-c", "import sys; print(*sys.path[1:], sep='\\n')"], capture_output=True, text=True,
                check=True).stdout
            for folder in filter(None, text.splitlines()):
                found |= {path for path in Path(folder).rglob("*") if path.is_file()}
        for line in subprocess.run(["ldd", self.program], capture_output=True, text=True).stdout.splitlines():
            found |= {Path(word).resolve() for word in line.split() if word.startswith("/")}
        return found

    def cool(self, data):
        """Puts the pages of its files out of the page cache."""
        for path in self.files() | {data}:
            try:
                file = os.open(path, os.O_RDONLY)
            except OSError:
                continue
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            except OSError:
                pass
            finally:
                os.close(file)


def tools(chosen):
    peers = [("torch", chosen.torch), ("jax", chosen.jax), ("sklearn", chosen.sklearn)]
    return [Tool("trainer", chosen.trainer, chosen.workers)] + [Tool(*peer) for peer in peers if peer[1]]


def heading(all_tools, text):
    versions = ", ".join(f"{tool.name} {tool.version}" for tool in all_tools if tool.version)
    print(f"{datetime.date.today()}, {machine()}; {text}; {versions}\n")


def cell(seconds, own):
    ratio = statistics.median(peer / trainer for peer, trainer in zip(seconds, own))
    return f"{statistics.median(seconds):.2f} s" + ("" if seconds is own else f" ({ratio:.1f}x)")


def whole_softmax(chosen, folder):
    data = HERE.parent / "data" / "digits.h5"
    times = {"cold": {}, "warm": {}}
    present = []
    for tool in tools(chosen):
        if (first := timed(tool.command(SOFTMAX, folder))) is None:
            print(f"{tool.name} is not installed and left out", file=sys.stderr)
            continue
        print(f"{tool.name}: test accuracy {tool.accuracy(first[1]):.4f}", file=sys.stderr)
        present.append(tool)
    for state, table in times.items():
        for round in range(chosen.rounds):
            for tool in present:
                if state == "cold":
                    tool.cool(data)
                table.setdefault(tool.name, []).append(timed(tool.command(SOFTMAX, folder))[0])
            print(f"{state} {round + 1}: " + ", ".join(f"{name} {found[-1]:.2f}" for name, found in table.items()),
                  file=sys.stderr)
    heading(present, f"seconds from exec to exit, medians of {chosen.rounds} rounds, and of the ratios within them")
    print("| | " + " | ".join(tool.name for tool in present) + " |")
    print("|---|" + "---|" * len(present))
    for state, table in times.items():
        print(f"| {state} | " + " | ".join(cell(table[tool.name], table["trainer"]) for tool in present) + " |")
    return times


def best_recipes(tool, targets, folder):
    """For each target the config with which the tool reaches it soonest, None where none does; None if it is not installed.

    One process for each config and seed tells it of all targets. After the first seed only those configs are run that were no
    more than half as long again as the best of a target."""
    numbers, configs, found = range(len(targets)), sorted((HERE / "configs").glob("accuracy-*.json")), {}
    for seed in SELECTION_SEEDS:
        for config in configs:
            result = timed(tool.command(config, folder, seed=seed, target=max(targets)))
            if result is None:
                print(f"{tool.name} is not installed and left out", file=sys.stderr)
                return None
            times = tool.reached(*result, folder, targets)
            found.setdefault(config, []).append(times)
            print(f"{tool.name} {config.stem}, seed {seed}: {tool.accuracy(result[1]):.4f} after {result[0]:.2f} s" + "".join(
                f", {target:.2f} in {time:.2f} s" for target, time in zip(targets, times) if time < math.inf), file=sys.stderr)
        if seed == SELECTION_SEEDS[0]:
            best = [min(rows[0][number] for rows in found.values()) for number in numbers]
            configs = [config for config in configs if any(
                found[config][0][number] <= 1.5 * best[number] < math.inf for number in numbers)]

    def median(config, number):
        times = [row[number] for row in found[config]]
        return math.inf if math.inf in times else statistics.median(times)

    recipes = [min(configs, key=lambda config: median(config, number), default=None) for number in numbers]
    return [config if config and median(config, number) < math.inf else None for number, config in zip(numbers, recipes)]


def time_to_accuracy(chosen, folder):
    targets = [float(text) for text in chosen.targets.split(",")]
    recipes = {tool: found for tool in tools(chosen)
               if tool.name != "sklearn" and (found := best_recipes(tool, targets, folder))}
    measured, rows = {}, []
    for number, target in enumerate(targets):
        times = {tool: [] for tool in recipes if recipes[tool][number]}
        for seed in range(chosen.seeds):
            for tool in times:
                seconds, output = timed(tool.command(recipes[tool][number], folder, seed=seed, target=target))
                times[tool].append(seconds if tool.accuracy(output) >= target else math.inf)
            print(f"{target} seed {seed}: " + ", ".join(f"{tool.name} {found[-1]:.2f}" for tool, found in times.items()),
                  file=sys.stderr)
        own = next((found for tool, found in times.items() if tool.name == "trainer"), None)
        rows.append(f"| {target:.2f} | " + " | ".join(
            recipe_cell(recipes[tool][number], times.get(tool), own) for tool in recipes) + " |")
        measured[target] = {
            tool.name: {"recipe": recipes[tool][number].stem, "seconds": found} for tool, found in times.items()}
    heading(recipes, f"seconds from exec to exit, medians of {chosen.seeds} seeds, and of the ratios seed by seed, and the recipe")
    print("| test accuracy | " + " | ".join(tool.name for tool in recipes) + " |")
    print("|---|" + "---|" * len(recipes))
    print("\n".join(rows))
    return measured


def recipe_cell(config, seconds, own):
    """Median, ratio over the seeds that both reached it with, and recipe; with seeds that missed as what is never reached."""
    if not seconds:
        return "not reached"
    missed = sum(time == math.inf for time in seconds)
    both = [pair for pair in zip(seconds, own or []) if math.inf not in pair]
    middle = statistics.median(seconds)
    text = f"{middle:.2f} s" if middle < math.inf else "by most seeds not reached"
    if both and seconds is not own:
        text += f" ({statistics.median(peer / trainer for peer, trainer in both):.1f}x)"
    text += f", {config.stem.removeprefix('accuracy-')}"
    return text + (f", {missed} of {len(seconds)} seeds missed it" if missed else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["softmax", "accuracy"], default="softmax")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--targets", default="0.88,0.89,0.90")
    parser.add_argument("--workers", type=int)
    for peer in ("torch", "jax", "sklearn"):
        parser.add_argument(f"--{peer}", default=sys.executable, metavar="PYTHON", help=f"the interpreter that has {peer}")
    parser.add_argument("--trainer", type=Path, default=TRAINER)
    parser.add_argument("--json", help="a file for all measurements")
    chosen = parser.parse_args()
    if not chosen.trainer.exists():
        parser.error(f"{chosen.trainer} is missing; make it with: swift build -c release --product trainer")
    if chosen.what == "accuracy" and not (HERE.parent / "data" / "fashion-mnist.h5").exists():
        parser.error("data/fashion-mnist.h5 is missing; make it with: make data/fashion-mnist.h5")
    with tempfile.TemporaryDirectory() as name:
        measured = (whole_softmax if chosen.what == "softmax" else time_to_accuracy)(chosen, Path(name))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
