# Tocsin's doors. `make serve` and `make test` are all that a newcomer needs; `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The newest Python that is at hand; 3.11 is the oldest that will do.
PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14,$(shell command -v $(p) >/dev/null 2>&1 && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(p))))
VENV := .venv
BIN := $(VENV)/bin

# Each stamp carries a checksum of what it stands for, so that a changed lock installs anew and nothing else does.
sum = $(shell cat $(1) | cksum | cut -d' ' -f1)
RUN := $(VENV)/.run-$(call sum,requirements/build.txt requirements/run.txt pyproject.toml)
TEST := $(VENV)/.test-$(call sum,requirements/test.txt)
CHECK := $(VENV)/.check-$(call sum,requirements/check.txt)

PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
WORKERS ?= 4
TESTS ?= tests
# Where the surroundings forbid bytecode, each of the hundreds of processes that tests start would compile everything anew,
# and a start would be measured that no installation has.
test test-long bench: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help serve test test-long check format demo bench wheel lock system-packages clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

serve: $(RUN) ## install, migrate and serve http://127.0.0.1:8080, data in ./var
	@exec $(BIN)/tocsin serve

demo: $(RUN) ## a story that plays by itself, from a deploy to the postmortem
	@exec $(BIN)/python -m tocsin.demo

test: $(TEST) system-packages ## every test, on SQLite and PostgreSQL, in parallel
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

test-long: $(TEST) system-packages ## the same with many more seeds, kills and histories
	TOCSIN_TEST_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --timeout 3600 $(TESTS)

check: $(CHECK) ## format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(CHECK) ## put the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(TEST) system-packages ## measure intake, page delay, memory and fsync
	$(BIN)/python -m bench

wheel: $(RUN) ## dist/tocsin-*.whl, with templates, assets and migrations
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls -l dist/*.whl

lock: ## write the hash-locked requirements anew (needs uv)
	uv pip compile --group build $(LOCKED) -o requirements/build.txt
	uv pip compile pyproject.toml $(LOCKED) -c requirements/build.txt -o requirements/run.txt
	uv pip compile pyproject.toml $(LOCKED) -c requirements/run.txt --extra test -o requirements/test.txt
	uv pip compile pyproject.toml $(LOCKED) -c requirements/test.txt --extra test --extra check -o requirements/check.txt

LOCKED := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

clean: ## remove what make made, but not ./var
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Tocsin needs Python 3.11 or newer, and found none. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >$(VENV).log 2>&1 || { \
		rm -rf $(VENV); cat $(VENV).log >&2; rm -f $(VENV).log; \
		version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo >&2; echo "$(PYTHON) can't make a virtual environment. On Debian or Ubuntu, as root: apt-get install python$$version-venv" >&2; \
		exit 1; }
	@rm -f $(VENV).log

$(RUN): | $(BIN)/python
	@echo "Installing what Tocsin runs on (once; about a minute) …"
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.run-* && touch $@

$(TEST): $(RUN)
	@echo "Installing what the tests need …"
	@$(PIP) --require-hashes -r requirements/test.txt
	@rm -f $(VENV)/.test-* && touch $@

$(CHECK): $(RUN)
	@echo "Installing what the checks need …"
	@$(PIP) --require-hashes -r requirements/check.txt
	@rm -f $(VENV)/.check-* && touch $@

system-packages: # Chromium, Prometheus and Alertmanager, where this user may install them
	@tests/system-packages
