# Every command works in a fresh clone with Python 3.11+, make and git; `make` alone lists them.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
INSTALLED := $(VENV)/.installed
NATIVE := function/engine/_native.abi3.so
READY := $(INSTALLED) $(NATIVE)
MUTANTS := .cache/mutants/venv
KIT := .cache/kit
# Two for each CPU up to eight, because many tests wait for the embedded AWS; long files come first (pyproject.toml, testpaths).
WORKERS = $(or $(JOBS),$(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? 2 * n : n < 8 ? 8 : n))))
SIDE_BY_SIDE = --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
LOCK := uv pip compile $(if $(UPGRADE),--upgrade) --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types unit corpus engine accept fuzz mutants kit wheel soak bench smoke docs lock clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

demo: $(READY) ## deploy to an embedded AWS, upload photos, show their renditions; PHOTOS=dir for yours
	@$(BIN)/python -m local demo $(if $(PHOTOS),--photos "$(PHOTOS)")

test: lint types ## lint, types and all tests, several at a time; JOBS=1: one
	$(BIN)/pytest $(SIDE_BY_SIDE)

check: lint types unit ## lint, types and unit tests only; and whether measured settings still hold
	@$(BIN)/python -m bench maintain evidence

lint: $(READY)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tests.prose

types: $(READY)
	$(BIN)/basedpyright

unit: $(READY)
	$(BIN)/pytest $(SIDE_BY_SIDE) tests/unit tests/infra tests/native

corpus: $(READY) ## all test images of Pillow and pillow-heif beside plain Pillow; `make test` has an eighth
	CORPUS=all $(BIN)/pytest tests/corpus -rP

engine: $(READY) ## the real Pulumi engine: stacks, every setting changed, the upgrade, `accept`; ENGINE=all for every stack
	@$(BIN)/python -m tests.engine.cli
	$(BIN)/pytest $(SIDE_BY_SIDE) tests/engine

accept: $(READY) ## prove a stack on your AWS account with a clone of it: make accept STACK=dev (CLEAN=always)
	@test -n "$(STACK)" || { echo "error: name the stack: make accept STACK=dev"; exit 2; }
	@$(BIN)/python -m bench accept --stack "$(STACK)" $(if $(CLEAN),--clean-up "$(CLEAN)")

fuzz: $(READY) ## damage 12,000 pictures of every format; then fuzz the readers and the C code by coverage
	$(BIN)/python -m tests.fuzz --cases 12000
	$(BIN)/python -m tests.fuzz.coverage

mutants: $(READY) $(MUTANTS)/.installed ## change a line at a time: do tests notice? SAMPLE=n a module (30), ALL=1, SEED=n, MODULES="bill jpeg"
	@$(MUTANTS)/bin/python -m tests.mutants $(MODULES) $(if $(ALL),--all,--sample $(or $(SAMPLE),30)) \
		--seed $(or $(SEED),1) --jobs $(or $(JOBS),auto)

kit: $(KIT)/venv/.installed ## packages/pytest-pulumi: tests under three versions of the SDK; built, checked, and tried as installed
	@$(KIT)/venv/bin/nox --noxfile packages/pytest-pulumi/noxfile.py --envdir $(KIT)/nox

wheel: $(KIT)/venv/.installed ## the wheel of the component: built, checked, and tried in an empty environment
	@$(KIT)/venv/bin/nox --noxfile packages/component/noxfile.py --envdir $(KIT)/nox

soak: $(READY) ## 5,000 uploads through faults, nothing lost (UPLOADS=n, LAZY=1: views too, HELD=1: moderators too); POISON=20, BACKFILL=20000, VIEWS=8: what these do to uploads
	@$(BIN)/python -m tests.soak $(if $(POISON)$(BACKFILL)$(VIEWS),$(if $(POISON),--poison $(POISON)) $(if $(BACKFILL),--backfill $(BACKFILL)) \
		$(if $(VIEWS),--views $(VIEWS)) --minutes $(or $(MINUTES),5),--uploads $(or $(UPLOADS),5000) $(if $(LAZY),--lazy) $(if $(HELD),--held))

bench: $(READY) ## the engine beside sharp, libvips and Pillow, which it installs if they are missing
	$(BIN)/python -m bench compare --install

smoke: $(READY) ## every benchmark once, and the regression gate against naive Pillow
	$(BIN)/pytest bench -q --benchmark-disable -m "not slow"

docs: $(READY) ## build the documentation as a site, in .cache/site; a warning or a dead link is an error
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky -c docs --builder html . .cache/site
	@echo "Open .cache/site/index.html"

lock: ## pin the requirements files again after a change of their .in files; needs uv. UPGRADE=1: to the newest versions
	$(LOCK) function/requirements.in -o function/requirements.txt --no-emit-package typing-extensions --no-emit-package fontpkg
	$(LOCK) signer/requirements.in -o signer/requirements.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) policy/requirements.in -o policy/requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) tests/mutants/requirements.in -o tests/mutants/requirements.txt
	$(LOCK) packages/pytest-pulumi/requirements-nox.in -o packages/pytest-pulumi/requirements-nox.txt

clean: ## delete the environment and all caches
	$(if $(wildcard $(BIN)/python),-$(BIN)/python -m local down)
	rm -rf $(VENV) $(NATIVE) .cache .local .pytest_cache .ruff_cache .import_linter_cache

$(INSTALLED): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or later is needed; install it, or name it with PYTHON=."; exit 1; }
	@echo "Making the environment in $(VENV) (about a minute, once) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

$(MUTANTS)/.installed: tests/mutants/requirements.txt
	@$(PYTHON) -m venv $(MUTANTS)
	@$(MUTANTS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(KIT)/venv/.installed: packages/pytest-pulumi/requirements-nox.txt
	@$(PYTHON) -m venv $(KIT)/venv
	@$(KIT)/venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(NATIVE): $(wildcard function/engine/native/*.[ch]) pipeline/bundle/native.py $(INSTALLED)
	@echo "Compiling the C module for this machine …"
	@$(BIN)/python -m pipeline.bundle
