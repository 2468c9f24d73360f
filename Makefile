# Every target works from a fresh clone: what it needs is installed into .venv first.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
SECONDS ?= 600
PEERS  := .venv-bench-peers
DEPLOY := .venv-deploy
BEFORE := .venv-before
BEFORE_PAGE := .venv-before-page
# version 0.1.0, the last one that was released: what people upgrade from
RELEASED ?= 6d82b00
# it has no page: the newest that has one, and another schema than this one
PAGE   ?= 9a72f7f3
RUNS   ?= 5
GOALS  ?=
LOCK   := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

# a run starts hundreds of processes, and each would compile the whole house for itself
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo up down test test-long collected coverage unit lint lock openapi docs types audit pip-check before chaos-short chaos bench changelog release release-trial test-deploy test-manifests test-live test-live-kubernetes clean

help: ## List every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.local ## The whole road on this machine in a minute: create, TTL stop, extend, restart
	$(BIN)/im demo

up: $(VENV)/.local ## Start the local stack and stay with its log
	$(BIN)/im up

down: $(VENV)/.local ## Stop the local stack, keep its data
	$(BIN)/im down

test: $(VENV)/.dev ## Every test but chaos, benchmarks and live clouds, from nothing
	$(PYTEST) --numprocesses 4 --dist worksteal

test-long: $(VENV)/.dev ## The long siblings of tests that `make test` tries in short; half an hour
	$(PYTEST) --numprocesses 4 --dist worksteal -m long

collected: $(VENV)/.dev ## Can every test be read, and has each sample its share; what it compiles, the processes of `make test` find compiled
	@$(PYTEST) --collect-only -qq > $(VENV)/.collected || { tail -60 $(VENV)/.collected; exit 1; }

coverage: $(VENV)/.dev ## The same, and which lines they reach; a third slower
	$(PYTEST) --numprocesses 4 --dist worksteal --cov --cov-report=term:skip-covered

unit: $(VENV)/.dev ## The tests that need no service; seconds
	$(PYTEST) tests/unit

lint: $(VENV)/.dev ## Style, formatting and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lock: $(VENV)/.dev ## Pin what an image installs, with hashes: requirements.lock and requirements-local.lock
	$(BIN)/uv pip compile pyproject.toml --extra web --extra mcp --extra clouds $(LOCK) -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra local $(LOCK) -o requirements-local.lock

openapi: $(VENV)/.dev ## Write docs/openapi.json anew
	$(BIN)/python -m tests.unit.test_openapi

docs: $(VENV)/.dev ## The documentation as a site, with its reference made from the code: build/site
	$(BIN)/python -m docs.site

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy

audit: pip-check ## Has any installed version a known vulnerability; fails as well where nothing can be asked
	$(BIN)/python .ci/audit.py

pip-check: $(VENV)/.dev ## Do the installed versions fit together
	$(BIN)/python -m pip check

chaos-short: $(VENV)/.dev ## A sample of chaos, for the gate: each kill point once, a few walks, a minute's soak; a few minutes
	$(PYTEST) --numprocesses 6 --dist load --maxschedchunk 1 tests/chaos

before: $(BEFORE)/.made $(BEFORE_PAGE)/.made ## Earlier versions from the repository's history, each in an environment of its own: the last released one, and one with the page

chaos: $(VENV)/.dev $(BEFORE)/.made $(BEFORE_PAGE)/.made ## Kill points in full, 2,000 x 50 steps of the state machine, soaks of SECONDS (600): EC2, seven clouds, two upgrades, a failover; restores
	# its walks are one test, and take longer than any other may
	IM_KILL_POINTS=all IM_EXAMPLES=2000 IM_STEPS=50 $(PYTEST) -o faulthandler_timeout=0 --numprocesses auto --maxprocesses 4 tests/chaos --ignore-glob '*/test_soak*.py'
	$(BIN)/python -m tests.chaos.soak --seconds $(SECONDS)
	$(BIN)/python -m tests.chaos.soak --seconds $(SECONDS) --mixed
	# an upgrade of each under load: half, back, and forward again
	$(BIN)/python -m tests.chaos.soak --seconds $(SECONDS) --before $(CURDIR)/$(BEFORE)/bin/python
	$(BIN)/python -m tests.chaos.soak --seconds $(SECONDS) --before $(CURDIR)/$(BEFORE_PAGE)/bin/python
	$(BIN)/python -m tests.chaos.soak --seconds $(SECONDS) --failover 60
	# every way to restore a backup
	$(PYTEST) tests/integration/deadlines/test_restore.py

changelog: $(VENV)/.dev ## Join what lies in docs/changes into CHANGELOG.md, under the version that im/__init__.py says
	$(BIN)/towncrier build --yes --version "$$($(BIN)/python -c 'import im; print(im.__version__)')"

release: $(VENV)/.dev ## Wheel, sdist, bill of materials, chart, docs and checksums into dist/, the same bytes each time; then release-trial
	$(BIN)/python -m deploy.release.build dist
	$(MAKE) --no-print-directory release-trial

release-trial: ## The wheel in dist/ alone in each supported Python that is here: im up -d, im create; two minutes each
	$(PYTHON) deploy/release/trial.py --every dist/*.whl

bench: $(VENV)/.dev $(PEERS)/.made ## How fast, against what: every goal (GOALS='P1 P5' for some), medians of RUNS (5)
	$(BIN)/python -m tests.benchmarks $(GOALS) --runs $(RUNS) --json bench.json

test-deploy: $(VENV)/.dev test-manifests ## The composed fleet on a container engine, the chart and the units; five to ten minutes
	$(PYTEST) tests/deploy/page.py tests/deploy/fleet.py

test-manifests: $(VENV)/.dev $(DEPLOY)/.made ## The Helm chart by helm, Kubernetes' schemas and checkov; the units by systemd
	IM_TEST_DEPLOY_TOOLS=$(DEPLOY) $(PYTEST) tests/deploy/chart.py tests/deploy/units.py

test-live: $(VENV)/.dev ## The real AWS, with your credentials: a few minutes, at most IM_LIVE_BUDGET ($$0.05)
	$(BIN)/python -m tests.live

test-live-kubernetes: $(VENV)/.dev ## A real cluster, by CONTEXT=… of your kubeconfig: a few minutes in a namespace of its own
	IM_KUBE_CONTEXT="$(CONTEXT)" $(BIN)/python -m pytest tests/live/kubernetes.py -m live -p no:cacheprovider

clean: ## Remove what was built; the local stack's data is not here (im down --purge)
	rm -rf $(VENV) $(PEERS) $(DEPLOY) $(BEFORE) $(BEFORE_PAGE) bench.json dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "im needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
# the resolver of the pip that comes with Python 3.11 takes six times as long for what the tests need
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25' || true

$(VENV)/.local: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[local,dev]'
	@touch $@ $(VENV)/.local

$(DEPLOY)/.made: tests/deploy/requirements.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(DEPLOY)
	$(DEPLOY)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(BEFORE)/.made: $(VENV)/.dev
	$(call install-earlier,$(RELEASED),$(BEFORE),)

$(BEFORE_PAGE)/.made: $(VENV)/.dev
	$(call install-earlier,$(PAGE),$(BEFORE_PAGE),[web])

# a commit, the environment that it is installed into, its extras
define install-earlier
rm -rf build/$(2) && mkdir -p build/$(2)
git archive $(1) | tar x -C build/$(2)
$(BIN)/uv build --quiet --wheel --out-dir build/$(2)/dist build/$(2)
$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(2)
$(BIN)/uv pip install --quiet --python $(2)/bin/python "$$(echo build/$(2)/dist/*.whl)$(3)"
@touch $@
endef

# a peer that cannot be installed here is left out by name; the table says which
$(PEERS)/.made: tests/benchmarks/requirements.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $< || grep -v '^#' $< | while read -r one; do \
	  $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check "$$one" || echo "cannot be installed here: $$one"; done
	@touch $@
