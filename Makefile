# make run    install what is missing, fetch the default model, build, serve, and show real answers
# make test   the same set-up, then every test
# Everything builds into one folder, .build, in one configuration: release.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test build setup model bench clean

PACKAGES := libopenblas-dev libpcre2-dev libprotobuf-c-dev protobuf-c-compiler libxxhash-dev \
            pkg-config protobuf-compiler python3 python3-protobuf python3-pip

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

# -enable-testing would rebuild everything: the tests use package access in its place.
test: setup model
	swift build -c release --build-tests
	$(TEST) --skip IntegrationTests
	$(TEST) --filter IntegrationTests

bench: build model
	@Tests/Peers/bench

clean:
	rm -rf .build
