# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11+ with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BROWSER ?= /usr/bin/chromium
ARGS ?=
PYTEST_ARGS ?=
# One more than the two cores of a small machine: while one waits for the network or the disk, the others go on.
WORKERS ?= 3
unexport PYTHONDONTWRITEBYTECODE  # the demonstration and the tests start many processes
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo demo-reset test test-quick test-synapse test-browser prove prove-power check format docs migration feature clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.demo ## a homeserver with a seeded community, on this machine (ARGS="--web-port 0" passes options on)
	@$(BIN)/copp-bot demo $(ARGS)

demo-reset: ## forget the demonstration's data
	@if [ -x $(BIN)/copp-bot ]; then $(BIN)/copp-bot demo --reset $(ARGS); else rm -rf var/demo; fi

test: test-quick test-synapse ## all tests; quick ones first

test-quick: $(VENV)/.dev
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not synapse and not browser" $(PYTEST_ARGS)

test-synapse: $(VENV)/.dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m synapse $(PYTEST_ARGS)

test-browser: $(VENV)/.browser ## the pages in a real browser (Debian's chromium, or BROWSER=path)
	$(BIN)/pytest -m browser --browser "$(BROWSER)" $(PYTEST_ARGS) tests/browser

prove: prove-all ## every proof in full (hours); the figures go into docs/proof.md

prove-%: $(VENV)/.dev
	$(BIN)/python -m tests.rigs.prove $* $(ARGS)

check: $(VENV)/.dev ## style, types, import rules, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

format: $(VENV)/.dev ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

prove-power: $(VENV)/.dev ## ten thousand random power levels: nobody is locked out, nothing unknown is lost
	PROVE_POWER=10000 $(BIN)/pytest tests/rooms/test_power.py $(PYTEST_ARGS)

docs: $(VENV)/.dev ## write the generated documents anew
	$(BIN)/python docs/generate.py

migration: $(VENV)/.dev ## a new migration from the changed tables (NAME="what changed")
	$(BIN)/python -m storage.migrate "$(NAME)"
	$(BIN)/ruff check --quiet --fix storage/migrations
	$(BIN)/ruff format --quiet storage/migrations

feature: $(VENV)/.dev ## the folder of a new feature (NAME=polls)
	$(BIN)/python docs/new_feature.py $(NAME)

clean: ## forget what was built and installed; data in var/ stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --progress-bar on -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --progress-bar on -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.browser: $(VENV)/.dev
	$(PIP) install --quiet --progress-bar on -c constraints.txt -e '.[dev,browser]'
	@touch $@
