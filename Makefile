# Two commands matter: `make demo` runs the product on data of its own making, `make test` proves it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   ?= .demo
BROKERS ?= 1
# Tests that open a ledger wait for the disk now and then: one process more than there are cores. Those that start, kill and
# wait for other processes leave a third of the cores idle: one more.
TESTERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
WAITERS := $(shell expr $(TESTERS) + 1)
# Files are dealt out in the order of tests/conftest.py, the long ones first. Hundreds of processes read the modules that
# the first has compiled. `env`, not a shell's assignment: make then asks pytest itself to end, where a shell would leave it.
PYTEST := env PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --dist loadfile --no-loadscope-reorder --max-worker-restart 0

.PHONY: demo demo-kafka kafka test chaos lint bench docs lock clean

demo: $(STAMP)
	$(BIN)/opsledger demo --out $(DEMO)

# The same month by way of a three-broker Kafka and a sink: the reports are compared.
demo-kafka: $(STAMP)
	$(BIN)/opsledger demo-kafka --out $(DEMO)-kafka

# A local Kafka; `opsledger kafka status | down` for the rest.
kafka: $(STAMP)
	$(BIN)/opsledger kafka up --brokers $(BROKERS)

test: $(STAMP)
	env TZ=Asia/Shanghai $(PYTEST) -n $(TESTERS) tests/unit tests/integration
	$(PYTEST) -n $(WAITERS) tests/e2e tests/chaos

# The fault matrix in its long form; writes docs/reliability.md. Options: make chaos CHAOS="--repeat 10 --seed 7".
chaos: $(STAMP)
	$(BIN)/python -m tests.chaos.matrix $(CHAOS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p opsledger.domain -p opsledger.ingest -p opsledger.projections -p opsledger.dashboards -p opsledger.infra
	$(BIN)/lint-imports
	$(BIN)/python -m tests.size_check

bench: $(STAMP)
	$(BIN)/python -m tests.bench $(BENCH)

docs: $(STAMP)
	$(BIN)/opsledger docs --out docs

# The lock is a pip requirements file with hashes and no index address.
lock: $(STAMP)
	$(BIN)/pip install --quiet 'pip-tools>=7.5'
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-header --extra dev --output-file requirements.lock pyproject.toml

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "opsledger needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	mkdir -p .link && ln -sfn .. .link/opsledger
	touch $@

clean:
	rm -rf $(VENV) .link $(DEMO)
