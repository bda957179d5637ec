# What this project can do, one word each. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
LOCAL := .venv/local
SAM := .venv/sam
CHECKS := .venv/checks
TOOLS := .tools

# All features of all crates in one build: choosing fewer would build the AWS SDK a second time.
QUICK := --profile quick --workspace --exclude iamwatch-bench --all-features

.PHONY: help
help: ## This list.
	@echo 'make WORD, where WORD is'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: quick $(LOCAL)/ready ## The whole line on a local AWS: an event in, the e-mail, the key contained, the undo.
	@$(LOCAL)/bin/python local-aws/demo.py

.PHONY: test
test: test-pure test-local-aws ## All tests: the pure ones in seconds, then those on the local AWS.

.PHONY: test-pure
test-pure: tools ## Tests that need neither AWS nor Python.
	@echo '== pure tests: detections, texts, the line, replay'
	cargo test --quiet

.PHONY: test-local-aws
test-local-aws: quick $(LOCAL)/ready ## End-to-end tests: the template deployed on a local AWS, events in, alerts out.
	@echo '== end-to-end tests on the local AWS'
	$(LOCAL)/bin/python -m pytest local-aws

# Started by the end-to-end tests, with a local AWS and a table in the environment.
.PHONY: ledger-suite
ledger-suite:
	cargo test $(QUICK) --test dynamodb

.PHONY: quick
quick: tools ## Functions and command line as the local AWS runs them.
	@echo '== building the functions (the first time this builds the AWS SDK: some minutes)'
	cargo build $(QUICK) --all-targets

.PHONY: lint
lint: tools ## Format, lints, and that the core stays free of AWS.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --profile quick -- -D warnings
	@if cargo tree -p shared --edges normal --prefix none | grep -E '^(aws|lambda|tokio|hyper|rustls)'; then \
		echo 'the crate `shared` without features must not depend on what is listed above' >&2; exit 1; fi

.PHONY: check-template
check-template: $(LOCAL)/ready $(SAM)/ready ## The template: as SAM and CloudFormation read it, and every event pattern.
	$(LOCAL)/bin/python local-aws/check_template.py
	$(LOCAL)/bin/python local-aws/check_template.py forwarder.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint --template template.yaml

# `UPDATE=1 make check-policies` writes the table anew, after a newer moto in the requirements.
.PHONY: check-policies
check-policies: tools $(CHECKS)/ready ## AWS's managed policies: our table of them, and a second opinion on their documents.
	mkdir -p target
	$(CHECKS)/bin/python local-aws/managed_policies.py >target/managed-policies.json
	MANAGED_POLICIES=$(CURDIR)/target/managed-policies.json cargo test --quiet -p shared \
		--test managed_policies --test second_opinion -- --include-ignored

.PHONY: check-supply
check-supply: $(TOOLS)/bin/cargo-deny $(CHECKS)/ready ## Licences and sources of all dependencies; spelling.
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo deny --all-features check bans licenses sources
	$(CHECKS)/bin/typos

# What is deployed: small and quick to start. `sam build` takes no profile, but cargo takes these from anybody.
SMALL := CARGO_PROFILE_RELEASE_OPT_LEVEL=z CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
	CARGO_PROFILE_RELEASE_STRIP=true

.PHONY: package
package: tools $(SAM)/ready ## The functions as they are deployed, for `sam deploy`.
	@command -v cargo-lambda >/dev/null || { echo 'cargo-lambda is missing: `pip install cargo-lambda` brings it and zig' >&2; exit 1; }
	$(SMALL) $(SAM)/bin/sam build

.PHONY: bench
bench: tools ## Speed and size, as docs/performance.md quotes them (a quarter of an hour).
	cargo build --release -p iamwatch-cli
	$(SMALL) cargo build --release --target-dir target/small --workspace --exclude iamwatch-cli \
		--features iamwatch-bench/empty --bins
	cargo run --release -p iamwatch-bench -- all --binaries target/small/release

.PHONY: clean
clean: ## Removes what was built and set up.
	rm -rf target .venv $(TOOLS) .aws-sam

.PHONY: tools
tools:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust 1.95 with `rustup toolchain install 1.95.0`' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'Python 3.11 or later is missing: `apt-get install python3 python3-venv`, or name one with `make PYTHON=python3.11 …`' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'Python has no venv: `apt-get install python3-venv`' >&2; exit 1; }

# Each environment is made anew when its requirements change.
$(LOCAL)/ready: local-aws/requirements.txt | tools
	@echo '== setting up the local AWS (about a minute, once)'
	$(PYTHON) -m venv --clear $(LOCAL)
	$(LOCAL)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Apart from the local AWS: the two need different versions of botocore.
$(SAM)/ready: local-aws/requirements-sam.txt | tools
	@echo '== setting up the SAM command line (about a minute, once)'
	$(PYTHON) -m venv --clear $(SAM)
	$(SAM)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(CHECKS)/ready: local-aws/requirements-checks.txt | tools
	$(PYTHON) -m venv --clear $(CHECKS)
	$(CHECKS)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(TOOLS)/bin/cargo-deny: | tools
	cargo install --quiet --locked cargo-deny@0.20.2 --root $(TOOLS) --target-dir $(TOOLS)/target
	rm -rf $(TOOLS)/target
