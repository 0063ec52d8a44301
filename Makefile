# Everything here also runs in CI (.ci/run calls `make test`). `make help` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
JOBS ?= 2
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: setup ## start everything here and show it live (FEEDS=my.opml: your feeds, SAMPLE=1: the sample newsroom)
	@$(BIN)/geowire run $(if $(FEEDS),--feeds "$(FEEDS)") $(if $(SAMPLE),--sample)

.PHONY: test
test: setup lint ## lint, strict types, all tests on the real broker
	@$(BIN)/pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder $(PYTEST)

.PHONY: eval
eval: $(READY) ## accuracy on the data below GEOWIRE_EVAL_DATA, into docs/accuracy.md (ONLY="strip topics": some parts)
	@$(BIN)/python -m eval $(ONLY)

.PHONY: bench
bench: setup $(BENCH)/.ready ## benchmarks, into docs/performance.md (ONLY="core stream": some of them; also compression, replay, feeds, stories, takeover, recovery, metrics)
	@$(BENCH)/bin/python -W ignore -m bench $(if $(ONLY),$(ONLY),core stream)

.PHONY: bench-scale
bench-scale: setup $(BENCH)/.ready ## how the cost grows with state, partitions, workers (ONLY=keys: one of them); an hour
	@$(BENCH)/bin/python -W ignore -m bench.scale $(ONLY)

# Quix Streams, which geowire is measured against, wants other versions of what geowire has.
$(BENCH)/.ready: pyproject.toml requirements/bench.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: bench-poll
bench-poll: $(READY) ## the poller under load, into docs/figures/polling.json (ONLY="304 schedule": some phases)
	@$(BIN)/python -W ignore -m bench.polling $(if $(ONLY),$(ONLY),--json docs/figures/polling.json)

.PHONY: chaos
chaos: setup ## everything fails at random for ten minutes, then the books must balance (MINUTES=3 SEED=7)
	@$(BIN)/python -W ignore -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) --json docs/figures/chaos.json

.PHONY: image-check
image-check: ## replay the Dockerfile's steps in a clean directory, without a container engine
	@$(PYTHON) tools/replay_dockerfile.py

.PHONY: secrets
secrets: ## deploy/secrets for docker-compose.yml: passwords drawn at random, kept if they are there
	@mkdir -p -m 700 deploy/secrets
	@for name in console_token grafana_password; do \
	  test -s deploy/secrets/$$name || (umask 022 && $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(24))' > deploy/secrets/$$name); \
	done; echo "deploy/secrets: $$(ls deploy/secrets | xargs)"

.PHONY: simulate-polling
simulate-polling: $(READY) ## 10,000 feeds over a week on a virtual clock, into docs/figures/polling-simulation.json
	@$(BIN)/python -W ignore -m bench.polling.simulate docs/figures/polling-simulation.json

.PHONY: examples
examples: setup ## run the consumers of examples/ on a real Kafka, killed and restarted
	@$(BIN)/pytest tests/integration/test_examples.py

.PHONY: setup
setup: $(READY) ## make .venv, fetch Kafka's jars (idempotent)
	@tools/system-packages
	@$(BIN)/geowire broker fetch

$(READY): pyproject.toml requirements/dev.txt
	@tools/system-packages
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "geowire needs Python 3.11 or newer; found $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: lint
lint: $(READY) ## style, strict types, the rules of the house (who may import whom), generated files up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m schemas --check
	$(BIN)/geowire config --markdown | diff - docs/configuration.md || { echo 'docs/configuration.md is stale: make generate'; exit 1; }
	$(BIN)/python -m streams.asyncapi | cmp -s - schemas/asyncapi.json || { echo 'schemas/asyncapi.json is stale: make generate'; exit 1; }
	$(BIN)/python -m streams.cli.page | diff - docs/cli.md || { echo 'docs/cli.md is stale: make generate'; exit 1; }
	$(BIN)/python -m streams.metrics | diff - docs/metrics.md || { echo 'docs/metrics.md is stale: make generate'; exit 1; }
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

.PHONY: format
format: $(READY) ## format the code, and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: generate
generate: $(READY) ## write the files that derive from code: JSON Schemas, docs/configuration.md, docs/cli.md, docs/metrics.md
generate: $(READY) ## write the files that derive from code: JSON Schemas, AsyncAPI, the client's types, docs/configuration.md, docs/cli.md
	$(BIN)/python -m schemas
	$(BIN)/geowire config --markdown > docs/configuration.md
	$(BIN)/python -m streams.asyncapi > schemas/asyncapi.json
	$(BIN)/python -m streams.cli.page > docs/cli.md
	$(BIN)/python -m streams.metrics > docs/metrics.md

.PHONY: lock
lock: ## resolve the dependencies anew into requirements/*.txt
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -o requirements/run.txt
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header -o requirements/dev.txt
	uv pip compile pyproject.toml --group bench --group dev --universal --generate-hashes --no-emit-index-url --no-header -o requirements/bench.txt

.PHONY: clean
clean: ## remove .venv and caches; the data directory stays
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
