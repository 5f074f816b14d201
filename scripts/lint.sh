#!/bin/bash
# lint.sh [STEP...]: all checks of the sources that run nothing: format cppcheck shell rules tsc eslint;
# and, by name only because it is slow, tidy (clang-tidy). Every step runs; the exit status tells.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
jobs=${JOBS:-$(nproc)}
bad=()

c_files() { git ls-files --cached --others --exclude-standard '*.c' '*.h' | while read -r f; do [ -e "$f" ] && echo "$f"; done; }

lint_format() {
    c_files | grep -v '/asset_types\.h$' | xargs -r clang-format --dry-run -Werror --ferror-limit=5
}

lint_cppcheck() {
    mkdir -p build/cppcheck
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -j "$jobs" --cppcheck-build-dir=build/cppcheck \
        --enable=warning,performance,portability --inline-suppr --suppressions-list=scripts/cppcheck.txt \
        -D_GNU_SOURCE -I src src
}

lint_shell() {
    git ls-files --cached --others --exclude-standard '*.sh' .ci/run packaging/postinst packaging/prerm | xargs -r shellcheck -x
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
    cmake --build build/clang --target madang -j "$jobs" -- -s --no-print-directory || return 1
    git ls-files 'src/*.c' | xargs -r -P "$jobs" -n 4 clang-tidy --quiet -p build/clang
}

[ $# -gt 0 ] || set -- format cppcheck shell rules tsc eslint
scripts/install-deps.sh lint || exit 1
scripts/npm-ci.sh all || exit 1
for step in "$@"; do
    started=$SECONDS
    if "lint_$step"; then
        echo "lint $step: fine ($((SECONDS - started)) s)"
    else
        echo "lint $step: FAILED"
        bad+=("$step")
    fi
done
[ ${#bad[@]} -eq 0 ] || { echo "lint failed: ${bad[*]}"; exit 1; }
