# A thin face over scripts/; none of them needs make.
.PHONY: run test examples lint sanitize torture fuzz proof ranks docs bench bench-gate
.PHONY: install uninstall static deb tarball packages-test release

run:
	scripts/run

test:
	scripts/test

examples:
	scripts/examples

lint:
	scripts/lint

sanitize:
	scripts/sanitize address
	scripts/sanitize undefined
	scripts/sanitize thread

# The long form of the tests by fault: half an hour and more.
torture:
	scripts/torture

# 20 000 mutated inputs, of which scripts/test runs 600: some twenty minutes. FUZZ=1000 make fuzz runs fewer.
# Before them each parser for a while under libFuzzer.
fuzz:
	scripts/fuzz
	FUZZ=$${FUZZ:-20000} scripts/test --filter FuzzTests

# The long forms of everything: the tests by fault, the gradients, the fuzzing, the sanitizers. Two hours and more.
proof:
	scripts/proof

# Ranks under every MPI that is installed, on several hosts, under Slurm, with kills: an hour and more.
ranks:
	swift build -c release --product trainer
	scripts/ranks

# The documentation of the library's products.
docs:
	scripts/docs

# docs/installing.md. As root without a build: make static, then sudo make install.
PREFIX ?= /usr/local
DESTDIR ?=
install:
	scripts/install --prefix '$(PREFIX)' --destdir '$(DESTDIR)'

uninstall:
	scripts/install --uninstall --prefix '$(PREFIX)' --destdir '$(DESTDIR)'

static:
	scripts/build-static

# Into dist/, each with its line in SHA256SUMS.
deb:
	scripts/package deb

tarball:
	scripts/package tarball

# Both in a bare system without Swift, as root: some minutes.
packages-test:
	scripts/package-test

# make release VERSION=0.2.0, and DRY_RUN=1 to see what it would do.
release:
	scripts/release $(if $(DRY_RUN),--dry-run) '$(VERSION)'

# 55 MB, so not committed.
data/fashion-mnist.h5:
	scripts/data/fashion-mnist

# 38 MB, so not committed; PYTHON needs numpy and h5py.
data/signals.h5:
	$(PYTHON) scripts/data/make_signals.py

# Imported from data/mixed.csv.gz.
data/mixed.h5:
	swift build -c release --product trainer
	.build/release/trainer data import data/mixed.csv.gz --target returned --output $@

# Side by side with the peers that are installed; PYTHON is the interpreter that has them.
PYTHON ?= python3
bench:
	swift build -c release --product trainer
	$(PYTHON) Benchmarks/compare.py

# Instructions of a step against the committed table, by valgrind: fails where a workload has 2 % more.
bench-gate:
	swift build -c release --product trainer
	python3 Benchmarks/instructions.py
