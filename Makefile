# The front door of madang: CMake does the building underneath.

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
FUZZ_SECONDS ?= 600
MINUTES ?= 10
CRASH_ROUNDS ?= 200
CMAKE_ARGS ?=

.DEFAULT_GOAL := build
.PHONY: help build run test test-fast test-integration test-browser test-netlab nat-table crash lint fuzz bench quality soak \
	format install deb clean deps

help: ## What there is
	@echo "madang: make TARGET"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 22
	@echo 'Variables: ARGS="--port 9443" (run), DESTDIR, PREFIX (install), FUZZ_SECONDS (fuzz), JOBS'

deps:
	@scripts/install-deps.sh run
	@scripts/npm-ci.sh prod

# Quiet when there is nothing to do; CMake notices new and changed files by itself.
build/CMakeCache.txt:
	@cmake -S . -B build $(CMAKE_ARGS) >.build.log 2>&1 || { cat .build.log; rm -f .build.log; exit 1; }
	@rm -f .build.log

build: deps ## Build build/madang (the default)
	@$(MAKE) -s --no-print-directory build/CMakeCache.txt
	@cmake --build build --target madang -j $(JOBS) -- -s --no-print-directory

run: build ## Build, then start it here; options in ARGS="..."
	@exec build/madang $(ARGS)

test: ## Everything: builds, unit tests, sanitizers, fuzz, integration, browsers, networks
	@scripts/test.sh all

test-fast: ## The tests without browsers and without running servers
	@scripts/test.sh fast

test-integration: ## The real program over loopback
	@scripts/test.sh integration

test-browser: ## Real browsers against the real program
	@scripts/test.sh browser

test-netlab: ## Browsers behind NATs, in network namespaces (root)
	@scripts/test.sh netlab

nat-table: build ## Write docs/nat-table.md from the laboratory (root)
	@MADANG_WRITE_DOCS=1 TEST_FILTER=netlab/turn- scripts/test.sh netlab

crash: build ## kill -9 the store 200 times under load, and cut its power 500 times; nothing acknowledged may be lost
	@cmake --build build --target test_store_crash test_db_power -j $(JOBS) -- -s --no-print-directory
	@CRASH_ROUNDS=$(CRASH_ROUNDS) build/tests/test_store_crash
	@POWER_ROUNDS=500 build/tests/test_db_power
	@scripts/npm-ci.sh all
	@CRASH_ROUNDS=$(CRASH_ROUNDS) MADANG_BIN=build/madang node --test --test-name-pattern='kill -9' \
		tests/integration/store.test.mjs

lint: ## clang-format, cppcheck, clang-tidy, shellcheck, include rules, tsc, eslint
	@scripts/lint.sh

format: ## Let clang-format write
	@find src include tests -name '*.[ch]' -not -name asset_types.h 2>/dev/null | xargs -r clang-format -i

fuzz: ## All fuzz targets for FUZZ_SECONDS each, growing build/fuzz/corpus
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

bench: build ## Measure beside ws, Socket.IO, libsrtp2, coturn and Janus (bench/); WHAT=signaling|store|people|srtp|relay|sfu|click|frame
	@scripts/install-deps.sh bench
	@bench/run.sh

quality: build ## What is seen and heard on bad lines, beside Janus, in browsers (root; hours): ROWS=loss5,down:rate600 SECONDS=60 BROWSERS=chromium,firefox REST=1
	@scripts/install-deps.sh test bench
	@scripts/npm-ci.sh all
	@cmake --build build --target impair -j $(JOBS) -- -s --no-print-directory
	@MADANG_BIN=build/madang node tests/quality/run.mjs

soak: build ## Clients, and then relays, come and go for MINUTES=10 each; memory must stay flat
	@scripts/install-deps.sh bench
	@bench/soak.sh $(MINUTES)
	@bench/turn/soak.sh $(MINUTES)

install: build ## Install the binary, the service and the docs (DESTDIR, PREFIX)
	@DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)"

deb: build ## Build a Debian package into build/
	@scripts/install-deps.sh deb
	@cd build && cpack -G DEB

clean: ## Remove what was built (keeps data/ and node_modules/)
	@rm -rf build web/vendor/*.js web/vendor/licenses.txt
