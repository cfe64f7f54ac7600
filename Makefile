# Two commands do everything on a fresh machine: `make backtest` and `make test`. See CONTRIBUTING.md for the rest.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: backtest test check lint kernels examples docs docs-build pictures fuzz examiners clean
.DELETE_ON_ERROR:

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group dev --editable .
	touch $@

backtest: .venv/ready  ## set up and run the quickstart backtest on the bundled data
	$(BIN)/tsforecast backtest

test: .venv/ready  ## set up and run all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/ready  ## style, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

kernels: .venv/ready  ## the compiled kernels against their slow twins, once not compiled and once with bounds checked
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q tests/reference
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=.numba_cache $(BIN)/python -m pytest -q tests/reference

examples: .venv/ready  ## run every example
	set -e; for example in examples/*.py; do echo "$$example"; $(BIN)/python $$example > /dev/null; done

pictures: .venv/ready
	$(BIN)/python docs/tools/pictures.py docs/pictures

docs: pictures  ## serve the documentation at http://localhost:8000, built anew at each change
	PYTHONPATH=docs/tools $(BIN)/zensical serve

docs-build: pictures  ## build the documentation into site/; a warning, a broken link and anything from another host are errors
	PYTHONPATH=docs/tools $(BIN)/zensical build --strict --clean
	$(BIN)/python docs/tools/check_site.py site

FUZZ_SECONDS ?= 60
.fuzz/ready:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .fuzz/packages "atheris>=3"
	touch $@

fuzz: .venv/ready .fuzz/ready  ## coverage-guided fuzzing of the readers of files, FUZZ_SECONDS each
	set -e; for target in csv config checkpoint; do \
		mkdir -p .fuzz/$$target; \
		PYTHONPATH=.fuzz/packages $(BIN)/python tests/fuzz/run.py $$target -max_total_time=$(FUZZ_SECONDS) -timeout=60 \
			-rss_limit_mb=8192 -artifact_prefix=.fuzz/$$target- .fuzz/$$target tests/fuzz/corpus/$$target; \
	done

PEERS := darts neuralforecast sktime statsforecast fev gift-eval
.venv-examiners/%/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-examiners/$*
	.venv-examiners/$*/bin/python -m pip install --quiet --disable-pip-version-check pytest pytest-timeout hypothesis \
		"$$(grep '^torch==' constraints.txt)" --editable ".[$*]"
	touch $@

examiners: $(PEERS:%=.venv-examiners/%/ready)  ## our models under others' checks, and others' models in our backtest: each library in an environment of its own
	set -e; for peer in $(PEERS); do .venv-examiners/$$peer/bin/python -m pytest -q tests/examiners; done

check: lint docs-build examples kernels test  ## what CI runs

clean:
	rm -rf .venv .venv-examiners .fuzz .numba_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache dist docs/pictures runs site
