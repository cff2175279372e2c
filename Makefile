# Two commands: `make bench` and `make test`. Both need Python 3.11 or newer and a package index.

PYTHON ?= python3
BIN := .venv/bin
PEERS := $(basename $(notdir $(wildcard benchmarks/peers/*.txt)))
SOURCES := isthmus cpu_backend gpu_backend models benchmarks reports studies tests docs _isthmus_pytest.py

# For `make exhaustive`: the folders whose tests run.
TESTS ?= tests
# For `make test-floors`: those of the core.
CORE := $(addprefix tests/,analysis eager gpu_backend graph nn np npx onnx program rewrite system trace)
FLOORS := build/floors
SCALE := build/scale
ALL := $(BIN)/python -m pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: bench bench-full test test-all test-floors test-scale exhaustive lint format parity golden peers
.PHONY: serving-peers docs clean

## Install, run the quick benchmark, print its tables and the path of an HTML page.
bench: .venv/installed
	$(BIN)/isthmus bench

## The complete comparison: every workload, scenario and peer; the newest report under reports/results.
bench-full: .venv/installed peers
	result=reports/results/full-$$(date -u +%F).json; \
	$(BIN)/isthmus bench --full --output $$result && \
	$(BIN)/python -m studies.quoted README.md docs/measurement.md $$result

# The tests start hundreds of processes: what Python compiled for one is kept for the next.
test test-all test-floors test-scale exhaustive: export PYTHONDONTWRITEBYTECODE :=

## Install what tests need; format, lint, types, and the quick tests: see docs/testing.md.
test: lint
	$(BIN)/python -m pytest -q --numprocesses auto --dist worksteal \
	  -m "not exhaustive" --hypothesis-profile quick

## Format, lint, types, and every test in all its forms; then tests/full-run.txt says so.
test-all: lint
	$(ALL) --junit-xml build/full-run.xml
	$(BIN)/python tests/tiers/full_run.py build/full-run.xml

## The core's quick tests with the oldest versions that pyproject.toml admits, those of floors.txt.
test-floors: $(FLOORS)/installed
	$(FLOORS)/bin/python -m pytest -q --numprocesses auto --dist worksteal \
	  -m "not exhaustive" --hypothesis-profile quick $(CORE)

## Scorers in the engines themselves, Ray, Spark and Dask, and `isthmus serve`, in an environment that
## has them. Spark needs Java 17. An engine that does not start here is skipped, with the reason. Then repositories on a
## real Triton core, of `make serving-peers`; without it they are skipped as well.
test-scale: $(SCALE)/installed .venv/tested
	$(SCALE)/bin/python -m pytest -q -rs tests/serve/test_scale.py tests/serve/test_score_parquet.py \
	  tests/serve/server
	-$(MAKE) --no-print-directory serving-peers
	$(BIN)/python -m pytest -q -rs tests/serve/repository

## What `make test` left out, of TESTS; 5 is pytest's word for a folder that has nothing of it.
exhaustive: .venv/tested
	$(ALL) -m "exhaustive or hypothesis" $(TESTS) || test $$? -eq 5

## Format, lint, types.
lint: .venv/tested
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/lint-imports --no-logo
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

## The pages of docs/ and a reference made of the docstrings, as build/docs/index.html.
docs: .venv/documented
	$(BIN)/python -m sphinx --builder html --quiet --fresh-env --fail-on-warning --keep-going \
	  docs build/docs

## The runtimes to compare with, each in an environment of its own, from benchmarks/peers/NAME.txt.
## Each file lists all that it takes: nothing else is installed, as optimum-intel's torchvision.
## One that cannot be installed here is missing in the results; the others are made all the same.
peers:
	@failed=; for name in $(PEERS); do \
	  $(MAKE) --no-print-directory .peers/$$name/installed || failed="$$failed $$name"; \
	done; \
	test -z "$$failed" || { echo "peers: not installed:$$failed; the others are there" >&2; exit 1; }

## What knows the formats of model servers, and a real Triton core: for tests/serve/repository.
serving-peers: $(patsubst tests/serve/peers/%.txt,.peers/%/installed,$(wildcard tests/serve/peers/*.txt))

clean:
	rm -rf .venv build *.egg-info

.venv/installed: pyproject.toml samples.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[bench,onnx-cpu,samples]'
	$(BIN)/python -m pip install --quiet --no-deps --requirement samples.txt
	touch $@

.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet --group test --group lint
	touch $@

$(FLOORS)/installed: floors.txt pyproject.toml
	rm -rf $(FLOORS)
	$(PYTHON) -m venv $(FLOORS)
	$(FLOORS)/bin/python -m pip install --quiet --constraint floors.txt --editable '.[onnx-cpu]'
	$(FLOORS)/bin/python -m pip install --quiet --constraint floors.txt \
	  hypothesis pillow pytest pytest-xdist
	touch $@

$(SCALE)/installed: pyproject.toml samples.txt
	rm -rf $(SCALE)
	$(PYTHON) -m venv $(SCALE)
	$(SCALE)/bin/python -m pip install --quiet --upgrade pip
	$(SCALE)/bin/python -m pip install --quiet --editable '.[dask,models,onnx-cpu,ray,report,serve,spark]'
	$(SCALE)/bin/python -m pip install --quiet --no-deps --requirement samples.txt
	$(SCALE)/bin/python -m pip install --quiet hypothesis pytest pytest-xdist scikit-learn 'tritonclient[http]'
	touch $@

.venv/documented: .venv/installed
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

# timm names torchvision as a dependency, for augmentation that no parity check needs.
.venv/parity: .venv/tested
	$(BIN)/python -m pip install --quiet --group parity
	$(BIN)/python -m pip install --quiet --no-deps timm==1.0.31
	touch $@

define peer
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --requirement $<
	touch $@
endef

.peers/%/installed: benchmarks/peers/%.txt
	$(peer)

.peers/%/installed: tests/serve/peers/%.txt
	$(peer)
