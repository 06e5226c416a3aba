# Everything works in .venv/ of this checkout. Needs Python >= 3.11, git and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# LOCK=requirements-ci.lock installs the very versions that CI was last green with.
LOCK   ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-all lowest lint format docs bench data clean

help:            ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | sort

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cami_units needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one to use: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(LOCK),--constraint $(LOCK)) --editable '.[test,notebook,docs]'
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

# The bounds in pyproject.toml are true: the oldest of each that is allowed, in a place of its own.
lowest: $(STAMP) ## the main job and the round trip with the lowest versions allowed (Python 3.11 or 3.12)
	@rm -rf .lowest && $(PYTHON) -m venv .lowest && mkdir -p reports
	@$(BIN)/uv pip install --quiet --python .lowest/bin/python --resolution lowest-direct --editable .
	@.lowest/bin/python scripts/products.py --only plenary,activities,annex > reports/lowest.txt
	@echo "$$(wc -l < reports/lowest.txt) products with the lowest versions: reports/lowest.txt"

lint: $(STAMP)   ## style, types, and the shape of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## let ruff tidy the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP)   ## the documentation as a site: site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The documentation is in site/index.html"

bench: $(STAMP)  ## the overlap kernel beside its peers, every step of the main job, the whole world
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check exactextract
	@$(BIN)/python benchmarks/cell_coverage.py
	@$(BIN)/python benchmarks/steps.py
	@$(BIN)/python benchmarks/world.py

clean:           ## remove what make made
	rm -rf $(VENV) .lowest rounds site .pytest_cache .mypy_cache .ruff_cache .hypothesis
