# Everything that is run by hand. `make help` lists it.
#
#   make run ARGS="--listen 0.0.0.0:9000"    further flags for the server
#
# `make test` and `make cluster` start servers of their own, unless they are told of others:
# STARLING_TEST_REDIS=redis://HOST:PORT, STARLING_TEST_CQL=HOST:PORT,... (ScyllaDB or Cassandra).

ARGS   ?=
LISTEN ?= 127.0.0.1:8080
DATA   ?= data
CARGO  ?= cargo
# Runs what follows in web/, with a Node that is new enough.
WEB    := ./scripts/web.sh

# The server that tests outside of this package start, and how it is built for them. `cargo test` of the
# whole workspace has built it already; alone it would be built once more, with fewer features.
SERVER       := $(abspath $(or $(CARGO_TARGET_DIR),target)/debug/starling)
BUILD_SERVER := $(CARGO) build --locked --bin starling

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run cluster web test test-server test-web test-chart test-image test-dashboards test-upgrade dashboard e2e faults fmt lint audit docs demo swarm bench tools servers browsers load-k6 load-goose test-load k6

help: ## List these targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 16

run: tools web ## Build the server with its web client, and start it on 127.0.0.1:8080, with its data in ./data
	$(CARGO) build --release --locked --bin starling
	exec ./target/release/starling --listen $(LISTEN) --data $(DATA) $(ARGS)

cluster: tools servers web ## Redis, a CQL server, three nodes and nginx on 127.0.0.1:8080, until Ctrl-C
	$(CARGO) build --release --locked --package starling --package starling-servers --bins
	exec ./target/release/cluster $(ARGS)

web: web/dist/index.html ## Build the web client, where it changed

# Folders stand among its sources, so that what is removed counts as well.
web/dist/index.html: web/node_modules/.package-lock.json \
		$(shell find web/public web/messages web/scripts web/src web/*.html web/*.json web/*.ts 2>/dev/null)
	$(WEB) npm run build

# Written last by npm itself. Takes what the lock says and leaves it as it is, like `npm ci`; but that
# (npm 11) refuses a lock without the packages of systems that its writer's registry didn't have.
web/node_modules/.package-lock.json: web/package-lock.json
	$(WEB) npm install --no-save --no-fund --no-audit
	@touch $@

test: browsers test-web test-server ## Everything that has to hold: format, lint, every test, the documents
	$(MAKE) --no-print-directory e2e BUILD_SERVER=

test-server: tools servers k6 ## All of it that needs no browser and no Node
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	STARLING_BIN=$(SERVER) $(CARGO) test --workspace --locked

test-web: web/node_modules/.package-lock.json ## The web client's own checks: types, format, lint, tests, the build
	$(WEB) node scripts/types.mjs --check
	$(WEB) npx biome ci .
	$(WEB) npx tsc --noEmit
	$(WEB) npx vitest run
	$(MAKE) --no-print-directory web

test-chart: tools ## The Helm chart, on a real API server: make test-chart ARGS="-run TestWrong -v"
	$(BUILD_SERVER)
	STARLING_BIN=$(SERVER) ./scripts/chart.sh $(ARGS)

test-image: tools servers ## The image and the Compose files, on a Docker engine of its own; takes long, and root
	./scripts/image.sh $(ARGS)

e2e: tools browsers web ## The web client in real browsers, before a real server
	$(BUILD_SERVER)
	$(WEB) npm run -s test:kit
	$(WEB) npm run -s test:browser
	STARLING_BIN=$(SERVER) $(WEB) npm run -s e2e

test-dashboards: tools servers ## The dashboard and the alerts, before a real Prometheus and nodes under load
	$(CARGO) test --locked --test prometheus

dashboard: tools servers browsers web/node_modules/.package-lock.json ## Draw docs/dashboard.png again, from nodes under load
	STARLING_DRAW=$(abspath docs/dashboard.png) $(CARGO) test --locked --test prometheus every_query

faults: tools servers ## A cluster chats while things break, a minute each: make faults ARGS="--seconds 600 node_killed"
	$(CARGO) test --locked --test faults -- --seconds 60 $(ARGS)

test-upgrade: tools servers ## The version before is replaced by this one under load, and put back; nobody may notice
	$(CARGO) test --locked --test upgrade -- --ignored --nocapture --test-threads=1

fmt: tools ## Format the code
	$(CARGO) fmt --all

lint: tools ## Format check and lint, without the tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

audit: tools ## What comes from others: holes, licences, sources; and the CI's workflows. ARGS=--complete: all or nothing
	./scripts/audit.sh $(ARGS)

docs: tools web/node_modules/.package-lock.json ## Make again the documents that are made from the code, and the web client's types
	STARLING_BLESS=1 $(CARGO) test --locked --test documents -- --test-threads=1
	$(WEB) npm run types

demo: tools ## Two terminals and a bot chat while the server is killed; shows what each printed
	./scripts/demo.sh

swarm: tools ## Load, faults and the history checker: make swarm ARGS="--help"
	$(CARGO) run --release --locked --package starling-loadtest --bin swarm -- $(ARGS)

load-k6: k6 ## A load test with k6: make load-k6 ARGS="-e SERVER=http://127.0.0.1:8080 -e STAGES=1000"
	./scripts/k6.sh run $(ARGS) loadtest/k6/load.js

load-goose: tools ## The same with Goose: make load-goose ARGS="--host http://127.0.0.1:8080"
	$(CARGO) run --release --locked --package starling-goose -- $(ARGS)

test-load: tools servers k6 ## Short runs of k6 and Goose before a cluster, and before servers that do wrong
	$(CARGO) test --locked --package starling-goose

bench: tools ## Measure the store on this machine's disk
	$(CARGO) bench --locked --bench store -- $(ARGS)

tools:
	@./scripts/tools.sh

servers:
	@./scripts/servers.sh

k6:
	@./scripts/k6.sh

browsers:
	@./scripts/browsers.sh
