# Every verb first makes the environment it needs (scripts/bootstrap). `make test PYTHON=3.13` uses another interpreter,
# `make test ARGS="-k limiter"` hands arguments on.
PYTHON ?=
ARGS ?=
VENV := .venv$(addprefix -,$(notdir $(PYTHON)))
BIN := $(VENV)/bin
BOOTSTRAP := VENV=$(VENV) PYTHON=$(PYTHON) scripts/bootstrap

.DEFAULT_GOAL := help
.PHONY: help demo test lint check format bench docs notebooks pictures lock api release-check clean

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile

demo: ## run a real model over real text: a killed run is resumed, a second run calls nothing
	@$(BOOTSTRAP) demo
	@$(BIN)/python examples/quickstart.py $(ARGS)

test: ## run every test
	@$(BOOTSTRAP) test
	$(BIN)/python -m pytest $(ARGS)

check: lint test ## lint, then run every test

lint: ## check format, lint, types and who imports whom
	@$(BOOTSTRAP) test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/basedpyright --level error

format: ## format the code and mend what the linter can
	@$(BOOTSTRAP) test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: ## measure against the peers, interleaved in one run
	@$(BOOTSTRAP) bench
	$(BIN)/python -m benchmarks $(ARGS)

docs: ## build the site into build/site; run every block of README and docs, and every example
	@$(BOOTSTRAP) test
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	$(BIN)/python -m pytest tests/workspace/test_documents*.py tests/workspace/test_examples.py $(ARGS)

notebooks: ## run the recipes' notebooks from clean kernels and keep what they put out; ARGS names some
	@$(BOOTSTRAP) test
	$(BIN)/python tests/recipes/notebooks.py $(ARGS)

lock: ## pin the newest versions that fit
	@scripts/lock --upgrade

pictures: ## take the pictures of docs/images anew
	@$(BOOTSTRAP) test
	$(BIN)/python scripts/pictures

api: ## write down the public names and signatures anew
	@$(BOOTSTRAP) test
	$(BIN)/python tests/workspace/public.py

release-check: ## prove that tags, changelog and metadata tell of one release
	@$(BOOTSTRAP) test
	$(BIN)/python scripts/release-check

clean: ## remove what the verbs made
	rm -rf .bench .venv .venv-* .uv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
