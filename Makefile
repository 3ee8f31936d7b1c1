# Everything a person or CI does here. A fresh machine needs Python 3.11 or newer, make and a C toolchain.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := $(BIN)/uv

.DEFAULT_GOAL := help
.PHONY: help demo test check lint format types imports docstrings prove docs lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## the whole job on a simulated company: make demo DEMO_ARGS="--seed 7"
	$(BIN)/uptier demo $(DEMO_ARGS)

# A file's tests stay together: they share what was costly to make. Files begin in the order of tests/conftest.py.
test: $(STAMP) ## all tests, warnings as errors: make test TEST_ARGS="-k seats"
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(TEST_ARGS)

check: lint format types imports docstrings ## every lint, one after the other

lint: $(STAMP)
	$(BIN)/ruff check

format: $(STAMP)
	$(BIN)/ruff format --check

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports --no-logo

# In a family all functions take the same arguments, and a docstring is a page of docs/signals.md: no PR01 there.
# In cli/ a docstring is what --help says, and each option has a help text of its own: no PR01 there either.
# The command, not `python -m numpydoc.hooks.validate_docstrings`: that one checks nothing and exits 0.
docstrings: $(STAMP)
	find src -name '*.py' -not -path '*/families/*' -not -path '*/cli/*' -print0 | xargs -0 $(BIN)/numpydoc lint
	find src -name '*.py' -path '*/families/*' -print0 | xargs -0 -r $(BIN)/numpydoc lint --ignore PR01
	find src -path '*/cli/*' -name '*.py' -print0 | xargs -0 -r $(BIN)/numpydoc lint --ignore PR01

prove: $(STAMP) ## every measured claim at its stated size: make prove PROVE_ARGS="name ..."
	$(BIN)/python benchmarks/prove.py $(PROVE_ARGS)

docs: $(STAMP) ## the generated pages in docs/ and data/
	$(BIN)/uptier docs

# keeps the versions that are there where it can; newest: make lock LOCK_ARGS=--upgrade
lock: $(UV) ## requirements.lock from pyproject.toml
	$(UV) pip compile -q pyproject.toml --group dev --generate-hashes --no-annotate --python-version 3.11 \
		--custom-compile-command "make lock" $(LOCK_ARGS) -o requirements.lock

clean: ## what the targets above have made, .venv too
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is removed first and written last: an installation that was killed is begun anew.
# Bytecode is compiled now, since PYTHONDONTWRITEBYTECODE may be set later: without it every start takes half a minute.
# The project itself cannot carry a hash, so it comes second.
$(STAMP): requirements.lock pyproject.toml
	@test -f $@ || rm -rf $(VENV)
	@$(MAKE) --no-print-directory $(UV)
	@rm -f $@
	UV_COMPILE_BYTECODE=1 $(UV) pip sync -q --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# uv is pinned by the lock like everything else; only a lock that has lost it gets the newest
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "uptier needs Python 3.11 or newer; '$(PYTHON)' is not. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.txt || true
	@if [ -s $(VENV)/uv.txt ]; then set -- --require-hashes -r $(VENV)/uv.txt; else set -- uv; fi; \
		$(BIN)/python -m pip install -q --disable-pip-version-check "$$@"
