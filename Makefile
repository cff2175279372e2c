# Two commands: `make bench` and `make test`. Both need Python 3.11 or newer and a package index.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := isthmus cpu_backend gpu_backend models benchmarks reports tests

.PHONY: bench test lint format check parity golden clean

## Install, run the quick benchmark, print its tables and the path of an HTML page.
bench: .venv/installed
	$(BIN)/isthmus bench

## Install what tests need; format, lint, types, tests.
test: .venv/tested
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q --numprocesses auto --dist loadfile

lint: .venv/tested
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

format: .venv/tested
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

## Every model against transformers and timm, live, on random and on published weights.
parity: .venv/parity
	$(BIN)/python -m pytest -q tests/parity

## Make the golden files again from the reference implementations.
golden: .venv/parity
	$(BIN)/python tests/parity/make_golden.py

clean:
	rm -rf .venv build *.egg-info

.venv/installed: pyproject.toml samples.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[onnx-cpu,samples]'
	$(BIN)/python -m pip install --quiet --no-deps --requirement samples.txt
	touch $@

.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet --group test --group lint
	touch $@

# timm names torchvision as a dependency, for augmentation that no parity check needs.
.venv/parity: .venv/tested
	$(BIN)/python -m pip install --quiet --group parity
	$(BIN)/python -m pip install --quiet --no-deps timm==1.0.31
	touch $@
