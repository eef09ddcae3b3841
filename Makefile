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

.DEFAULT_GOAL := help
.PHONY: help run cluster test faults fmt lint docs demo swarm bench tools servers

help: ## List these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: tools ## Build the server and start it on 127.0.0.1:8080, with its data in ./data
	$(CARGO) build --release --locked --bin starling
	exec ./target/release/starling --listen $(LISTEN) --data $(DATA) $(ARGS)

cluster: tools servers ## Redis, a CQL server, three nodes and nginx on 127.0.0.1:8080, until Ctrl-C
	$(CARGO) build --release --locked --package starling --package starling-servers --bins
	exec ./target/release/cluster $(ARGS)

test: tools servers ## Everything that has to hold: format, lint, every test, the documents
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --workspace --locked

faults: tools servers ## A cluster chats while things break, a minute each: make faults ARGS="--seconds 600 node_killed"
	$(CARGO) test --locked --test faults -- --seconds 60 $(ARGS)

fmt: tools ## Format the code
	$(CARGO) fmt --all

lint: tools ## Format check and lint, without the tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

docs: tools ## Make again the documents that are made from the code
	STARLING_BLESS=1 $(CARGO) test --locked --test documents -- --test-threads=1

demo: tools ## Two terminals and a bot chat while the server is killed; shows what each printed
	./scripts/demo.sh

swarm: tools ## Load, faults and the history checker: make swarm ARGS="--help"
	$(CARGO) run --release --locked --package starling-loadtest --bin swarm -- $(ARGS)

bench: tools ## Measure the store on this machine's disk
	$(CARGO) bench --locked --bench store -- $(ARGS)

tools:
	@./scripts/tools.sh

servers:
	@./scripts/servers.sh
