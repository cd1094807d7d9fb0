# Every target sets up what it needs; nothing has to be installed by hand but make and Python 3.11 or newer.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PY := .venv/bin/python
UV := .venv/bin/uv
STAMPS := .make
# The studio is built where Node is new enough; without it everything else works.
NODE := $(shell node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null && echo yes)
NPM := npm --no-fund --no-audit --loglevel=error
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

$(STAMPS)/npm: studio/package-lock.json studio/tools/openapi/package-lock.json
	@mkdir -p $(STAMPS)
	@$(NPM) --prefix studio ci >/dev/null
	@$(NPM) --prefix studio/tools/openapi ci >/dev/null
	@touch $@

$(STAMPS)/studio: $(STAMPS)/npm studio/index.html studio/vite.config.ts studio/tools/pack.mjs $(shell find studio/src -type f 2>/dev/null)
	@$(NPM) --prefix studio run --silent build
	@touch $@

studio:  ## build the web page (Node 20.19 or newer)
ifeq ($(NODE),yes)
	@$(MAKE) --no-print-directory $(STAMPS)/studio
else
	@echo "The studio needs Node 20.19 or newer; everything else works without it." >&2
endif

run: $(STAMPS)/run  ## start the gateway on http://127.0.0.1:7860
	@[ "$(NODE)" != yes ] || $(MAKE) --no-print-directory $(STAMPS)/studio || \
	  echo "The studio was not built; the gateway starts without it." >&2
	@.venv/bin/fluxroom serve

check: $(STAMPS)/dev  ## style, format, types, generated files
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@$(PY) scripts/gen.py --check
	@[ "$(NODE)" != yes ] || $(MAKE) --no-print-directory studio-check

studio-check: $(STAMPS)/npm
	@$(NPM) --prefix studio run --silent check
	@$(NPM) --prefix studio run --silent types -- --check

studio-types: $(STAMPS)/npm $(STAMPS)/dev  ## write the studio's types again, from the gateway's OpenAPI
	@$(NPM) --prefix studio run --silent types

fix: $(STAMPS)/dev  ## repair style and format
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

test: $(STAMPS)/dev  ## all tests
	@sh scripts/debian-packages.sh
	@[ "$(NODE)" != yes ] || { $(MAKE) --no-print-directory $(STAMPS)/studio && $(NPM) --prefix studio run --silent test && $(NPM) --prefix studio run --silent sizes; }
	@.venv/bin/pytest $(ARGS)

crash: $(STAMPS)/dev  ## kill -9 a thousand times; writes crash.log and the table in docs/reliability.md
	@$(PY) -m tests.crash.run --kills 1000 2>&1 | tee crash.log

fuzz: $(STAMPS)/dev  ## 2,000 requests and more made up from the contract, others each time
	@$(PY) -m tests.server.fuzzing 2000

bench: $(STAMPS)/dev  ## the benchmarks (half an hour); docs/performance.md says what they came to
	@$(PY) -m bench.engine
	@$(PY) -m bench.engine --providers bfl --flight 1000 --seconds 0.4 --gate 16 24
	@$(PY) -m bench.engine --providers bfl --database temporary
	@$(PY) -m bench.detection
	@$(PY) -m bench.start
	@$(PY) -m bench.gateway
	@$(PY) -m bench.runs
	@$(PY) -m bench.waiting
	@$(PY) -m bench.writes

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

.PHONY: help setup run studio studio-check studio-types screenshots wheel check fix test crash fuzz bench gen lock clean
