#!/usr/bin/env python3
"""Instructions of one training step of each workload, against a committed table: what `make bench-gate` runs.

usage: instructions.py [--update] [--workloads softmax,mlp-small,mlp-large] [--tolerance 0.02] [--trainer FILE]

Time wanders with the machine and its other users, the number of instructions does not: it is the same in each run but for
what the coordinator does by the clock. So a kernel that has become slower by a few instructions is seen on any machine, a
change of memory access or of waiting is not: for those there is compare.py.

Counted is by valgrind's cachegrind, with one worker and the kernels of one instruction set, in runs of N and of 2 N steps. The
difference over N is a step; loading, start and end cancel out. The samples are random bytes of Fashion-MNIST's shape.

Exit codes: 0 nothing has become slower, or it cannot be told here (no valgrind, another compiler than the table's, a processor
without its instruction set), which a sentence says; 1 a workload has more instructions than the table, by more than the
tolerance; 2 wrong use. Fewer instructions are told too: --update writes the table anew.
"""
import argparse
import json
import os
import platform
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "instructions.json"
TRAINER = HERE.parent / ".build" / "release" / "trainer"
INSTRUCTION_SET = "avx2"  # valgrind knows no AVX-512
SAMPLES, CLASSES, PIXELS = 4096, 10, 784
# The steps of the shorter run, by workload and batch: enough that a step is told to a thousandth.
STEPS = {
    ("softmax", 64): 60, ("softmax", 256): 20, ("softmax", 1024): 6,
    ("mlp-small", 64): 10, ("mlp-small", 256): 3, ("mlp-small", 1024): 1,
    ("mlp-large", 256): 1,
}


class Unavailable(Exception):
    """Why nothing can be compared here."""


def compiler():
    """The Swift compiler's version, whose Clang compiles the kernels."""
    try:
        text = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise Unavailable("the command swift is not found, so that the compiler's version is not known")
    found = re.search(r"Swift version (\S+)", text)
    return f"Swift {found.group(1) if found else text.strip()}, {platform.machine()}"


def write_array(path, shape, data):
    """Writes bytes as an NPY file."""
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)


def make_dataset(trainer, folder):
    write_array(folder / "x.npy", (SAMPLES, PIXELS), random.Random(1).randbytes(SAMPLES * PIXELS))
    write_array(folder / "y.npy", (SAMPLES,), bytes(sample % CLASSES for sample in range(SAMPLES)))
    subprocess.run(
        [trainer, "data", "import", folder / "x.npy", "--targets", folder / "y.npy", "--split", "none",
         "-o", folder / "data.h5"], check=True, capture_output=True)
    return folder / "data.h5"


def instructions(trainer, folder, data, workload, batch, steps):
    """The instructions of a whole run of so many steps."""
    output = folder / "run"
    command = [
        "valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder / 'counts'}", trainer, "run",
        HERE / "configs" / f"{workload}.json", "--workers", "1", "--quiet", "--output", output,
        "--set", f"data.path={data}", "--set", f'training={{"steps":{steps},"batchSize":{batch}}}',
        "--set", 'checkpoints.every={"steps":1000000}']
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "TRAINER_ISA": INSTRUCTION_SET})
    shutil.rmtree(output, ignore_errors=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or not found:
        raise Unavailable(f"valgrind cannot run the program here: {done.stderr.strip().splitlines()[-1:]}")
    return int(found.group(1).replace(",", ""))


def measured(program, workloads):
    """Instructions a step by workload and batch."""
    if shutil.which("valgrind") is None:
        raise Unavailable("valgrind is not installed")
    if INSTRUCTION_SET not in Path("/proc/cpuinfo").read_text():
        raise Unavailable(f"this processor has no {INSTRUCTION_SET}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Valgrind gives up on the debug information that Swift writes.
        trainer = folder / "trainer"
        try:
            subprocess.run(["strip", "--strip-debug", "-o", trainer, program], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise Unavailable("the command strip is not found or does not know the program")
        data = make_dataset(trainer, folder)
        result = {}
        for (workload, batch), steps in STEPS.items():
            if workload in workloads:
                runs = [instructions(trainer, folder, data, workload, batch, n * steps) for n in (1, 2)]
                result[f"{workload} {batch}"] = round((runs[1] - runs[0]) / steps)
                print(f"{workload} {batch}: {result[f'{workload} {batch}']:,} instructions a step", file=sys.stderr)
        return result


def compare(table, found, tolerance):
    """Prints both and returns the workloads that have become slower."""
    print("| workload | batch | table | now | change |")
    print("|---|---|---|---|---|")
    slower = []
    for name, now in found.items():
        before = table["instructions"].get(name)
        change = now / before - 1 if before else None
        workload, batch = name.split()
        print(f"| {workload} | {batch} | {f'{before:,}' if before else '–'} | {now:,} | "
              + (f"{change:+.2%} |" if before else "new |"))
        if change is not None and change > tolerance:
            slower.append(f"{name} by {change:.1%}")
    return slower


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write what is measured into the table")
    parser.add_argument("--workloads", default=",".join(dict.fromkeys(workload for workload, _ in STEPS)))
    parser.add_argument("--tolerance", type=float, default=0.02)
    parser.add_argument("--trainer", type=Path, default=TRAINER)
    chosen = parser.parse_args()
    workloads = chosen.workloads.split(",")
    unknown = set(workloads) - {workload for workload, _ in STEPS}
    if unknown:
        parser.error(f"unknown workloads: {', '.join(sorted(unknown))}")
    if not chosen.trainer.exists():
        parser.error(f"{chosen.trainer} is missing; make it with: swift build -c release --product trainer")
    table = json.loads(TABLE.read_text()) if TABLE.exists() else None
    try:
        here = compiler()
        if not chosen.update:
            if table is None:
                raise Unavailable(f"there is no table {TABLE.name}; --update makes it")
            if table["compiler"] != here:
                raise Unavailable(f"the table is of {table['compiler']}, and here is {here}; --update makes one of it")
        found = measured(chosen.trainer, workloads)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 0
    if chosen.update:
        kept = table["instructions"] if table and table["compiler"] == here else {}
        TABLE.write_text(json.dumps(
            {"compiler": here, "instructionSet": INSTRUCTION_SET, "instructions": {**kept, **found}}, indent=2) + "\n")
        print(f"wrote {TABLE.name}")
        return 0
    slower = compare(table, found, chosen.tolerance)
    if slower:
        print(f"error: more instructions a step than in {TABLE.name}: {'; '.join(slower)}; find what has become slower, or "
              "write the table anew with --update and say why", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
