# The project's commands. `make help` lists them.
PYTHON ?= python3
STACK ?= dev
FORMAT ?= text
AGAINST ?=
# What a caller gives, a branch's name for instance, is text: neither make nor the shell may find commands in it.
override STACK := $(value STACK)
override FORMAT := $(value FORMAT)
override AGAINST := $(value AGAINST)
export STACK FORMAT AGAINST
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo; echo "  STACK=dev  FORMAT=text|json|md  AGAINST=<git revision>  are for make preview"

.PHONY: preview
preview: $(VENV)/installed ## Show the whole plan of STACK, offline; with AGAINST, what changes
	@$(RUN) -m offline preview --stack="$$STACK" --format="$$FORMAT" $${AGAINST:+--against="$$AGAINST"}

.PHONY: test
test: $(VENV)/installed-dev ## Run every test
	@$(RUN) -m pytest

.PHONY: check
check: $(VENV)/installed-dev ## Check format, lint and types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/mypy app

.PHONY: format
format: $(VENV)/installed-dev ## Format the code, and mend what the linter can
	@$(VENV)/bin/ruff check --fix --quiet .
	@$(VENV)/bin/ruff format --quiet .

.PHONY: bench
bench: $(VENV)/installed-dev ## Measure speed and memory, as ratios within the run
	@$(RUN) -m bench

.PHONY: run
run: $(VENV)/installed-dev ## Start the service on this machine
	@cd app && HOST=127.0.0.1 SHUTDOWN_DELAY_SECONDS=0 ../$(RUN) -m helloworld

.PHONY: lock
lock: $(VENV)/installed-dev ## Renew the lock files from the *.in files
	@for name in app/requirements requirements requirements-dev; do \
		$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate $$name.in --output-file $$name.txt; \
	done

.PHONY: clean
clean: ## Remove what the commands have installed and cached
	rm -rf $(VENV) .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is not. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: requirements.txt | $(VENV)/python
	@echo "Installing the program's packages into $(VENV), about a minute the first time ..." >&2
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt | $(VENV)/python
	@echo "Installing the development packages into $(VENV), about a minute the first time ..." >&2
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/installed
