# Needs make and Python 3.11 or later, nothing else: every target makes what it stands on.
#
#   make demo      trains with and without a graph, and shows what the graph gains
#   make test      lint, types and all tests
#   make package   a wheel and an sdist in dist/, checked, and the wheel tried in a new environment
#   make format    lays the code out, and mends what the linter can mend
#   make clean     removes .venv and everything else that was made from the sources
#
# make PYTHON=python3.13 takes another Python for .venv, make test ARGS="-k digits" some tests, make
# test EXTRAS=dev,spark those on Apache Spark too (450 MB, and Java 17).

PYTHON ?= python3
EXTRAS ?= dev
BIN := .venv/bin

# TensorFlow's notes on the machine that it finds are no news here; its errors are.
TF_CPP_MIN_LOG_LEVEL ?= 2
export TF_CPP_MIN_LOG_LEVEL

# Data for the tests, where a checkout has it beside it; the tests that miss it say so.
GNN_DATA_DIR ?= $(abspath $(wildcard ../shared/data))
ifneq ($(GNN_DATA_DIR),)
export GNN_DATA_DIR
endif

.PHONY: demo test lint types format package clean
# With `make -j`, two pips would install into one .venv.
.NOTPARALLEL:

demo: .venv/.installed-plots
	$(BIN)/python demo/run.py

test: lint types
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: .venv/.installed-$(EXTRAS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.installed-$(EXTRAS)
	$(BIN)/mypy

format: .venv/.installed-$(EXTRAS)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The wheel is built of the sdist. Both are made anew: what lies in build/ would get into the wheel.
package: .venv/.installed-$(EXTRAS)
	rm -rf build dist
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*
	$(BIN)/python .ci/try_wheel.py dist build/clean

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp an extra: nothing is installed again until setup.py changes.
.venv/.installed-%: setup.py | $(BIN)/pip
	@echo "Installing gnn[$*] and all it needs into .venv; the first time takes minutes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# pip comes last into a new .venv: one that was left half made has none, and is made again.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit(f"gnn needs Python 3.11 \
	or later, and $(PYTHON) is {sys.version.split()[0]}: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
