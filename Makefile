# The project's commands. `make help` lists them.
PYTHON ?= python3
STACK ?= dev
FORMAT ?= text
AGAINST ?=
# What a caller gives, a branch's name for instance, is text: neither make nor the shell may find commands in it.
override STACK := $(value STACK)
override FORMAT := $(value FORMAT)
override AGAINST := $(value AGAINST)
override LOAD := $(value LOAD)
override PR := $(value PR)
override TO := $(value TO)
override FROM := $(value FROM)
override IMAGE := $(value IMAGE)
override SECTION := $(value SECTION)
override EVENT := $(value EVENT)
override REPORTS := $(value REPORTS)
override BRANCH := $(value BRANCH)
override INFRASTRUCTURE := $(value INFRASTRUCTURE)
override REGION := $(value REGION)
override REPOSITORY := $(value REPOSITORY)
override REVERT_PULL_REQUEST := $(value REVERT_PULL_REQUEST)
override THROW_AWAY := $(value THROW_AWAY)
override REFRESH := $(value REFRESH)
override IF_LEFT := $(value IF_LEFT)
override UNLOCK := $(value UNLOCK)
override ONLY := $(value ONLY)
override TIMES := $(value TIMES)
override CONFIRM := $(value CONFIRM)
override OUT := $(value OUT)
export STACK FORMAT AGAINST LOAD PR TO FROM IMAGE SECTION EVENT REPORTS BRANCH INFRASTRUCTURE REGION REPOSITORY REVERT_PULL_REQUEST THROW_AWAY REFRESH IF_LEFT UNLOCK ONLY CONFIRM TIMES OUT
# A switch that is misspelt must not be one that is off.
$(foreach switch,INFRASTRUCTURE REFRESH IF_LEFT UNLOCK THROW_AWAY,$(if $(filter-out yes,$($(switch))),\
	$(error $(switch) takes yes or nothing)))
VENV := .venv
RUN := $(VENV)/bin/python
# Of kind 0.33: https://github.com/kubernetes-sigs/kind/releases
KIND_IMAGE := kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo; echo "  STACK is dev unless it is given. python -m delivery <command> --help says what each command takes."

.PHONY: preview
preview: $(VENV)/installed ## Show the whole plan of STACK and its cost (at LOAD requests a second), offline; with AGAINST, what changes
	@$(RUN) -m offline preview --stack="$$STACK" --format="$$FORMAT" $${AGAINST:+--against="$$AGAINST"} $${LOAD:+--load="$$LOAD"}

.PHONY: report
report: $(VENV)/installed ## Write a page about STACK into .reports or OUT, to look at in a browser; LOAD and AGAINST as in preview
	@$(RUN) -m report --stack="$$STACK" $${AGAINST:+--against="$$AGAINST"} $${LOAD:+--load="$$LOAD"} $${OUT:+--out="$$OUT"}

.PHONY: test
test: $(VENV)/installed-dev ## Run every test, on all cores
	@$(RUN) -m pytest --numprocesses=auto --dist=worksteal

.PHONY: fuzz
fuzz: $(VENV)/installed-dev ## Try hostile input at length: TIMES as much as the tests do (20)
	@case "$${TIMES:-20}" in [!1-9]*|*[!0-9]*|?????*) echo "TIMES takes a whole number from 1 to 9999: make fuzz TIMES=100" >&2; exit 2;; esac
	@FUZZ="$${TIMES:-20}" $(RUN) -m pytest --numprocesses=auto --dist=worksteal --hypothesis-profile=default \
		tests/test_hostile_*.py app/tests/test_hostile*.py

.PHONY: check
check: $(VENV)/installed-dev $(VENV)/scanners ## Check format, lint and types, and ask scanners about all that is deployed
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/mypy app
	@$(RUN) -m scan

.PHONY: audit
audit: $(VENV)/installed-dev $(VENV)/scanners ## Ask PyPI about known vulnerabilities of every locked package
	@$(RUN) -m scan audit

.PHONY: format
format: $(VENV)/installed-dev ## Format the code, and mend what the linter can
	@$(VENV)/bin/ruff check --fix --quiet .
	@$(VENV)/bin/ruff format --quiet .

.PHONY: bench
bench: $(VENV)/installed-dev ## Measure speed and memory, as ratios within the run; ONLY=preview,suite for some
	@$(RUN) -m bench $${ONLY:+--only="$$ONLY"}

.PHONY: run
run: $(VENV)/installed-dev ## Start the service on this machine
	@cd app && HOST=127.0.0.1 SHUTDOWN_DELAY_SECONDS=0 ../$(RUN) -m helloworld

# Delivery: laptop and pipeline alike. The signals that a cancelled pipeline sends have to reach Python, hence exec.
DELIVERY := exec $(RUN) -m delivery

.PHONY: bootstrap
bootstrap: $(VENV)/installed ## Once per account: state bucket, key, roles
	@$(DELIVERY) bootstrap $${REGION:+--region="$$REGION"} $${REPOSITORY:+--repository="$$REPOSITORY"} \
		$(if $(filter yes,$(UNLOCK)),--unlock)

.PHONY: preflight
preflight: $(VENV)/installed ## Ask what would stop the first up of STACK; changes nothing
	@$(DELIVERY) preflight --stack="$$STACK"

.PHONY: deploy
deploy: $(VENV)/installed ## Deploy STACK and test it; INFRASTRUCTURE=yes keeps its image, REFRESH=yes mends drift
	@$(DELIVERY) deploy --stack="$$STACK" $(if $(filter yes,$(INFRASTRUCTURE)),--infrastructure) \
		$(if $(filter yes,$(REFRESH)),--refresh)

.PHONY: promote
promote: $(VENV)/installed ## Roll out on STACK the image that FROM runs, or IMAGE
	@$(DELIVERY) promote --stack="$$STACK" $${FROM:+--from="$$FROM"} $${IMAGE:+--image="$$IMAGE"}

.PHONY: rollback
rollback: $(VENV)/installed ## Bring back on STACK the image before, or TO (digest or commit)
	@$(DELIVERY) rollback --stack="$$STACK" $${TO:+--to="$$TO"}

.PHONY: smoke
smoke: $(VENV)/installed ## Test whether STACK answers as it should
	@$(DELIVERY) smoke --stack="$$STACK"

.PHONY: drift
drift: $(VENV)/installed ## Compare STACK's cloud and program, and keep one issue about it
	@$(DELIVERY) drift --stack="$$STACK"

.PHONY: destroy
destroy: $(VENV)/installed ## Delete everything in STACK, and say what is left; CONFIRM=its name, without a terminal
	@$(DELIVERY) destroy --stack="$$STACK" $${CONFIRM:+--confirm="$$CONFIRM"}

.PHONY: residue
residue: $(VENV)/installed ## Say what AWS still has of STACK
	@$(DELIVERY) residue --stack="$$STACK"

.PHONY: unlock
unlock: $(VENV)/installed ## Remove the lock that a killed update of STACK has left
	@$(DELIVERY) unlock --stack="$$STACK" $(if $(filter yes,$(IF_LEFT)),--if-left)

.PHONY: review
review: $(VENV)/installed ## Make or update the review environment of PR
	@$(DELIVERY) review --pr="$$PR"

.PHONY: review-destroy
review-destroy: $(VENV)/installed ## Delete the review environment of PR
	@$(DELIVERY) review-destroy --pr="$$PR"

.PHONY: review-sweep
review-sweep: $(VENV)/installed ## Delete review environments that are closed or too old
	@$(DELIVERY) review-sweep

.PHONY: preview-cloud
preview-cloud: $(VENV)/installed ## Preview STACK on the engine, into .reports
	@$(DELIVERY) preview --stack="$$STACK"

.PHONY: summary
summary: $(VENV)/installed ## Preview dev and prod offline, into .reports; with AGAINST, what changes
	@$(DELIVERY) summary $${AGAINST:+--against="$$AGAINST"}

.PHONY: comment
comment: $(VENV)/installed ## Put SECTION of .reports (check or preview) into the comment of PR
	@$(DELIVERY) comment $${SECTION:+--section="$$SECTION"} $${PR:+--pr="$$PR"} $${EVENT:+--event="$$EVENT"} \
		$${REPORTS:+--reports="$$REPORTS"}

.PHONY: targets
targets: $(VENV)/installed ## Print what a push to BRANCH deploys
	@$(DELIVERY) targets --branch="$$BRANCH"

.PHONY: kind
kind: ## Make a local cluster with kind, of the Kubernetes version that the stacks run
	@kind create cluster --name helloworld --wait 180s --image $(KIND_IMAGE)

.PHONY: up
up: $(VENV)/installed ## Deploy STACK=local to kubectl's current context
	@$(DELIVERY) up --stack="$$STACK"

.PHONY: local-check
local-check: $(VENV)/installed ## Deploy, test, break, recover and destroy STACK=local
	@$(DELIVERY) local-check --stack="$$STACK"

.PHONY: rehearse
rehearse: $(VENV)/installed ## The life of STACK on a real engine, without an account; THROW_AWAY=yes for an unknown cluster
	@exec $(RUN) -m rehearsal --stack="$$STACK" $(if $(filter yes,$(THROW_AWAY)),--context-is-throw-away)

.PHONY: lock
lock: $(VENV)/installed-dev ## Renew the lock files from the *.in files
	@for name in app/requirements requirements requirements-dev requirements-scan; do \
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

# checkov and others pin packages that the program has in other versions.
$(VENV)/scanners: requirements-scan.txt | $(VENV)/python
	@echo "Installing the scanners into $(VENV)/scan, about a minute the first time ..." >&2
	@$(PYTHON) -m venv $(VENV)/scan
	@$(VENV)/scan/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-scan.txt
	@touch $@
