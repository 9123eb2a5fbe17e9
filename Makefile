# Kiln's commands. Each sets up what it needs first; once that is done, it costs half a second.
SHELL := /bin/bash
KILN := .venv/bin/kiln
BOARD := ulx3s
PYTEST := .venv/bin/python -m pytest -n 2 --dist loadfile -q

# One command of kiln behind another, on a core of its own; it says what it did when both are done.
define side_by_side
mkdir -p build/bench; echo "kiln $(1) runs beside, its output goes to build/bench/beside.log"; \
$(KILN) $(1) >build/bench/beside.log 2>&1 & beside=$$!; \
trap 'kill $$beside 2>/dev/null' INT TERM; \
$(KILN) $(2); code=$$?; \
echo "waiting for kiln $(1)"; wait $$beside || code=$$?; \
cat build/bench/beside.log; exit $$code
endef

.DEFAULT_GOAL := help
.PHONY: help setup ready sim bench bench-full synth fpga train lint test clean distclean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'
	@echo
	@echo 'Variables of the set-up: PYTHON=/path/to/python3 (3.11 or later); pip reads PIP_INDEX_URL'
	@echo 'and PIP_EXTRA_INDEX_URL. Where pip would fetch gigabytes of CUDA with PyTorch, set the'
	@echo "latter to PyTorch's index of CPU wheels: the address is under \"Get started\" on its site."

setup: ready  ## Install what is missing (.venv, Verilator), try it once, say what is there
	@$(KILN) doctor

ready:
	@scripts/bootstrap.sh

sim: ready  ## The main job: the shipped predictor on the RTL, against the golden model
	@$(KILN) sim

bench: ready  ## The tables of results, measured on the RTL anew: docs/results
	@$(call side_by_side,bench mittos,bench eie)

bench-full: ready  ## The same with all sweeps: more layers, up to 256 PEs
	@$(call side_by_side,bench mittos,bench eie --full)

synth: ready  ## Physical synthesis at 45 nm: area, timing, power; LIBERTY=FILE for other cells
	@$(KILN) synth $(if $(LIBERTY),--liberty $(LIBERTY))

fpga: ready  ## The bitstream of a board: make fpga BOARD=ulx3s, or BOARD=icebreaker
	@$(KILN) fpga --board $(BOARD)

train: ready  ## Train, prune and share the weights of the shipped predictor anew
	@$(KILN) train mittos --sparsity 98

lint: ready  ## Format, lint, types, and the direction of imports
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

test: lint  ## All checks and tests
	@$(PYTEST)

clean:  ## Remove what runs have produced: build/ and caches
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find hw sw sim kiln tests -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## Remove the set-up too: .venv and .tools
	rm -rf .venv .tools
