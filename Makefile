# Everything works in .venv/ of this checkout. Needs Python >= 3.11, git and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-all lint format bench data clean

help:            ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | sort

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cami_units needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one to use: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,notebook]'
	@touch $@

setup: $(STAMP)  ## a virtual environment with the package, the tests and the notebooks

demo: $(STAMP)   ## the main job on the bundled layers: rounds/00-proposal
	@$(BIN)/cami-units propose --out rounds/00-proposal --force

test: $(STAMP)   ## all tests but the slow ones
	@$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(STAMP) ## the slow tests only
	@$(BIN)/python -m pytest -n auto -m slow

test-all: $(STAMP) ## every test
	@$(BIN)/python -m pytest -n auto

lint: $(STAMP)   ## style, types, and the shape of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## let ruff tidy the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP)  ## compare the overlap kernel with its peers, in one run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check exactextract
	@$(BIN)/python benchmarks/cell_coverage.py

clean:           ## remove what make made
	rm -rf $(VENV) rounds .pytest_cache .mypy_cache .ruff_cache .hypothesis
