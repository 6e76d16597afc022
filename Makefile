# Everything a user or the CI runs. Each target sets up what it needs from a bare checkout; the second time is quick.
# Needs: python3.11 with venv and pip, make. PostgreSQL, Chromium: `make system` (Debian, as root).

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INPUTS := pyproject.toml constraints.txt

.PHONY: help install demo test dev lint format system clean

help: ## What there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(VENV)/.installed ## .venv with litlake in it

demo: install ## The main job on bundled sample days, from nothing to SQL answers
	@$(BIN)/litlake demo

test: $(VENV)/.installed-test ## The tests
	@$(BIN)/python -m pytest

dev: install ## Object store, Dagster UI and daemon
	@$(BIN)/litlake dev

lint: $(VENV)/.installed-lint ## ruff, mypy, import rules, SQL style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/sqlfluff lint dbt_project/models

format: $(VENV)/.installed-lint ## Format Python and SQL
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/sqlfluff fix dbt_project/models

system: ## Debian packages that the tests use (as root)
	@command -v chromium >/dev/null || (apt-get update -q && apt-get install -qy --no-install-recommends chromium)

clean: ## Remove the environment and the state of the default home
	@if [ -x $(BIN)/litlake ]; then $(BIN)/litlake down; fi
	@rm -rf $(VENV) .litlake

# Byte code is compiled once: without it dbt alone takes some 5 s longer to import in every process.
$(VENV)/.installed: $(INPUTS)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing litlake into $(VENV) (some minutes the first time)"
	@$(PIP) install -q -c constraints.txt -e .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(PIP) install -q -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	@$(PIP) install -q -c constraints.txt -e '.[lint]'
	@touch $@
