# Everything a checkout needs: `make demo` and `make test` set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
DEMO_OUT := out
SLOW := slow and not gpu

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow slow-flows slow-others lint format bench poppler postgres clean

help:
	@echo "make demo       read the sample documents into $(DEMO_OUT)/"
	@echo "make test       run the tests"
	@echo "make test-slow  run the tests that take longer than a few seconds"
	@echo "make lint       check style and types"
	@echo "make format     put the code into its usual shape"
	@echo "make bench      measure; see benchmarks/RESULTS.md"
	@echo "make clean      remove the virtual environment, caches and the demo's output"

demo: $(INSTALLED) poppler
	@echo "Reading sample_docs/inbox. One file there is broken on purpose, so one failure is expected."
	@FIELDREADER_STATE_DIR=$(DEMO_OUT)/state $(BIN)/fieldreader run sample_docs/inbox --output $(DEMO_OUT) \
		--templates sample_docs/templates --overlays $(DEMO_OUT)/overlays --again || test $$? -eq 4
	@echo
	@echo "A page with its readings drawn in: $$(ls $(DEMO_OUT)/overlays/*clean*.jpg | head -n 1)"
	@echo "The fields left to a person, in your browser (docs/review.md):"
	@echo "  FIELDREADER_STATE_DIR=$(DEMO_OUT)/state $(BIN)/fieldreader review --templates sample_docs/templates"

test: $(INSTALLED_DEV)
	@$(BIN)/python -m pytest

# Tests of flows wait for a server most of the time, so the others run beside them.
test-slow: $(INSTALLED_DEV)
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target slow-flows slow-others

slow-flows: $(INSTALLED_DEV)
	@$(BIN)/python -m pytest -m "$(SLOW)" tests/flows

slow-others: $(INSTALLED_DEV)
	@$(BIN)/python -m pytest -m "$(SLOW)" --ignore=tests/flows

lint: $(INSTALLED_DEV)
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --no-cache --check .
	@$(BIN)/mypy

format: $(INSTALLED_DEV)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED_DEV)
	@test -n "$$FIELDREADER_DATA" || { echo "Name the folder of the data sets in FIELDREADER_DATA."; exit 2; }
	@$(BIN)/python -m benchmarks.real_fields

clean:
	rm -rf $(VENV) $(DEMO_OUT) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --- set-up: done once, and again when a requirement changes ---------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "fieldreader needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); $(call apt_install,python3-venv) && $(PYTHON) -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo "Python cannot make virtual environments; install the package python3-venv."; exit 1; }

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing fieldreader into $(VENV); the first time takes a few minutes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing fieldreader and its tests' tools into $(VENV); the first time takes a few minutes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(INSTALLED) $@

postgres:
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || $(call apt_install,postgresql) \
		|| echo "PostgreSQL is not installed, so the tests on it are skipped: apt-get install postgresql"

poppler:
	@command -v pdftoppm > /dev/null || $(call apt_install,poppler-utils) \
		|| echo "poppler is not installed. Only PDF files that the first engine refuses need it: apt-get install poppler-utils"

# Installs a Debian package when that is possible: as root and with apt-get. Quiet; false when it did not work.
apt_install = { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	&& { apt-get install -y -qq $(1) || { apt-get update -qq && apt-get install -y -qq $(1); }; } > /dev/null 2>&1; }
