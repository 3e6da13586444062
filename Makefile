# Two commands do everything on a machine with Python 3.11 to 3.13 and make: `make demo` and `make test`.
# Both first create the virtual environment .venv if it is absent or older than what it is made from.
PYTHON ?= python3
DEMO_OUT ?= demo
TEST_WORKERS ?= 2
# A file of lines NAME==VERSION that pip is held to, in environments of their own: make test CONSTRAINTS=constraints/colab.txt
CONSTRAINTS ?=

# Names the first Python that serves $$found, or ends with an error.
FIND_PYTHON := for python in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo "found no Python 3.11, 3.12 or 3.13 with venv; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; \
	fi

SUFFIX := $(addprefix -,$(basename $(notdir $(CONSTRAINTS))))
LIMITS := $(addprefix -c ,$(CONSTRAINTS))
VENV := .venv$(SUFFIX)
STAMP := $(VENV)/.installed
# PyTorch's own index, or a wheel at hand, has a build without CUDA: make backends TORCH='torch==2.13.0+cpu'
TORCH ?= torch
BACKENDS := .venv-backends$(SUFFIX)
BACKENDS_STAMP := $(BACKENDS)/.installed
BACKENDS_TESTS := $(addprefix tests/models/test_,backends.py r3d_transcription.py tsm_transcription.py)
BEAM := .venv-beam$(SUFFIX)
BEAM_STAMP := $(BEAM)/.installed
BEAM_TESTS := $(addprefix tests/preparation/test_,beam.py beam_steps.py parts.py)
KERAS_HUB := .venv-keras-hub$(SUFFIX)
KERAS_HUB_STAMP := $(KERAS_HUB)/.installed
KERAS_HUB_TESTS := $(addprefix tests/encoders/test_,foreign.py places.py)
SOURCES := brave_tf export tests examples benchmarks constraints setup.py

.DEFAULT_GOAL := help
.PHONY: help demo test check notebooks bench backends beam keras-hub colab lint types format clean

help:
	@echo "make demo     the whole story on generated media files; the page is $(DEMO_OUT)/index.html"
	@echo "make docs     the documentation site in build/site, every link checked; TensorFlow is not needed for it"
	@echo "make test     run the tests, eight minutes (TEST_ARGS=... goes to pytest)"
	@echo "make check    the gate: lint, format, types, the site, and all tests that are not slow"
	@echo "make notebooks run the tutorials in examples/ and write their notebooks anew (NOTEBOOKS=... names some)"
	@echo "make backends the tests that compare with PyTorch and JAX, in an environment that has both"
	@echo "make beam     the tests of Apache Beam, in an environment that has it"
	@echo "make keras-hub the tests of backbones of KerasHub, in an environment that has it"
	@echo "make colab    what pip would add to the packages of Colab; fails if it would replace one of them"
	@echo "make bench    time everything (twenty minutes on an idle machine); benchmarks/README.md says what it means"
	@echo "make dist     the files of a release in dist/, checked; make dist-test also tries the wheel: docs/releasing.md"
	@echo "make lint | types | format | clean"

demo: $(STAMP)
	@$(VENV)/bin/brave-tf demo --out $(DEMO_OUT)

test: $(STAMP)
	@$(VENV)/bin/python -m pytest -q -n $(TEST_WORKERS) --dist worksteal $(TEST_ARGS)

check: lint types docs
	@$(MAKE) --no-print-directory test TEST_ARGS="--run-thorough $(TEST_ARGS)"

notebooks: $(STAMP)
	@$(VENV)/bin/python -m tests.tutorials.write $(NOTEBOOKS)

backends: $(BACKENDS_STAMP)
	@$(BACKENDS)/bin/python -m pytest -q $(BACKENDS_TESTS) $(TEST_ARGS)

beam: $(BEAM_STAMP)
	@$(BEAM)/bin/python -m pytest -q $(BEAM_TESTS) $(TEST_ARGS)

keras-hub: $(KERAS_HUB_STAMP)
	@$(KERAS_HUB)/bin/python -m pytest -q $(KERAS_HUB_TESTS) $(TEST_ARGS)

colab: $(STAMP)
	@$(VENV)/bin/python constraints/additions.py constraints/colab.txt

bench: $(STAMP)
	@set -e; for name in startup input prepare evaluation embedding resume rematerialisation; do \
	  echo "== benchmarks/$$name.py"; $(VENV)/bin/python benchmarks/$$name.py; done
	@for preset in tiny-va tiny-v; do \
	  echo "== benchmarks/train_step.py $$preset"; $(VENV)/bin/python benchmarks/train_step.py $$preset --set batch_size=48; done

lint: $(STAMP)
	@$(VENV)/bin/ruff check $(SOURCES)
	@$(VENV)/bin/ruff format --check $(SOURCES)

# Types are checked on an installed copy: only there is export/ the package brave_tf.export.
types: $(STAMP)
	@rm -rf build/installed build/lib build/bdist.*
	@$(VENV)/bin/pip install -q --disable-pip-version-check --no-deps --target build/installed .
	@cd build/installed && ../../$(VENV)/bin/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache -p brave_tf

# The site: docs/site/build.py, in an environment of its own, without TensorFlow.
DOCS := .venv-docs
DOCS_STAMP := $(DOCS)/.installed
SOURCES += docs
.PHONY: docs clean-docs

docs: $(DOCS_STAMP)
	@$(DOCS)/bin/python -m docs.site.build

$(DOCS_STAMP): docs/requirements.txt
	@$(FIND_PYTHON); $$found -m venv --clear $(DOCS)
	@$(DOCS)/bin/pip install -q --disable-pip-version-check -r docs/requirements.txt
	@touch $(DOCS_STAMP)

clean: clean-docs
clean-docs:
	rm -rf $(DOCS) .cache

format: $(STAMP)
	@$(VENV)/bin/ruff check --fix $(SOURCES)
	@$(VENV)/bin/ruff format $(SOURCES)

clean:
	rm -rf .venv .venv-* build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis $(DEMO_OUT)

$(STAMP): setup.py requirements.txt $(CONSTRAINTS)
	@set -e; $(FIND_PYTHON); \
	echo "installing into $(VENV) with $$($$found --version); this takes some minutes once"; \
	$$found -m venv --clear $(VENV); \
	$(VENV)/bin/pip install -q --disable-pip-version-check $(LIMITS) -e '.[dev]'; \
	touch $(STAMP)

$(BACKENDS_STAMP): $(STAMP)
	@$(VENV)/bin/python -m venv $(BACKENDS)
	@$(BACKENDS)/bin/pip install -q --disable-pip-version-check $(LIMITS) -e '.[test,backends]' '$(TORCH)'
	@touch $(BACKENDS_STAMP)

$(BEAM_STAMP): $(STAMP)
	@$(VENV)/bin/python -m venv $(BEAM)
	@$(BEAM)/bin/pip install -q --disable-pip-version-check $(LIMITS) -e '.[test,beam]'
	@touch $(BEAM_STAMP)

$(KERAS_HUB_STAMP): $(STAMP)
	@$(VENV)/bin/python -m venv $(KERAS_HUB)
	@$(KERAS_HUB)/bin/pip install -q --disable-pip-version-check $(LIMITS) -e '.[test-tools,keras-hub]'
	@touch $(KERAS_HUB_STAMP)

# Releases: docs/releasing.md.
DIST := .venv-dist
DIST_STAMP := $(DIST)/.installed
SOURCES += .ci
.PHONY: dist dist-test release-check clean-dist

dist: $(DIST_STAMP)
	@rm -rf dist
	@$(DIST)/bin/python -m build --outdir dist .
	@$(DIST)/bin/twine check --strict dist/*
	@$(DIST)/bin/python .ci/check_dist.py dist

# In the folder build, from where Python does not see the sources.
dist-test: dist
	@$(PYTHON) -m venv --clear build/clean
	@build/clean/bin/pip install -q --disable-pip-version-check dist/*.whl
	@cd build && clean/bin/brave-tf --version && clean/bin/brave-tf presets > /dev/null
	@cd build && clean/bin/python -c 'import brave_tf.export, brave_tf; print(brave_tf.Brave, brave_tf.export)'

# Does everything that names the version agree with a tag? make release-check TAG=v0.2.0
release-check:
	@$(PYTHON) .ci/check_release.py "$(TAG)"

clean: clean-dist
clean-dist:
	rm -rf $(DIST) dist

$(DIST_STAMP):
	@$(FIND_PYTHON); $$found -m venv --clear $(DIST)
	@$(DIST)/bin/pip install -q --disable-pip-version-check 'build>=1.2' 'twine>=6.1'
	@touch $(DIST_STAMP)
