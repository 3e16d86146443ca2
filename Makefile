# `make` alone prints what there is. Every target sets up what it needs by itself.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build layer demo pictures test fuzz lint format bench publish lock clean

BIN := .venv/bin
# Folders that hold Python; those of later issues count as soon as they exist.
CODE := $(wildcard layer wrapper local tools tests examples benchmarks)
GUEST := layer wrapper/sitecustomize.py
TYPED := $(wildcard local tools tests examples/demo benchmarks)
SHELLS := build.sh .ci/run wrapper/xray-instrument tools/setup.sh tools/launcher.sh $(wildcard tests/kit/*.sh)
PYTEST_ARGS ?=
CASES ?= 20000
FUZZERS := tests/local/server/test_fuzz.py tests/local/server/test_fuzz_running.py tests/local/filters/test_parser.py tests/local/filters/test_sql.py
# What `make bench` measures: nothing for all, "layer", "local", or single parts.
WHAT ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv with everything for tests, lint and the demo (quick when it is there)
	@tools/setup.sh
	@tools/launcher.sh

build: ## Make build/xray-instrument-layer.zip, and the same tree unpacked in build/opt
	@./build.sh

layer:
	@./build.sh --quiet

demo: setup layer ## Run three unmodified functions with the layer on xray-local; print their traces and map
	@PYTHONPATH=local $(BIN)/python -m examples.demo

pictures: setup layer ## Take the documentation's pictures of the page, with the demo's traces; wants Chromium
	@PYTHONPATH=local $(BIN)/python -m tools.pictures

test: setup layer ## Run the tests; PYTEST_ARGS="-k header" for some
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 $(PYTEST_ARGS)

# One process: each fuzzer keeps a core busy. Random anew with every run; what fails says how to see it again.
fuzz: setup ## Try hostile datagrams, requests, filters: CASES=20000 of the quickest, minutes
	@XRAY_LOCAL_FUZZ=$(CASES) $(BIN)/python -m pytest -q --durations=0 --durations-min=1 $(FUZZERS) $(PYTEST_ARGS)

lint: setup ## Check style, types and shell scripts
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy --python-version 3.10 $(GUEST)
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/shellcheck $(SHELLS)

format: setup ## Format the code and mend what can be mended without thought
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: setup layer ## Measure the layer, xray-local and its page; WHAT=layer, local or page for one, WHAT="page --write" for its table
	@$(BIN)/python -m benchmarks $(WHAT)

publish: setup layer ## Publish the layer: REGIONS="eu-west-1 us-east-1" [DRY_RUN=1] [NAME=...] [PUBLIC=1]
	@$(BIN)/python -m tools.publish $(if $(DRY_RUN),--dry-run) $(if $(NAME),--name $(NAME)) $(if $(PUBLIC),--public) $(REGIONS)

lock: ## Resolve requirements/dev.in anew into requirements/dev.txt (takes minutes)
	@tools/lock.sh

clean: ## Remove what was built; .venv and .cache stay
	rm -rf build .mypy_cache .ruff_cache .pytest_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
