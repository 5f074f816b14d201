#!/bin/bash
# fuzz.sh [TARGET...]: runs fuzz targets (all of tests/fuzz) for FUZZ_SECONDS each (10). New finds
# of coverage grow build/fuzz/corpus; tests/corpus/NAME, which is kept in the repository, is only read.
# FUZZ_SEED: what chance begins with (0: another one each time).
# An input that fails lies in build/artifacts/fuzz: `build/fuzz/tests/fuzz_NAME FILE` shows it again. A
# recording of it, where the target makes one, lies in build/artifacts (or MADANG_ARTIFACTS).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-10}
if [ $# -eq 0 ]; then
    scripts/install-deps.sh run test
    cmake -S . -B build/fuzz -DCMAKE_C_COMPILER=clang -DFUZZ=ON -DSANITIZE=address,undefined -DWERROR=ON >/dev/null
    cmake --build build/fuzz -j "${JOBS:-$(nproc)}" -- -s --no-print-directory
    for program in build/fuzz/tests/fuzz_*; do
        if [ -f "$program" ] && [ -x "$program" ]; then set -- "$@" "$(basename "$program")"; fi
    done
fi
export MADANG_ARTIFACTS=${MADANG_ARTIFACTS:-$PWD/build/artifacts} # where they leave recordings
for target in "$@"; do
    name=${target#fuzz_}
    mkdir -p "build/fuzz/corpus/$name" build/artifacts/fuzz "tests/corpus/$name"
    dict=tests/fuzz/$name.dict
    echo "== $target for $seconds s"
    UBSAN_OPTIONS=print_stacktrace=1 "build/fuzz/tests/$target" -max_total_time="$seconds" -timeout=10 \
        -seed="${FUZZ_SEED:-0}" -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/artifacts/fuzz/$name-" \
        ${dict:+$([ -e "$dict" ] && echo "-dict=$dict")} "build/fuzz/corpus/$name" "tests/corpus/$name"
done
