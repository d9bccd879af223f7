# One way in: every target makes what it needs first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: setup run test test-fast soak bench lock lint

PYTHON ?= python3
BIN := .venv/bin

setup: .venv/.runtime
run: .venv/.runtime
	@exec $(BIN)/python -m eoffice.run
test: .venv/.dev
	@exec $(BIN)/python tests/run.py all
test-fast: .venv/.dev
	@exec $(BIN)/python tests/run.py fast
soak: .venv/.dev
	@exec $(BIN)/python -m tests.faults.storm --documents $${DOCUMENTS:-2000} $${SEED:+--seed $$SEED}
bench: .venv/.dev
	@exec $(BIN)/python -m bench
lint: .venv/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

# uv comes from pip and then installs the rest, in seconds instead of a minute.
.venv/.uv:
	@command -v git >/dev/null || { echo "git is missing: apt-get install git"; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3 has no venv: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@
.venv/.runtime: requirements/runtime.lock .venv/.uv
	@.venv/bin/python -m uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/runtime.lock
	@touch $@
.venv/.dev: requirements/dev.lock .venv/.runtime
	@.venv/bin/python -m uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.lock
	@touch $@

# Lock files carry hashes and no host name.
lock:
	$(BIN)/python -m uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --python-version 3.11 setup.cfg -o requirements/runtime.lock
	$(BIN)/python -m uv pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.11 --extra dev -c requirements/runtime.lock setup.cfg -o requirements/dev.lock
	echo uv | $(BIN)/python -m uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header - -o requirements/uv.lock
