# `make` alone prints what there is. Every target sets up what it needs by itself.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build layer demo test lint format bench publish lock clean

BIN := .venv/bin
# Folders that hold Python; those of later issues count as soon as they exist.
CODE := $(wildcard layer wrapper local tools tests examples benchmarks)
GUEST := layer wrapper/sitecustomize.py
TYPED := $(wildcard local tools tests examples/demo benchmarks)
SHELLS := build.sh .ci/run wrapper/xray-instrument tools/setup.sh tools/launcher.sh $(wildcard tests/kit/*.sh)
PYTEST_ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv with everything for tests, lint and the demo (quick when it is there)
	@tools/setup.sh
	@tools/launcher.sh

build: ## Make build/xray-instrument-layer.zip, and the same tree unpacked in build/opt
	@./build.sh

layer:
	@./build.sh --quiet

demo: setup layer ## Run two unmodified functions with the layer and a local X-Ray; print their traces and map
	@PYTHONPATH=local $(BIN)/python -m examples.demo

test: setup layer ## Run the tests; PYTEST_ARGS="-k header" for some
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 $(PYTEST_ARGS)

lint: setup ## Check style, types and shell scripts
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy --python-version 3.10 $(GUEST)
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/shellcheck $(SHELLS)

format: setup ## Format the code and mend what can be mended without thought
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: setup layer ## Measure cold start, warm invocations and memory against a bare function
	@$(BIN)/python -m benchmarks

publish: setup layer ## Publish the layer: REGIONS="eu-west-1 us-east-1" [DRY_RUN=1] [NAME=...] [PUBLIC=1]
	@$(BIN)/python -m tools.publish $(if $(DRY_RUN),--dry-run) $(if $(NAME),--name $(NAME)) $(if $(PUBLIC),--public) $(REGIONS)

lock: ## Resolve requirements/dev.in anew into requirements/dev.txt (takes minutes)
	@tools/lock.sh

clean: ## Remove what was built; .venv and .cache stay
	rm -rf build .mypy_cache .ruff_cache .pytest_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
