# make run    install what is missing, fetch the default model, build, serve, and show real answers
# make test   the same set-up, then every test
# Everything builds into one folder, .build, in one configuration: release.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test build setup model bench clean

PACKAGES := libopenblas-dev libprotobuf-c-dev protobuf-c-compiler libxxhash-dev pkg-config \
            protobuf-compiler python3 python3-protobuf python3-pip

help:
	@sed -n '1,2s/^# //p' Makefile

setup:
	@deploy/setup $(PACKAGES)

model:
	@Tests/FixtureMakers/fetch_model.sh

build: setup
	swift build -c release --product millpond
	swift build -c release --product millpond-worker

run: build model
	@deploy/demo

# OpenBLAS reads these when it is loaded. Workers see to it themselves; the tests of the kernels run
# in one process and cannot.
CLEAN := env -u OPENBLAS_CORETYPE -u OPENBLAS_NUM_THREADS -u OMP_NUM_THREADS \
         $(shell grep -qw avx512vl /proc/cpuinfo && echo OPENBLAS_CORETYPE=SkylakeX)

TEST := $(CLEAN) swift test -c release --skip-build --disable-xctest --disable-testable-imports

# What failed is said once more at the end, where it is found.
run_tests = @set -o pipefail; $(TEST) $(1) 2>&1 | tee .build/tests.log \
  || { echo; echo "Failed:"; grep -E -A 3 'recorded an issue|crashed|error:' .build/tests.log; exit 1; }

# -enable-testing would rebuild everything: the tests use package access in its place.
test: setup model
	swift build -c release --build-tests
	$(call run_tests,--skip IntegrationTests)
	$(call run_tests,--filter IntegrationTests)

bench: build model
	@Tests/Peers/bench

clean:
	rm -rf .build
