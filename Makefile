# Kiln's commands. Each sets up what it needs first; once that is done, it costs half a second.
SHELL := /bin/bash
KILN := .venv/bin/kiln
BOARD := ulx3s
MACHINE := eie
# Traces of real SSDs for `make bench`, files or folders, and a network that others trained.
TRACES :=
PRETRAINED :=
TAIL := $(foreach trace,$(TRACES),--trace $(trace)) $(if $(PRETRAINED),--pretrained $(PRETRAINED))
PYTEST := .venv/bin/python -m pytest -n 2 --dist loadfile -q

# Predictors on a core of their own, beside the layers of the EIE paper, which take $(1); what they
# print comes when both are done.
define benches
mkdir -p build/bench; \
echo "kiln bench mittos and kiln bench tail run beside, printing to build/bench/beside.log"; \
(code=0; $(KILN) bench mittos || code=$$?; $(KILN) bench tail $(TAIL) || code=$$?; exit $$code) \
	>build/bench/beside.log 2>&1 & beside=$$!; \
trap 'pkill -P $$beside 2>/dev/null; kill $$beside 2>/dev/null' INT TERM; \
$(KILN) bench eie $(1); code=$$?; \
echo "waiting for the other two"; wait $$beside || code=$$?; \
cat build/bench/beside.log; exit $$code
endef

.DEFAULT_GOAL := help
.PHONY: help setup ready sim bench bench-full students synth fpga train lint test clean distclean

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

sim: ready  ## The main jobs: shipped networks on the RTL, against their golden models
	@$(KILN) sim
	@$(KILN) stream

bench: ready  ## The tables of docs/results anew; TRACES=FILES for traces of real SSDs too
	@$(call benches,)
	@$(KILN) bench cnn

bench-full: ready  ## The same with all sweeps: more layers, up to 256 PEs
	@$(call benches,--full)
	@$(KILN) bench cnn

students: ready  ## Networks without skips: trains what is missing; CIFAR10_ROOT=... for CIFAR-10 too
	@$(KILN) bench student --train digits $(if $(CIFAR10_ROOT),--train cifar10)

synth: ready  ## Physical synthesis at 45 nm: area, timing, power; LIBERTY=FILE for other cells
	@$(KILN) synth $(if $(LIBERTY),--liberty $(LIBERTY))
	@$(KILN) synth cnn $(if $(LIBERTY),--liberty $(LIBERTY))

fpga: ready  ## The bitstream of a board: make fpga BOARD=ulx3s, or icebreaker; MACHINE=digits
	@$(KILN) fpga --board $(BOARD) --machine $(MACHINE)

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
