# Two commands matter: `make demo` and `make test`. Both set up what they need in .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-browser check bench clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Without byte code, which would be 150 MB: a first build has Python write it for what is used.
INSTALL := $(PIP) install --quiet --no-compile -c constraints.txt
# A process for every CPU; the tests of a file stay together, as they share what is dear to make.
PYTEST := $(BIN)/pytest -n logical --dist loadfile
WORK := datasets/work/demo
RELEASES := datasets/releases

help: ## show this text
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(VENV)/.runtime ## what `merr` needs, in .venv

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || python3 -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit("merr needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PIP) uninstall -qq --yes setuptools

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "setting up .venv (once; a few minutes)"
	$(INSTALL) -e .
	$(BIN)/merr engines install mesh
	$(BIN)/merr engines install prosody
	first=$$(mktemp -d)
	trap 'rm -rf "$$first"' EXIT
	cp datasets/demo/smile.mp4 "$$first"
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/merr build "$$first" --work "$$first/work" >"$$first/said" 2>&1 \
		|| { cat "$$first/said"; exit 1; }
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(INSTALL) -e '.[dev]'
	touch $@

$(VENV)/.extras: $(VENV)/.dev
	@$(INSTALL) -e '.[asr,egemaps,review,serve,train]'
	touch $@

demo: $(VENV)/.runtime ## build, publish and verify the clips of datasets/demo
	@$(BIN)/python -m flows.demo datasets/demo --work $(WORK) --to $(RELEASES)

test: $(VENV)/.dev ## the fast tests
	@$(PYTEST)

test-all: $(VENV)/.dev $(VENV)/.extras ## the fast tests and the slow ones: kills, whole builds, mutants, extras
	@$(PYTEST) -m ''

test-browser: $(VENV)/.dev ## the page of reviews in Debian's chromium; pictures in build/review-shots
	@$(BIN)/pytest -m browser tests/review/browser

check: $(VENV)/.dev ## exactly what a change must pass: format, lint, types, layers, fast tests
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

bench: $(VENV)/.dev ## measure, and write docs/benchmarks.md: make bench CLIPS=folder OPENFACE=folder [ONLY='rerun.py ...']
	@$(BIN)/python benchmarks/run_all.py '$(CLIPS)' '$(OPENFACE)' $(ONLY)

clean: ## remove .venv, the demo's work and its release
	@rm -rf $(VENV) $(WORK) $(RELEASES) build/review-shots
