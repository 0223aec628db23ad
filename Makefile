# Every target makes .venv when it is missing or older than the files that define it.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo test truth check serve bench format clean

help:
	@echo "make demo    play an investigation on the embedded workspace"
	@echo "make test    run the tests"
	@echo "make truth   compare 240 drawn values with brute force over the stored rows"
	@echo "make check   lint, types and layer contracts"
	@echo "make serve   serve the embedded workspace over stdio"
	@echo "make bench   measure; prints ratios against a reference in the same run"
	@echo "make format  rewrite the code in the house format"

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed on PATH."; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]' 2>$(VENV)/pip.log \
		|| { cat $(VENV)/pip.log; exit 1; }
	@touch $@

demo: $(STAMP)
	@$(BIN)/sentinel-mcp demo

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2

truth: $(STAMP)
	@SENTINEL_TRUTH_VALUES=240 $(BIN)/python -m pytest tests/truth/test_values_everywhere.py

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/pyright

serve: $(STAMP)
	@$(BIN)/sentinel-mcp serve --local

bench: $(STAMP)
	@$(BIN)/python -m benchmarks

format: $(STAMP)
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

clean:
	rm -rf $(VENV)
