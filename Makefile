# Every target sets up what it needs; nothing has to be installed by hand but make and Python 3.11 or newer.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PY := .venv/bin/python
UV := .venv/bin/uv
STAMPS := .make
# Set-up must not depend on somebody's environment: bytecode is what keeps the command line fast.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE = 1

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

$(UV):
	@sh scripts/venv.sh

$(STAMPS)/run: requirements.lock pyproject.toml | $(UV)
	@mkdir -p $(STAMPS)
	@$(UV) pip install -q --require-hashes -r requirements.lock
	@$(UV) pip install -q --no-deps --no-build-isolation -e . 2>/dev/null || $(UV) pip install -q --no-deps -e .
	@$(PY) -m compileall -q src
	@touch $@

$(STAMPS)/dev: requirements-dev.lock pyproject.toml | $(UV)
	@mkdir -p $(STAMPS)
	@$(UV) pip install -q --require-hashes -r requirements-dev.lock
	@$(UV) pip install -q --no-deps --no-build-isolation -e .
	@$(PY) -m compileall -q src
	@touch $@ $(STAMPS)/run

setup: $(STAMPS)/dev  ## everything for working on Fluxroom

run: $(STAMPS)/run  ## start the gateway on http://127.0.0.1:7860
	@.venv/bin/fluxroom serve

check: $(STAMPS)/dev  ## style, format, types, generated files
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@$(PY) scripts/gen.py --check

fix: $(STAMPS)/dev  ## repair style and format
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

test: $(STAMPS)/dev  ## all tests
	@sh scripts/debian-packages.sh
	@.venv/bin/pytest $(ARGS)

crash: $(STAMPS)/dev  ## kill -9 a thousand times; writes crash.log and the table in docs/reliability.md
	@$(PY) -m tests.crash.run --kills 1000 2>&1 | tee crash.log

bench: $(STAMPS)/dev  ## the benchmarks; their tables belong into docs/performance.md
	@$(PY) -m bench.engine
	@$(PY) -m bench.detection
	@$(PY) -m bench.start

gen: $(STAMPS)/dev  ## write the generated files again
	@$(PY) scripts/gen.py

lock: | $(UV)  ## resolve the dependencies again and install the result
	@$(UV) pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	@$(UV) pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(MAKE) --no-print-directory setup

clean:  ## remove what set-up made
	rm -rf .venv $(STAMPS) .mypy_cache .ruff_cache .pytest_cache

.PHONY: help setup run check fix test crash bench gen lock clean
