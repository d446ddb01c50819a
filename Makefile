# `make help` lists the targets. Their scripts are in .ci/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

CLIENT_SOURCES := $(shell find client -path client/node_modules -prune -o -path client/dist -prune -o -type f -print 2>/dev/null)
DEMO_TOOLS := target/demo-tools
STAND_IN := 127.0.0.1:4100
FUZZ_TARGET := $(or $(TARGET),websocket)

.PHONY: help
help: ## Lists the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r name text; do printf '  make %-26s %s\n' "$$name" "$$text"; done

.PHONY: run
run: build ## Builds and serves on port 8080; ARGS="--listen 127.0.0.1:8080" is passed to the server
	exec target/release/tutti serve $(ARGS)

.PHONY: run-with-spotify-stand-in
run-with-spotify-stand-in: setup-build client ## Serves with a stand-in for Spotify, to try everything without internet; data in target/
	cargo build --locked --package tutti --package tutti-spotify-stand-in
	target/debug/tutti-spotify-stand-in --listen $(STAND_IN) & stand_in=$$!; trap 'kill $$stand_in' EXIT; \
	TUTTI_DATA_DIR=target/stand-in-data TUTTI_SPOTIFY_CLIENT_ID=tutti-test-client \
	TUTTI_SPOTIFY_ACCOUNTS_URL=http://$(STAND_IN) TUTTI_SPOTIFY_API_URL=http://$(STAND_IN) \
	TUTTI_SPOTIFY_SDK_URL=http://$(STAND_IN)/sdk/spotify-player.js \
	target/debug/tutti serve $(ARGS)

.PHONY: build
build: setup-build client ## Builds target/release/tutti with the client inside
	cargo build --locked --release --bin tutti

.PHONY: test
test: ## Runs every test: client, server, browser
	@.ci/test

.PHONY: memory
memory: build ## Measures the memory of a joined, idle connection; fails above 4.5 KiB
	cargo build --locked --release --package tutti-loadtests
	target/release/tutti-loadtests run idle --connections 4000 --warm-up 1000 --kib-max 4.5

.PHONY: bench
bench: build ## Runs the same load on Tutti and five other servers, once, in minutes; results in target/bench
	cargo build --locked --release --package tutti-loadtests
	target/release/tutti-loadtests bench

.PHONY: bench-full
bench-full: build ## Runs bench with larger sizes and five rounds, for docs/performance.md; takes an hour
	cargo build --locked --release --package tutti-loadtests
	target/release/tutti-loadtests bench --full

.PHONY: bench-page
bench-page: ## Writes docs/performance.md and its plots from the results of the last bench
	cargo build --locked --release --package tutti-loadtests
	target/release/tutti-loadtests page

.PHONY: bench-preparation
bench-preparation: build ## Measures what preparing tracks costs beside ffmpeg, and how long devices wait for segments, in ten minutes; needs ffmpeg
	cargo build --locked --release --package tutti-loadtests
	target/release/tutti-loadtests preparation $(ARGS)

.PHONY: profile
profile: build ## Shows where the server spends CPU time under ARGS="fanout --rooms 50 --rate 150 --seconds 10"; needs perf
	cargo build --locked --release --package tutti-loadtests
	@.ci/profile $(or $(ARGS),fanout --rooms 50 --members 20 --rate 150 --seconds 10)

.PHONY: callgrind
callgrind: client ## Counts the instructions of a command, stable on a busy machine; RECORD=1 records the new number
	@.ci/setup build callgrind
	@.ci/callgrind

.PHONY: audible
audible: client ## Records real players and measures how far apart they are, about 55 minutes; ARGS=--quick or --docs, see loadtests/audible/
	@.ci/setup build audible
	cargo build --locked --bin tutti
	.ci/node-packages loadtests/audible
	TUTTI_BINARY=$(CURDIR)/target/debug/tutti npm --silent --prefix loadtests/audible run measure -- $(ARGS)

.PHONY: audible-self-test
audible-self-test: ## Tests the audible measurement itself, in a minute
	@.ci/setup build audible
	.ci/node-packages loadtests/audible
	npm --silent --prefix loadtests/audible test
	npm --silent --prefix loadtests/audible run measure -- --self-test

.PHONY: screenshots
screenshots: client ## Takes the README's pictures from the running program
	cargo build --locked --bin tutti
	.ci/node-packages tests/browser
	TUTTI_BINARY=$(CURDIR)/target/debug/tutti npm --prefix tests/browser run screenshots

.PHONY: budgets
budgets: client ## Measures what pages cost a phone, and the way to the first sound; needs a quiet machine
	cargo build --locked --release --bin tutti
	.ci/node-packages tests/browser
	TUTTI_BINARY=$(CURDIR)/target/release/tutti npm --prefix tests/browser run budgets

.PHONY: firefox-starts
firefox-starts: client ## Starts playback STARTS=20 times in a fresh Firefox; no page may freeze
	@.ci/setup build test
	cargo build --locked --bin tutti
	.ci/node-packages tests/browser
	STARTS=$(or $(STARTS),20) TUTTI_BINARY=$(CURDIR)/target/debug/tutti npm --prefix tests/browser test -- engines -g frozen

.PHONY: test-state
test-state: ## Runs the tests of the pure room state, in seconds
	cargo test --locked --package tutti-room-state

.PHONY: simulate
simulate: ## Runs SEEDS=1000 simulations of a server and its members, starting at seed FIRST=0; failures are reproducible
	SEEDS=$(or $(SEEDS),1000) FIRST=$(or $(FIRST),0) cargo test --locked --release --test simulation acknowledged_commands -- --nocapture

.PHONY: fuzz
fuzz: setup-build ## Fuzzes TARGET=websocket|client_frame|journal|request for SECONDS=60 with libFuzzer; needs g++
	.ci/cargo-tool cargo-fuzz
	mkdir -p target/fuzz/$(FUZZ_TARGET)
	RUSTC_BOOTSTRAP=1 target/tools/bin/cargo-fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz-build --sanitizer none $(FUZZ_TARGET) \
	target/fuzz/$(FUZZ_TARGET) tests/fuzz/corpus/$(FUZZ_TARGET) -- -max_total_time=$(or $(SECONDS),60) -max_len=8192

.PHONY: crash
crash: ## Kills the program ROUNDS=500 times on each database, from SEED=1, under load from 200 clients; prints figures
	ROUNDS=$(or $(ROUNDS),500) SEED=$(or $(SEED),1) cargo test --locked --test crash kills:: -- --nocapture --test-threads=1

.PHONY: crash-servers
crash-servers: ## Kills the server that owns most rooms, one of three, ROUNDS=100 times under load; prints how long commands wait
	ROUNDS=$(or $(ROUNDS),100) SEED=$(or $(SEED),1) cargo test --locked --test crash nodes::killing -- --nocapture

.PHONY: soak
soak: client ## Runs all attacks at once beside a party of 200 for SECONDS=1800; prints latencies and memory
	SOAK_SECONDS=$(or $(SECONDS),1800) cargo test --locked --release --test it attacks::soak -- --nocapture

.PHONY: lint
lint: ## Runs every static check
	@.ci/lint

.PHONY: format
format: setup-build ## Formats Rust, client and browser tests
	cargo fmt --all
	for folder in client tests/browser loadtests/audible; do .ci/node-packages $$folder; (cd $$folder && npx biome check --write .); done

.PHONY: advisories
advisories: ## Checks the dependencies against the advisory databases; needs the internet
	.ci/cargo-tool cargo-deny
	target/tools/bin/cargo-deny --locked --all-features check advisories
	npm --prefix client audit
	npm --prefix tests/browser audit
	npm --prefix loadtests/audible audit

.PHONY: client
client: client/dist/index.html ## Builds the web client into client/dist

# The server's build notices changes in the embedded client, but not its first appearance.
client/dist/index.html: $(CLIENT_SOURCES) protocol/typescript/protocol.ts
	.ci/node-packages client
	npm --prefix client run build
	touch src/http/static_client.rs

.PHONY: generate
generate: ## Writes the protocol's JSON Schema and TypeScript from its Rust types
	cargo run --locked --package tutti-protocol --features generate --bin generate

.PHONY: demo-library
demo-library: ## Composes the demo library again; needs python3-venv and opus-tools
	python3 -m venv $(DEMO_TOOLS)
	$(DEMO_TOOLS)/bin/pip install --quiet numpy pillow
	$(DEMO_TOOLS)/bin/python src/providers/library/demo/generate.py

.PHONY: setup
setup: ## Checks the tools for building, testing and linting; as root, installs missing Debian packages
	@.ci/setup

.PHONY: setup-build
setup-build:
	@.ci/setup build

.PHONY: clean
clean: ## Removes everything built or downloaded; keeps data/
	cargo clean
	rm -rf client/dist client/node_modules tests/browser/node_modules tests/browser/output loadtests/audible/node_modules
