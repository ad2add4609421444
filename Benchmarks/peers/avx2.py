#!/usr/bin/env python3
"""An interpreter whose JAX, PyTorch and scikit-learn use no AVX-512, for a fair table of AVX2 on a processor that has both.

usage: avx2.py FOLDER [--python FILE]

Writes FOLDER/python, to be given to compare.py as --python, with TRAINER_ISA=avx2 in the environment. PyTorch, its libraries
and OpenBLAS are capped by variables. XLA's own code is by a flag; the library that it multiplies matrices with asks the
processor itself, and is told what the trap in without_avx512.c answers: FOLDER/site has a copy of jaxlib, half a gigabyte,
whose cpuid instructions are undefined ones. Needs cc and objdump, and some minutes.
"""
import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CPUID, UNDEFINED = b"\x0f\xa2", b"\x0f\x0b"
WRAPPER = """#!/bin/sh
export ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 OPENBLAS_CORETYPE=Haswell
export XLA_FLAGS="--xla_cpu_max_isa=AVX2 $XLA_FLAGS" PYTHONPATH="{folder}/site" LD_PRELOAD="{folder}/without_avx512.so"
exec "{python}" "$@"
"""


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def sections(library):
    """Addresses, offsets in the file and sizes of a library's sections of code."""
    found = []
    for line in run("objdump", "-hw", library).splitlines():
        words = line.split()
        if len(words) > 6 and words[0].isdigit() and "CODE" in line:
            size, address, _, offset = (int(word, 16) for word in words[2:6])
            found.append((address, offset, size))
    return found


def replace_cpuid(library):
    """Makes each cpuid instruction an undefined one; returns how many there were."""
    places, count = sections(library), 0
    # Lines come as they are disassembled: all of them are gigabytes.
    with subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", library], stdout=subprocess.PIPE, text=True) as listing:
        addresses = [int(found[1], 16) for line in listing.stdout if (found := re.match(r"\s*([0-9a-f]+):\s+cpuid", line))]
    if listing.returncode != 0:
        sys.exit(f"error: objdump cannot read {library}")
    with open(library, "r+b") as file:
        for address in addresses:
            position = next(address - start + offset for start, offset, size in places if start <= address < start + size)
            file.seek(position)
            if file.read(2) != CPUID:
                sys.exit(f"error: {library} has no cpuid at {address:#x}")
            file.seek(position)
            file.write(UNDEFINED)
            count += 1
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    site = folder / "site"
    site.mkdir(parents=True, exist_ok=True)
    run("cc", "-O1", "-shared", "-fPIC", "-o", folder / "without_avx512.so", HERE / "without_avx512.c")
    jaxlib = Path(run(chosen.python, "-c", "import jaxlib; print(*jaxlib.__path__)").strip())
    shutil.rmtree(site / "jaxlib", ignore_errors=True)
    shutil.copytree(jaxlib, site / "jaxlib")
    libraries = [path for path in sorted((site / "jaxlib").glob("*.so*")) if path.stat().st_size > 1 << 20]
    for library in libraries:
        print(f"{library.name}: {replace_cpuid(library)} cpuid instructions")
    wrapper = folder / "python"
    wrapper.write_text(WRAPPER.format(folder=folder, python=chosen.python))
    wrapper.chmod(0o755)


if __name__ == "__main__":
    main()
