# Everything here works on a fresh machine with Python 3.11 or newer: each target first prepares what it needs.
# On a system without make, the README has the plain commands.

REQUIREMENTS ?= requirements.txt
PORT ?=
ENVIRONMENT := PYTHON="$(PYTHON)" sh tools/environment.sh
PYTHON_HERE := .venv/bin/python
TOGETHER := -n logical --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run test quick check bench export gallery data clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\): ## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-8s %s\n", $$1, $$2 }'

run: ## Open the dashboard in the browser (PORT=8600, REQUIREMENTS=requirements-charts.txt to go without torch)
	@$(ENVIRONMENT) $(REQUIREMENTS)
	@$(PYTHON_HERE) -m tools.ten_papers run $(if $(PORT),--port $(PORT))

test: ## Run every test, doctests and browser journeys included (TESTS="tests/test_scaling.py -x" for some)
	@$(ENVIRONMENT) requirements-dev.txt
	@browser=$$($(PYTHON_HERE) -m tools.ensure_browser) && env $${browser:+BROWSER_PATH="$$browser"} $(PYTHON_HERE) -m pytest $(or $(TESTS),$(TOGETHER))

quick: ## Run the tests that need no browser, torch, Ray or lm_eval, in a small environment of their own
	@VENV=.venv-quick $(ENVIRONMENT) requirements-quick.txt
	@.venv-quick/bin/python -m pytest --quick $(or $(TESTS),$(TOGETHER))

check: ## Look for mistakes and loose formatting without running the code (ruff, mypy)
	@$(ENVIRONMENT) requirements-dev.txt
	@$(PYTHON_HERE) -m ruff check .
	@$(PYTHON_HERE) -m ruff format --check .
	@$(PYTHON_HERE) -m mypy

bench: ## Measure the fits and the sliders beside a peer; prints a table, asserts nothing
	@$(ENVIRONMENT) requirements-dev.txt
	@browser=$$($(PYTHON_HERE) -m tools.ensure_browser) && env $${browser:+BROWSER_PATH="$$browser"} $(PYTHON_HERE) -m tests.bench $(BENCH)

export: ## Write every figure in every format (OUT=exports, PANEL=scaling.tokens_per_param, FORMAT=svg)
	@$(ENVIRONMENT) $(REQUIREMENTS)
	@$(PYTHON_HERE) -m analysis.export $(or $(PANEL),all) --format $(or $(FORMAT),all) --out $(or $(OUT),exports)

gallery: ## Write all figures and one page that shows them (OUT=gallery, FORMAT=csv for fewer files)
	@$(ENVIRONMENT) $(REQUIREMENTS)
	@$(PYTHON_HERE) -m tools.gallery --out $(or $(OUT),gallery) $(if $(FORMAT),--format $(FORMAT))

data: ## Rebuild data/derived/ from the source tables
	@$(ENVIRONMENT) $(REQUIREMENTS)
	@$(PYTHON_HERE) -m analysis.build

clean: ## Remove the environment, exports and caches; tables and your own runs stay
	rm -rf .venv .venv-quick exports gallery .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
