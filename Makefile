# make run    install what is missing, fetch the default model, build, serve, and show real answers
# make test   the same set-up, then every test
# make bench  the same set-up and that of the peers (8 GB), then everything that the README states
# Everything builds into one folder, .build, in one configuration: release.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test build setup model bench clean

PACKAGES := libpcre2-dev libprotobuf-c-dev protobuf-c-compiler libxxhash-dev \
            pkg-config protobuf-compiler python3 python3-protobuf python3-pip \
            libc-ares-dev dnsmasq-base

help:
	@sed -n '1,3s/^# //p' Makefile

setup:
	@deploy/setup $(PACKAGES)

model:
	@Tests/FixtureMakers/fetch_model.sh

build: setup
	swift build -c release --product millpond
	swift build -c release --product millpond-worker

run: build model
	@deploy/demo

TEST := swift test -c release --skip-build --disable-xctest --disable-testable-imports

# What failed is said once more at the end, where it is found.
run_tests = @set -o pipefail; $(TEST) $(1) 2>&1 | tee .build/tests.log \
  || { echo; echo "Failed:"; grep -E -A 3 'recorded an issue|crashed|error:' .build/tests.log; exit 1; }

# -enable-testing would rebuild everything: the tests use package access in its place.
# Those of sockets wait for each other and so have runs of their own, behind those that compute.
test: setup model
	swift build -c release --build-tests
	$(call run_tests,--skip '^(Status|Transport|Discovery|MillpondClient|Integration)Tests')
	$(call run_tests,--filter '^StatusTests')
	$(call run_tests,--filter '^TransportTests')
	$(call run_tests,--filter '^DiscoveryTests')
	$(call run_tests,--filter '^MillpondClientTests')
	$(call run_tests,--filter '^IntegrationTests')

bench: build model
	@Tests/Peers/compare_peers --readme

clean:
	rm -rf .build
