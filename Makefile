# brunt: the two commands are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
BRUNT   := bin/brunt
LINT    := bin/golangci-lint
LINT_AT := v2.15.0
FUZZ_TIME ?= 60s

# The tests that hold faults to their times.
TIMED := ./harness/fault ./harness/lease ./harness/topology
# The tests of gates, which build and start services again and again, so that nothing beside them could be held to a time. They are
# left out everywhere else: no test outside harness/cli may have one of these names.
GATES := ^(TestTheGate(Names|Refuses|Says|Builds)|TestATimingGate(IsKilled|Starts|TakesTurns)|TestAPairOfWholeTrials|TestABuildIsCalibrated|TestTheRequiredCheckOf|TestTheBaselineIsRightIn|TestAStoredVerdictIsTheSame)

# The fuzz targets, as package:name.
FUZZERS := $(shell grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' harness results xk6-ext targets 2>/dev/null \
             | sed -E 's,/[^/]*:func ,:,')

.PHONY: help
help: ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

.PHONY: $(BRUNT)
$(BRUNT):
	$(GO) build -trimpath -o $@ ./harness/cmd/brunt

.PHONY: build
build: $(BRUNT) ## build bin/brunt and nothing else

.PHONY: servers
servers: # the local provider's programs, where no Docker engine answers; the tests want them everywhere
	@.ci/servers

.PHONY: demo
demo: $(BRUNT) ## build, start the real topology, run the main job, print the verdict
	@docker version >/dev/null 2>&1 || .ci/servers
	$(BRUNT) run scenarios/restapi

.PHONY: test
test: servers ## every test on real parts; what CI runs (at most 10 minutes warm)
	@if docker version >/dev/null 2>&1; then $(GO) build -trimpath -o $(BRUNT) ./harness/cmd/brunt && $(BRUNT) images; \
	elif [ "$${BRUNT_REQUIRE_DOCKER:-}" = 1 ]; then echo "brunt: BRUNT_REQUIRE_DOCKER=1 and no Docker engine answers" >&2; exit 1; \
	else echo "brunt: SKIPPED: every test of the docker provider, as no Docker engine answers (go test -v names each)" >&2; fi
	$(GO) build ./...
	@: what measures milliseconds goes first, apart from what keeps both cores busy - most of it is waiting, so all three go at once
	$(GO) test -p 3 -timeout 30m $(TIMED)
	@: harness/cli takes longer than all others together, so that it is begun before them
	$(GO) test -p 2 -timeout 30m -skip '^TestIncidents$$|$(GATES)' ./harness/cli $$($(GO) list ./... | grep -vxF "$$($(GO) list $(TIMED))")
	@: then the incidents by themselves, as their fixed variants have to pass and other tests would keep the machine too busy, and at last
	@: the gates, which are tests that run side by side and so begin when the incidents have ended
	$(GO) test -timeout 30m -run '^TestIncidents$$|$(GATES)' ./harness/cli

.PHONY: proof
proof: servers ## the long proofs (resumable); writes a dated table of figures to proof.md
	$(GO) build -trimpath -o $(BRUNT) ./harness/cmd/brunt
	BRUNT_PROOF=$(CURDIR)/proof.md $(GO) test -p 1 -count 1 -timeout 24h -run '^TestProof' -v ./...

.PHONY: simulate
simulate: ## play the gates of the full table (half an hour or more; resumable, to simulate.jsonl) and write simulate.jsonl.txt
	BRUNT_SIMULATE=$(CURDIR)/simulate.jsonl $(GO) test -count 1 -timeout 24h -run '^TestSimulate$$' -v ./harness/campaign/simulation

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_AT)

.PHONY: lint
lint: $(LINT) ## check the rules that a linter can check
	$(LINT) run ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZ_TIME (60s)
	@for f in $(FUZZERS); do echo "$$f"; \
	  $(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 1x "./$${f%%:*}"; done

.PHONY: bench
bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: golden
golden: ## write the golden files anew (never those of stored formats): look at the difference before you commit it
	@for p in $$(grep -rl --include='*_test.go' 'flag.Bool("update"' harness results xk6-ext targets | xargs -n1 dirname | sort -u | grep -vE "histogram|recording"); do \
	  $(GO) test "./$$p" -update; done

.PHONY: images
images: $(BRUNT) ## build the postgres and redis images from Debian packages, for machines without a registry
	$(BRUNT) images

.PHONY: clean
clean: ## remove what was built here and what killed runs left; stored runs stay
	@if [ -x $(BRUNT) ]; then $(BRUNT) clean; fi
	rm -rf bin
