#!/bin/bash
# test.sh TIER...: runs the tests and closes with one line "N passed, M failed" over everything.
#   fast         builds with gcc and clang, rules, unit tests (also under ASan+UBSan and TSan),
#                the page's unit tests, a short run of each fuzz target
#   integration  the real program over loopback (tests/integration)
#   browser      real browsers (tests/e2e)
#   netlab       browsers in network namespaces (tests/netlab); only as root
#   all          all of them
# What is left for a look afterwards lies in build/artifacts (logs, screenshots, records).
# Tests find the program in MADANG_BIN and put what they want to keep into MADANG_ARTIFACTS; when
# MADANG_SANITIZER is set (asan, tsan), everything is several times slower. Servers' ports are MADANG_TEST_PORTS and the
# thousand after it: what is no build and no unit test runs beside other files (scripts/test-pool.sh).
# FUZZ_SECONDS (10), JOBS, TEST_FILTER (only test files whose path contains this).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

jobs=${JOBS:-$(nproc)}
artifacts=$PWD/build/artifacts
export MADANG_ARTIFACTS=$artifacts
filter=${TEST_FILTER:-}
passed=0 failed=0 skipped=0
failures=() times=() surroundings=()
declare -A built=() unsteady=()
started=$SECONDS

. scripts/test-lib.sh
. scripts/test-pool.sh
trap pool_stop INT TERM

tier_fast() {
    scripts/npm-ci.sh all || { fail "npm ci"; return; }
    build gcc build gcc -DBUILD_TESTING=ON
    unit gcc build
    build clang build/clang clang -DBUILD_TESTING=ON
    unit clang build/clang
    build asan build/asan gcc -DSANITIZE=address,undefined
    unit asan build/asan
    build tsan build/tsan gcc -DSANITIZE=thread
    unit tsan build/tsan
    rules
    node_files page tests/web 2 300
    short_fuzz
}

ready() { # what the tiers with the real program need; after tier_fast this has nothing to do
    scripts/npm-ci.sh all || { fail "npm ci"; return 1; }
    build gcc build gcc -DBUILD_TESTING=ON || return
    surroundings=(MADANG_BIN="$PWD/build/madang")
}

tier_integration() {
    ready || return
    node_each integration tests/integration 1 600
    # The same against the sanitizers' builds; a *.load.test.mjs measures and makes no sense there.
    local kind
    for kind in asan tsan; do
        build $kind build/$kind gcc "-DSANITIZE=$([ $kind = asan ] && echo address,undefined || echo thread)" || continue
        sanitizer_surroundings $kind
        node_each "integration-$kind" tests/integration 1 900 '*.load.test.mjs'
    done
}

tier_browser() {
    ready || return
    node_each browser tests/e2e 2 900
}

tier_netlab() {
    ready || return
    if ! unshare --net true 2>/dev/null; then
        fail "netlab: needs root, and a system that lets root make network namespaces (sudo make test-netlab)"
        return
    fi
    launcher=scripts/own-net.sh node_each netlab tests/netlab 2 900
}

[ $# -gt 0 ] || set -- all
for tier in "$@"; do
    case $tier in fast | integration | browser | netlab | all) ;; *)
        sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
    esac
done
scripts/install-deps.sh run test || { echo "0 passed, 1 failed"; exit 1; }
rm -rf "$artifacts"
mkdir -p "$artifacts/logs"
for tier in "$@"; do
    case $tier in
    all)
        tier_fast
        tier_integration
        tier_browser
        tier_netlab
        ;;
    *) "tier_$tier" ;;
    esac
done
drain
sanitizer_reports
summary
