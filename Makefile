# Every target does all of its own set-up: `make demo`, `make test`, `make lint`, `make bench`.
# Needs Python >= 3.11, make and a C library; the rest is installed into .venv (and, for tests, from
# Debian when you are root; otherwise the test that misses a package says which one and is skipped).
PYTHON ?= python3
BIN := .venv/bin
REQ := deploy/requirements
# Every branch of a decision has a test: these run with coverage, and what they cover must be all.
# They compute, a worker a core. The rest waits for programs half of its time: three workers a core. No
# module is in two of them.
DEAL := --dist loadscope --no-loadscope-reorder
COMPUTING := -n auto $(DEAL)
WAITING := -n $(shell expr 3 '*' $$(nproc)) $(DEAL)
CORES := tests/wire tests/edge/core tests/server/core
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What is compiled is kept: without, each worker compiles every test anew (26 s of a core in place of 11).
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test collected lint format bench capacity bench-long faults e2e-long catalogues requirements clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/demo.stamp: $(REQ)/demo.txt pyproject.toml
	@PYTHON=$(PYTHON) .ci/venv demo

.venv/dev.stamp: $(REQ)/dev.txt pyproject.toml
	@PYTHON=$(PYTHON) .ci/venv dev

demo: .venv/demo.stamp ## a shop on this machine: broker, server, three edges, forty shoppers (CAMERA=0, LAN=1)
	@CAMERA=$(CAMERA) LAN=$(LAN) $(BIN)/shopbell-sim demo

test: .venv/dev.stamp ## everything CI runs: lint, types, architecture, tests, end to end
	@.ci/system-packages
	@.ci/node-packages
	@$(MAKE) --no-print-directory --jobs=2 lint collected
	@$(BIN)/pytest -q $(COMPUTING) --cov --cov-report=term-missing:skip-covered $(CORES)
	@$(BIN)/pytest -q $(WAITING) $(addprefix --ignore=,$(CORES))

collected: .venv/dev.stamp # compiled once, beside mypy, which has one core; not once by each worker
	@out=$$($(BIN)/pytest -qq --collect-only 2>&1) || { echo "$$out"; exit 1; }

lint: .venv/dev.stamp ## format, style, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/dev.stamp ## rewrite the sources as the linter wants them
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/dev.stamp ## measure against baselines in the same run; writes tests/bench/RESULTS.md
	@.ci/system-packages
	@PYTHON=$(PYTHON) .ci/bench-venv || echo "The peers could not be installed; the bench will say so." >&2
	@$(BIN)/python -m tests.bench

capacity: .venv/dev.stamp ## what a store costs, under load: a quarter of an hour; writes server/CAPACITY.md
	@.ci/system-packages
	@$(BIN)/python -m tests.bench.capacity

bench-long: .venv/dev.stamp ## resolving tokens among ten million enrolments: four minutes, 3.4 GB; writes nothing
	@$(BIN)/python -m tests.bench --long tokens

faults: .venv/dev.stamp ## long fault injection: kill -9 at random moments, brokers lost, clocks wrong
	@.ci/system-packages
	@$(BIN)/pytest -m faults --override-ini timeout=900

e2e-long: .venv/dev.stamp ## end to end in every combination that `make test` tries one of
	@.ci/system-packages
	@.ci/node-packages
	@$(BIN)/pytest -m long tests/e2e

catalogues: .venv/dev.stamp ## bring the texts of the sources into every language's catalogue; says what is left to translate
	@$(BIN)/python -m tests.catalogues

requirements: ## pin again what pyproject.toml asks for (hashes, no addresses)
	@PYTHON=$(PYTHON) .ci/pin

clean: ## remove what make made
	rm -rf .venv .cache .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
