# safelight: `make help` lists everything.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
export UV_LINK_MODE ?= copy

.PHONY: help install check test format lock clean

help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/uv: requirements/bootstrap.txt
	@python3 -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.installed: requirements/dev.txt $(BIN)/uv
	@echo "Installing Python packages (pinned by hash) …"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

$(VENV)/.built: pyproject.toml $(RUST_SOURCES) $(VENV)/.installed
	@echo "Building the native core …"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/maturin develop --release --locked --quiet --uv
	@touch $@

install: $(VENV)/.built  ## install everything pinned and build the native core

check: install  ## lint, types, import rules (Python and Rust)
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	cargo fmt --all --check
	cargo clippy --workspace --locked --quiet -- -D warnings

test: install  ## run every test
	cargo test --workspace --locked --quiet
	$(BIN)/pytest

format:  ## format the sources
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests
	cargo fmt --all

lock: $(BIN)/uv  ## pin all packages again, by version and hash, without addresses
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate requirements/bootstrap.in -o requirements/bootstrap.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate pyproject.toml --group dev -o requirements/dev.txt

clean:  ## remove what was built
	rm -rf build target $(VENV)
