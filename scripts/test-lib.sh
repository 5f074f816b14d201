# Sourced by test.sh: steps that run something, count it, and keep its log in $artifacts/logs.
# shellcheck shell=bash disable=SC2154 # the variables are test.sh's

note() { printf '%s\n' "== $1"; }

fail() { # NAME [LOG]
    failed=$((failed + 1))
    failures+=("$1${2:+   (log: ${2#"$PWD"/})}")
    printf 'FAILED: %s\n' "$1"
}

count() { # LABEL PASSED FAILED SECONDS
    times+=("$4 $1")
    printf '   %-28s %5d passed, %d failed  (%d s)\n' "$1" "$2" "$3" "$4"
}

# One step: a command that passes or fails as a whole.
step() { # NAME COMMAND...
    local name=$1 log t=$SECONDS
    shift
    log=$artifacts/logs/${name//[^a-zA-Z0-9._-]/-}.log
    if "$@" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        count "$name" 1 0 $((SECONDS - t))
    else
        case $name in
        build-*) grep -E -A 6 '(error|warning|undefined reference|Error)[: ]' "$log" | head -n 60 || tail -n 30 "$log" ;;
        *) tail -n 30 "$log" ;;
        esac
        fail "$name" "$log"
        return 1
    fi
}

# Once in a run: each tier says what it needs.
build() { # NAME DIR CC CMAKE-OPTION...
    local name=$1 dir=$2 cc=$3
    shift 3
    if [ -z "${built[$dir]:-}" ]; then
        step "build-$name" build_in "$dir" "$cc" "$@"
        built["$dir"]=$?
    fi
    return "${built[$dir]}"
}

build_in() {
    local dir=$1 cc=$2
    shift 2
    cmake -S . -B "$dir" -DCMAKE_C_COMPILER="$cc" -DWERROR=ON "$@" &&
        cmake --build "$dir" -j "$jobs" -- -k -s --no-print-directory
}

# cmocka's own lines are counted; a program that dies without one counts as one failure.
unit() { # NAME DIR
    local name=$1 dir=$2 log=$artifacts/logs/unit-$1.log t=$SECONDS ok bad program
    [ -e "$dir/CTestTestfile.cmake" ] || { fail "unit-$name: no build"; return; }
    (cd "$dir" && "${wrapped[@]}" ctest -V -j "$jobs" --timeout 120 ${filter:+-R "$filter"}) >"$log" 2>&1 </dev/null
    ok=$(grep -cE '^[0-9]+: \[       OK \] ' "$log")
    bad=0
    while IFS= read -r program; do
        bad=$((bad + 1))
        fail "unit-$name: $program" "$log"
    done < <(sed -nE 's/^[0-9]+: \[  FAILED  \] ([a-zA-Z_][^ ]*)$/\1/p' "$log" | sort -u)
    while IFS= read -r program; do
        # named by cmocka already?
        grep -qE "^$(sed -nE "s/^ *Start +([0-9]+): $program\$/\1/p" "$log" | head -n 1): \[  FAILED  \]" "$log" && continue
        bad=$((bad + 1))
        fail "unit-$name: $program died" "$log"
    done < <(sed -nE 's/^[ 0-9\/]*Test +#[0-9]+: ([^ ]+) \.*\*\*\*.*/\1/p' "$log" | sort -u)
    if [ "$bad" -gt 0 ]; then
        grep -E '^[0-9]+: (\[  ERROR|\[   LINE|.*(ERROR: |WARNING: |runtime error|SUMMARY: ))' "$log" | head -n 40
    fi
    skipped=$((skipped + $(grep -cE '^[0-9]+: \[  SKIPPED \] [a-zA-Z_][^ ]*$' "$log")))
    [ $((ok + bad)) -gt 0 ] || [ "$filter" ] || fail "unit-$name: nothing ran" "$log"
    passed=$((passed + ok))
    count "unit-$name" "$ok" "$bad" $((SECONDS - t))
}

# TSan of gcc 12 dies at the start where the kernel randomises more than it expects.
wrapped=()
if command -v setarch >/dev/null 2>&1 && setarch -R true 2>/dev/null; then wrapped=(setarch -R); fi

rules() {
    step check-includes scripts/check-includes.sh
    step check-banned scripts/check-banned.sh
    step check-lock node scripts/check-lock.mjs
    step check-binary scripts/check-binary.sh
    step check-sample diff <(build/madang --print-sample) docs/madang.conf.sample
    step check-rules-themselves tests/scripts/test_rules.sh
    step check-pool tests/scripts/test_pool.sh
    [ ! -e web/i18n/ko.js ] || step check-i18n node scripts/check-i18n.mjs
}

# Debian 12's Node has the browsers' crypto behind a flag; newer ones have it anyway.
case $(node --version 2>/dev/null) in v18.*) export NODE_OPTIONS=--experimental-global-webcrypto ;; esac

# Files of node:test, all in one job.
node_files() { # LABEL DIR WEIGHT SECONDS
    local files
    mapfile -t files < <(find "$2" -name '*.test.mjs' -path "*$filter*" 2>/dev/null | sort)
    if [ ${#files[@]} -eq 0 ]; then
        [ "$filter" ] || nothing "$1" "$2"
        return
    fi
    node_later "$1" "$3" "$4" "${files[@]}"
}

# Each file a job by itself: they start servers and browsers.
node_each() { # LABEL DIR WEIGHT SECONDS [EXCLUDED-GLOB]
    local file any=0 weight
    local verdict=crowd_verdict
    while IFS= read -r file; do
        any=1
        weight=$3
        # What takes long begins early, and what has three browsers of its own has fewer others beside it.
        case $file in *.load.test.mjs | */turn-foreign.test.mjs | */netlab/groups*.test.mjs) weight=$((weight + 1)) ;; esac
        node_later "$1-$(basename "$file" .test.mjs)" "$weight" "$4" "$file"
    done < <(find "$2" -name '*.test.mjs' -path "*$filter*" ${5:+-not -name "$5"} 2>/dev/null | sort)
    [ $any = 1 ] || [ "$filter" ] || nothing "$1" "$2"
}

node_later() { # LABEL WEIGHT SECONDS FILE...; surroundings: variables for it; launcher, verdict: if set
    later "$1" "$2" "$3" "${verdict:-node_verdict}" env MADANG_TEST_SECONDS=$(($3 - 30)) "${surroundings[@]}" ${launcher:+"$launcher"} \
        node --test --test-reporter=tap "${@:4}"
}

nothing() { # LABEL DIR: a tier that has no tests is a failure, or a broken run would look fine
    fail "$1: no tests in $2"
}

# Of each failure the place and the error, which may have several lines; and what a file that did not
# end had to say (tests/lib/watch.mjs).
what_failed() { # LOG
    awk '{ match($0, /^ */) }
        /^ *(error|expected|actual|location|failureType): / { key = RLENGTH; if (!/subtestsFailed/) print; lines = 0; next }
        key >= 0 && RLENGTH > key && lines++ < 20 { print; next }
        { key = -1 }
        /^# HUNG: /' key=-1 "$1" | head -n 120
}

node_verdict() { # LABEL STATUS SECONDS LOG
    local label=$1 status=$2 seconds=$3 log=$4 ok bad=0 skip name
    ok=$(sed -nE 's/^# pass ([0-9]+)$/\1/p' "$log" | tail -n 1)
    skip=$(sed -nE 's/^# (skipped|todo) ([0-9]+)$/\2/p' "$log" | paste -sd+ | sed 's/^$/0/')
    ok=${ok:-0} skip=$((skip))
    skipped=$((skipped + skip))
    if node_failed "$status" "$log"; then
        while IFS= read -r name; do
            bad=$((bad + 1))
            fail "$label: $name" "$log"
        done < <(failures_of "$@")
        what_failed "$log"
    fi
    [ $((ok + bad + skip)) -gt 0 ] || fail "$label: nothing ran" "$log"
    passed=$((passed + ok))
    count "$label" "$ok" "$bad" "$seconds"
}

node_failed() { # STATUS LOG
    [ "$1" -ne 0 ] || grep -qE '^# (fail|cancelled) [1-9]' "$2"
}

failures_of() { # LABEL STATUS SECONDS LOG
    local name names
    names=$(grep -E '^ *not ok ' "$4" | grep -vE '# (SKIP|TODO)' | sed -E 's/^ *not ok [0-9]+ - //' | grep -vE '\.test\.mjs$' | sort -u | head -n 30)
    name=$(sed -nE 's/^# HUNG: (this file .*)$/\1/p' "$4" | head -n 1)
    [ -z "$names" ] || echo "$names"
    [ "$names" ] && [ -z "$name" ] || echo "${name:-ended with status $2 after $3 s}"
}

# Real browsers and servers beside each other want more of a small machine than it has at times. A file that fails there
# runs once more by itself. If it passes, that is no failure, but it is told at the end what was unsteady: a defect, of the
# test or of the program. When more than a few files are, the run has failed.
crowd_verdict() { # LABEL STATUS SECONDS LOG ID
    local name
    if ! node_failed "$2" "$4" || [ "${pool_alone[$5]:-}" ] || [ "${#unsteady[@]}" -ge 4 ]; then
        node_verdict "$@"
        if node_failed "$2" "$4"; then unset "unsteady[$1]"; fi
        return
    fi
    while IFS= read -r name; do
        unsteady[$1]+="$1: $name   (log: ${4#"$PWD"/})"$'\n'
        printf 'UNSTEADY, runs again alone: %s\n' "$1: $name"
    done < <(failures_of "$@")
    what_failed "$4"
    alone "$5"
}

# What a sanitizer says about a server that tests started lies in files: each is a failure, whatever
# the tests thought of it.
sanitizer_surroundings() { # KIND
    local reports=$artifacts/sanitizer-$1
    mkdir -p "$reports"
    surroundings=(MADANG_BIN="$PWD/build/$1/madang" MADANG_SANITIZER="$1" MADANG_ARTIFACTS="$artifacts/$1"
        ASAN_OPTIONS="log_path=$reports/report:detect_stack_use_after_return=1"
        UBSAN_OPTIONS="log_path=$reports/report:print_stacktrace=1"
        TSAN_OPTIONS="log_path=$reports/report:second_deadlock_stack=1")
}

sanitizer_reports() {
    local report kind
    while IFS= read -r report; do
        kind=${report#"$artifacts"/sanitizer-}
        fail "integration-${kind%%/*}: $(grep -m 1 -E 'SUMMARY|runtime error|ERROR|WARNING' "$report")" "$report"
    done < <(find "$artifacts" -path "$artifacts/sanitizer-*/*" -type f -size +0 | sort)
}

# The same chances each time, so that a change is not blamed for an old flaw: `make fuzz` looks for new ones.
short_fuzz() {
    export FUZZ_SEED=${FUZZ_SEED:-1}
    build fuzz build/fuzz clang -DFUZZ=ON -DSANITIZE=address,undefined || return
    local target any=0
    for target in build/fuzz/tests/fuzz_*; do
        if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
        any=1
        later "$(basename "$target")" 2 $((${FUZZ_SECONDS:-10} + 120)) fuzz_verdict scripts/fuzz.sh "$(basename "$target")"
    done
    [ $any = 1 ] || nothing fuzz tests/fuzz
}

fuzz_verdict() { # LABEL STATUS SECONDS LOG
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        count "$1" 1 0 "$3"
        return
    fi
    grep -E 'ERROR|SUMMARY|Test unit written|#[0-9]+ 0x' "$4" | head -n 20
    fail "$1" "$4"
}

slowest() {
    [ ${#times[@]} -gt 10 ] || return 0
    echo "Slowest: $(printf '%s\n' "${times[@]}" | sort -nr | head -n 10 | awk '{ printf "%s%s %d s", (NR > 1 ? ", " : ""), $2, $1 }')"
}

summary() {
    local name
    slowest
    note "$((SECONDS - started)) s; logs in build/artifacts$([ "$skipped" -eq 0 ] || echo "; $skipped skipped")"
    if [ ${#unsteady[@]} -gt 0 ]; then
        echo "Unsteady (failed beside others, passed alone):"
        printf '%s' "${unsteady[@]}" | sed 's/^/  /'
    fi
    if [ "$failed" -gt 0 ]; then
        echo "Failed:"
        for name in "${failures[@]}"; do echo "  $name"; done
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
