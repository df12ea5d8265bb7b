# The recipes that people and CI share. `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= increase_vs
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test slow ui lint types format figures notebooks bench lock schemas clean

help: ## list the recipes
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

# One stamp for each lock file, so that `make run` never pays for the test tools.
$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("Python 3.11, 3.12 or 3.13 is needed; this is %d.%d. Try: make PYTHON=python3.12 ..." % v)'
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the locked dependencies (about a minute the first time)"
	@$(PIP) install --require-hashes --no-deps -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo "installing the test tools"
	@$(PIP) install --require-hashes --no-deps -r requirements/test.txt
	@touch $@

run: $(VENV)/.run ## from raw files to the report: make run STUDY=help
	@$(BIN)/increase-eval run $(STUDY)

test: $(VENV)/.test ## run every test but the slow simulations
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

slow: $(VENV)/.test ## run the slow simulations
	@$(BIN)/python -m pytest -m slow

ui: $(VENV)/.run ## open Dagster's UI on the code location
	@$(BIN)/increase-eval ui

lint: $(VENV)/.test ## check style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.test ## check types
	@$(BIN)/mypy

format: $(VENV)/.test ## put the code in the house style
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

figures: $(VENV)/.run ## draw a study's figures again: make figures STUDY=help
	@$(BIN)/increase-eval figures $(STUDY)

notebooks: $(VENV)/.test ## execute the notebooks
	@$(BIN)/python -m pytest --nbmake notebooks -n 0

bench: $(VENV)/.test ## run the benchmarks and print their table
	@$(BIN)/python -m benchmarks

schemas: $(VENV)/.run ## publish the JSON Schemas of the contracts
	@$(BIN)/python -m increase_eval.study.schemas

lock: ## resolve the dependencies again and write the lock files
	@test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip --quiet install 'uv>=0.9'; }
	@.venv-lock/bin/uv pip compile pyproject.toml --extra report --extra ui --extra examples --group build \
	  --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --generate-hashes --no-header --no-annotate \
	  --quiet --output-file requirements/run.txt
	@.venv-lock/bin/uv pip compile pyproject.toml --extra report --extra ui --extra examples --group test \
	  --constraint requirements/run.txt \
	  --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --generate-hashes --no-header --no-annotate \
	  --quiet --output-file requirements/test.txt

clean: ## remove what can be made again (not the raw data, not the virtual environment)
	@rm -rf reports/build .pytest_cache .hypothesis .mypy_cache .ruff_cache dist build
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
