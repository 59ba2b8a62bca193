# Every target sets up what it needs on a machine with Python 3.11 to 3.13 and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# Tests and measurements start hundreds of processes: each would compile the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test torture torture-night torture-tools check format bench peers lock clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

# The lock pins the build backend too, so `--no-build-isolation` needs no second download.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Creche needs Python 3.11 to 3.13; set PYTHON=python3.x")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

setup: $(STAMP)  ## Make the virtual environment: locked dependencies and an editable install

run: setup  ## Serve the shop and run its jobs in one process on http://127.0.0.1:8000
	$(BIN)/creche up

# Three processes on two cores: the tests of real processes wait most of the time.
test: setup  ## Run the tests
	$(BIN)/python -m pytest -n 3 --dist worksteal -q

# What tests/torture needs beside the project: schemathesis, mfusepy (with Debian's fuse3), playwright (with chromium).
TOOLS := .torture
torture-tools: $(TOOLS)/.installed  ## Make the environment of tools that `make torture` uses
$(TOOLS)/.installed: tests/torture/requirements.txt
	test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/torture/requirements.txt
	touch $@

torture: setup torture-tools  ## Kill, freeze, starve and deceive real processes, for a quarter of an hour
	TIER=torture $(BIN)/python -m pytest -n 3 --dist worksteal -q -m "torture or not torture" tests/torture tests/system tests/bench

CYCLES ?= 1000
torture-night: setup torture-tools  ## The same with CYCLES blows each
	TIER=night CYCLES=$(CYCLES) $(BIN)/python -m pytest -n 3 --dist worksteal -q -m "torture or not torture" tests/torture tests/system tests/bench

check: setup  ## Format, lint, types, import contracts and tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/flake8 runtime shop web bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 3 --dist worksteal -q

format: setup  ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Each is a command of its own, about a minute or less; `scale` some minutes, for its million rows.
BENCHES := throughput runners enqueue e2e latency io limits batch memory prune start http scale

bench: setup  ## Measure, and write results and pictures to bench/results
	for what in $(BENCHES); do $(BIN)/python -m bench $$what --results bench/results || exit 1; done
	$(BIN)/python -m bench throughput --processes 2 --results bench/results

peers: setup  ## Measure other queues too: installs them into .bench-peers, wants redis-server for some
	$(BIN)/python -m bench peers --results bench/results

lock: setup  ## Write requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --all-extras pyproject.toml -o requirements.lock

clean:  ## Remove the environment and all caches
	rm -rf $(VENV) $(TOOLS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
