# Everything a developer does here. `make demo` and `make test` need nothing installed but Python 3.11 and make.

SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
UV := UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv
NPM := $(shell command -v npm)
# Development unless the environment or a .env says otherwise.
ifeq ($(wildcard .env),)
export DEBUG ?= 1
endif

.PHONY: demo test test-postgres check lint format types arrows schema migrate migrations worker beat bench frontend deploy-check clean

demo: .venv/runtime frontend  ## the demo shop on http://127.0.0.1:8000, with no service but this process
	@exec $(BIN)/python manage.py demo --port $(PORT)

test: .venv/dev frontend  ## the tests, on the embedded default; those that need services are skipped where there are none
	$(BIN)/python -m pytest -n auto -m "not services and not browser"
	$(BIN)/python -m pytest -m services
	$(BIN)/python -m pytest -m browser  # apart: Playwright keeps an event loop of its own running

test-postgres: .venv/dev  ## the tests that ask a database on PostgreSQL, where it answers on this machine
	@if (exec 3<>/dev/tcp/127.0.0.1/5432) 2>/dev/null; then set -x; \
	  DATABASE_URL=postgres://postgres@127.0.0.1/postgres $(BIN)/python -m pytest -n auto -m "not services and not browser and not embedded"; \
	else echo "PostgreSQL does not answer on 127.0.0.1:5432: the suite ran on SQLite only."; fi

check: test test-postgres lint types arrows deploy-check  ## exactly what CI runs

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/dev
	$(BIN)/mypy config schema notifications accounts catalog ordering workflows benchmarks

arrows: .venv/dev  ## which way imports point
	$(BIN)/lint-imports

schema: .venv/dev  ## writes the committed picture of the API anew
	$(BIN)/python manage.py export_schema schema.root:schema --path schema/schema.graphql

migrate: .venv/runtime
	$(BIN)/python manage.py migrate

migrations: .venv/dev
	$(BIN)/python manage.py makemigrations

worker: .venv/runtime
	$(BIN)/celery -A config worker --loglevel INFO

beat: .venv/runtime
	$(BIN)/celery -A config beat --loglevel INFO

bench: .venv/dev
	$(BIN)/python benchmarks/run.py

deploy-check: .venv/dev  ## migrations are complete, and the production settings pass Django's own checks
	$(BIN)/python manage.py makemigrations --check --dry-run
	DEBUG=0 SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	  ALLOWED_HOSTS=shop.example.com SHOP_URL=https://shop.example.com DATABASE_URL=sqlite:// EMAIL_URL=consolemail:// \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

frontend:
ifeq ($(NPM),)
	@test -e frontend/dist/built || \
	  echo "Node is not installed: the live order board is off, and GraphiQL loads its scripts from the internet."
else
	@$(MAKE) --silent --no-print-directory frontend/dist/built || \
	  echo "The frontend could not be built: the live order board is off, and GraphiQL loads its scripts from the internet."
endif

frontend/dist/built: frontend/package-lock.json frontend/build.mjs $(wildcard frontend/src/*)
	cd frontend && $(NPM) ci --no-audit --no-fund --loglevel=error && node build.mjs
	@touch $@

.venv/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Nexus needs Python 3.11 or newer. Name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@touch $@

.venv/runtime: .venv/uv pyproject.toml uv.lock
	$(UV) sync --frozen --no-dev --inexact --quiet
	@touch $@

.venv/dev: .venv/runtime
	$(UV) sync --frozen --inexact --quiet
	@touch $@

clean:  ## removes what was installed, built and stored here
	rm -rf .venv var frontend/dist frontend/node_modules
