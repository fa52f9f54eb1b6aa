# `make help` lists what there is. PYTHON chooses the interpreter that .venv is made with.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
PYTEST_ARGS ?=
# Two processes, each with a PostgreSQL and a Chromium of its own; 0 runs all in one.
TEST_PROCESSES ?= 2
# Numbers of clients that `make bench` measures; a million takes some ten minutes.
SIZES ?= 10000 100000
DATABASES ?= postgresql sqlite

BIN := .venv/bin
STAMP := .venv/set-up
PLUGINS := $(patsubst %/setup.cfg,%,$(wildcard plugins/*/setup.cfg))
PLUGIN_PACKAGES := $(dir $(wildcard plugins/*/trato_*/py.typed))
METADATA := $(wildcard core/setup.cfg core/pyproject.toml core/tools/*.py) \
    $(PLUGINS:%=%/setup.cfg) $(PLUGINS:%=%/pyproject.toml)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test soak shots pictures bench audit docs lint format lock dist wheelhouse clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP) ## make .venv with Trato, its plugins and the tools

# Only what the lock names, by hash. Core is built in isolation, as its build brings Node where
# npm is missing; the plugins are built with the locked setuptools, which is much faster.
$(STAMP): requirements.lock $(METADATA) $(wildcard frontend/package-lock.json frontend/assets.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Trato needs Python 3.11 or newer; name one: make setup PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable core
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation $(PLUGINS:%=--editable %)
	$(BIN)/python -m pip check
	@touch $@

demo: setup ## fill a demo company and serve it
	$(BIN)/trato demo --port $(PORT)

test: setup ## run every test: SQLite, PostgreSQL, browser
	tools/install-browser
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) $(PYTEST_ARGS)

soak: setup ## run what is too long for "test": full sizes, load and faults; prints figures
	tools/install-browser
	tools/install-servers
	$(BIN)/python -m pytest -m soak -s --durations=15 $(PYTEST_ARGS)

shots: setup ## draw every page into shots/: light, dark and on a phone
	tools/install-browser
	$(BIN)/python tests/browser/shots.py

pictures: setup ## take the pictures of the help again
	tools/install-browser
	$(BIN)/python tests/browser/pictures.py

bench: setup ## measure Trato beside a bare page: make bench SIZES="10000 1000000"
	$(BIN)/python -m benchmarks --sizes "$(SIZES)" --databases "$(DATABASES)"

audit: setup ## ask Lighthouse of the large demo's pages; the reports lie in build/audit/
	tools/install-browser
	cd frontend/audit && npm ci --silent --ignore-scripts
	$(BIN)/python frontend/audit/audit.py $(AUDIT_ARGS)

docs: setup ## build the documentation as a site into build/docs/
	$(BIN)/sphinx-build -q -E -W --keep-going -c docs . build/docs

lint: setup ## check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict --cache-dir .mypy_cache/strict core/trato host.py
	$(BIN)/mypy $(PLUGIN_PACKAGES)
	$(BIN)/lint-imports --config setup.cfg

format: setup ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# uv writes the hashes of all platforms, which pip cannot. It is not needed otherwise, so it is
# kept out of .venv. Our own distributions come from the checkout and are not locked.
lock: build/uv/bin/uv ## resolve the newest allowed versions into requirements.lock
	{ echo "-e ./core[testing]"; printf -- '-e ./%s\n' $(PLUGINS); } > build/checkout.in
	build/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	    $(PLUGINS:plugins/%=--no-emit-package trato-%) --no-emit-package trato \
	    --output-file requirements.lock requirements.in build/checkout.in

build/uv/bin/uv:
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet uv

# Set-up has put the browser's files in place, so nothing is fetched. What an earlier build left
# would come along.
dist: setup ## build a wheel of each distribution into dist/, without network
	rm -rf dist core/build $(PLUGINS:%=%/build)
	$(BIN)/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation \
	    --wheel-dir dist ./core $(PLUGINS:%=./%)

# The lock's versions, by hash, for this machine's Python and system. Whoever writes plugins there
# takes what the tests need along: make wheelhouse NEEDED="trato[testing] setuptools ruff mypy"
NEEDED ?= trato
wheelhouse: dist ## fetch what Trato needs into dist/third-party/, for machines without network
	$(BIN)/python tools/locked.py $(NEEDED) $(PLUGINS:plugins/%=trato-%) > dist/third-party.txt
	$(BIN)/python -m pip download --quiet --no-deps --require-hashes --only-binary :all: \
	    --requirement dist/third-party.txt --dest dist/third-party

clean: ## remove what was built and cached, but not .venv
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf core/build $(PLUGINS:%=%/build)
