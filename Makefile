# Every target makes .venv anew when it is missing, half made, moved, or of another Python than
# PYTHON names, and installs again when it is older than the files that define it.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Shims and Pythons without venv are on PATH too: the first that can make an environment is taken.
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
IDENTITY := import sys; print(sys.version.split()[0], sys.base_prefix, sys.prefix)

.DEFAULT_GOAL := help
.PHONY: help demo test truth check serve bench soak format clean FORCE

help:
	@echo "make demo    play an investigation on the embedded workspace"
	@echo "make test    run the tests"
	@echo "make truth   compare 240 drawn values with brute force over the stored rows"
	@echo "make check   lint, types and layer contracts"
	@echo "make serve   serve the embedded workspace over stdio"
	@echo "make bench   measure; prints ratios against a reference in the same run"
	@echo "make soak    ingest COUNT (300) times while processes are killed; nothing may be lost"
	@echo "make format  rewrite the code in the house format"

# The stamp is written last and says which Python the environment has, and where.
IS_FIT := test -s $(STAMP) && test "$$($(BIN)/python -c '$(IDENTITY)' 2>/dev/null)" = "$$(cat $(STAMP))"
ifdef PYTHON
IS_FIT += && test "$$($(BIN)/python -c '$(IDENTITY)' | cut -d ' ' -f 1,2)" \
	= "$$($(PYTHON) -c '$(IDENTITY)' | cut -d ' ' -f 1,2)"
endif
ifneq ($(shell $(IS_FIT) && echo fit),fit)
$(STAMP): FORCE
endif

$(STAMP): pyproject.toml constraints.txt
	@$(IS_FIT) || rm -rf $(VENV)
	@for python in $(or $(PYTHON),python3.12 python3.11 python3.13 python3.14 python3 python); do \
		test ! -d $(VENV) || exit 0; \
		! "$$python" -c '$(USABLE)' 2>/dev/null || "$$python" -m venv $(VENV) || exit 1; \
	done; test -d $(VENV) || { \
		echo "$(or $(PYTHON),What is on PATH) is no Python 3.11 or newer with venv."; \
		echo "Install one (on Debian: python3 and python3-venv), or name one: make PYTHON=..."; \
		exit 1; }
	@rm -f $(STAMP)
	@echo "Installing into $(VENV) (about a minute the first time), a dot for each package:"
	@{ $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt \
		--editable '.[dev]' 2>&1 || touch $(VENV)/failed; } | tee $(VENV)/pip.log \
		| while read -r line; do case "$$line" in Collecting*) printf .;; esac; done; echo
	@test ! -e $(VENV)/failed || { tail -n 30 $(VENV)/pip.log; rm -rf $(VENV); exit 1; }
	@PIP_CONSTRAINT=constraints.txt $(BIN)/sentinel-mcp setup --yes || echo "Going on without .NET."
	@$(BIN)/python -c '$(IDENTITY)' > $@

demo: $(STAMP)
	@$(BIN)/sentinel-mcp demo

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist worksteal

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

COUNT ?= 300
soak: $(STAMP)
	@$(BIN)/python tests/faults/soak.py --count $(COUNT)

format: $(STAMP)
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

clean:
	rm -rf $(VENV)
