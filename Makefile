# `make demo` and `make test` are all a newcomer needs: each makes its own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs sample wheel-check clean

demo: $(VENV)/.demo
	$(BIN)/aisposture demo --out reports/latest

test: $(VENV)/.dev
	scripts/system-packages chromium java mvn
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: $(VENV)/.dev
	$(BIN)/python -m tests.house.generate

sample: $(VENV)/.dev
	$(BIN)/aisposture report reports/sample/snapshot --format html,sarif,json --fail-on never --out reports/sample

wheel-check: $(VENV)/.dev
	scripts/wheel-check

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis reports/latest

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aisposture needs Python 3.11 or newer, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.demo
