#!/bin/bash
# lint.sh [STEP...]: all checks of the sources that run nothing: format cppcheck tidy shell rules
# tsc eslint. Every step runs; the exit status tells.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
jobs=${JOBS:-$(nproc)}
bad=()

# Not by git: a checkout that belongs to somebody else would look empty.
files() { # FOLDER... -- FIND-TEST...
    local folders=() d
    while [ "$1" != -- ]; do
        d=$1
        shift
        [ ! -d "$d" ] || folders+=("$d")
    done
    shift
    find "${folders[@]}" -not -path '*/node_modules/*' "$@" -print0
}

lint_format() {
    files src include tests -- -name '*.[ch]' -not -name asset_types.h |
        xargs -0 -r clang-format --dry-run -Werror --ferror-limit=5
}

lint_cppcheck() {
    mkdir -p build/cppcheck
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -j "$jobs" --cppcheck-build-dir=build/cppcheck \
        --enable=warning,performance,portability --inline-suppr --suppressions-list=scripts/cppcheck.txt \
        -D_GNU_SOURCE -DCPPCHECK -I src src
}

lint_shell() {
    files scripts tests bench -- -name '*.sh' | xargs -0 -r \
        shellcheck -x .ci/run packaging/postinst packaging/prerm
}

lint_rules() {
    local ok=0
    scripts/check-includes.sh || ok=1
    scripts/check-banned.sh || ok=1
    tests/scripts/test_rules.sh || ok=1
    [ ! -e web/i18n/ko.js ] || node scripts/check-i18n.mjs || ok=1
    return $ok
}

lint_tsc() { node_modules/.bin/tsc -p tsconfig.json; }

lint_eslint() { node_modules/.bin/eslint --max-warnings 0 .; }

lint_tidy() {
    cmake -S . -B build/clang -DCMAKE_C_COMPILER=clang -DWERROR=ON >/dev/null || return 1
    files src -- -name '*.c' | xargs -0 -r -P "$jobs" -n 4 clang-tidy --quiet -p build/clang \
        2> >(grep -vE '^[0-9]+ warnings? generated' >&2)
}

[ $# -gt 0 ] || set -- format cppcheck tidy shell rules tsc eslint
scripts/install-deps.sh lint || exit 1
scripts/npm-ci.sh all || exit 1
# All at once: some use one processor only. What each says is shown when it is its turn.
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
declare -A pids
for step in "$@"; do
    (
        "lint_$step"
        status=$?
        echo $SECONDS >"$said/$step.seconds"
        exit $status
    ) >"$said/$step" 2>&1 </dev/null &
    pids[$step]=$!
done
for step in "$@"; do
    wait "${pids[$step]}"
    status=$?
    cat "$said/$step"
    if [ $status -eq 0 ]; then
        echo "lint $step: fine ($(cat "$said/$step.seconds") s)"
    else
        echo "lint $step: FAILED"
        bad+=("$step")
    fi
done
[ ${#bad[@]} -eq 0 ] || { echo "lint failed: ${bad[*]}"; exit 1; }
