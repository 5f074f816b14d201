# Sourced by test.sh: steps that run something, count it, and keep its log in $artifacts/logs.
# shellcheck shell=bash disable=SC2154 # the variables are test.sh's

note() { printf '%s\n' "== $1"; }

fail() { # NAME [LOG]
    failed=$((failed + 1))
    failures+=("$1${2:+   (log: ${2#"$PWD"/})}")
    printf 'FAILED: %s\n' "$1"
}

count() { # LABEL PASSED FAILED SECONDS
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

build() { # NAME DIR CC CMAKE-OPTION...
    local name=$1 dir=$2 cc=$3
    shift 3
    step "build-$name" build_in "$dir" "$cc" "$@"
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
    (cd "$dir" && run_wrapped ctest -V -j "$jobs" --timeout 120 ${filter:+-R "$filter"}) >"$log" 2>&1 </dev/null
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
run_wrapped() {
    if command -v setarch >/dev/null 2>&1 && setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}

rules() {
    step check-includes scripts/check-includes.sh
    step check-banned scripts/check-banned.sh
    step check-lock node scripts/check-lock.mjs
    step check-binary scripts/check-binary.sh
    step check-sample diff <(build/madang --print-sample) docs/madang.conf.sample
    step check-rules-themselves tests/scripts/test_rules.sh
    [ ! -e web/i18n/ko.js ] || step check-i18n node scripts/check-i18n.mjs
}

# Files of node:test, all in one run.
node_files() { # LABEL DIR SECONDS
    local files
    mapfile -t files < <(find "$2" -name '*.test.mjs' -path "*$filter*" 2>/dev/null | sort)
    if [ ${#files[@]} -eq 0 ]; then
        [ "$filter" ] || nothing "$1" "$2"
        return
    fi
    node_run "$1" "$3" "${files[@]}"
}

# Each file by itself, one after the other: they start servers and browsers.
node_each() { # LABEL DIR SECONDS [EXCLUDED-GLOB]
    local file any=0
    while IFS= read -r file; do
        any=1
        node_run "$1-$(basename "$file" .test.mjs)" "$3" "$file"
    done < <(find "$2" -name '*.test.mjs' -path "*$filter*" ${4:+-not -name "$4"} 2>/dev/null | sort)
    [ $any = 1 ] || [ "$filter" ] || nothing "$1" "$2"
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

node_run() { # LABEL SECONDS FILE...; launcher: a command that runs it, if set
    local label=$1 limit=$2 log=$artifacts/logs/$1.tap t=$SECONDS ok bad skip status name
    shift 2
    # Debian 12's Node has the browsers' crypto behind a flag; newer ones have it anyway.
    case $(node --version) in v18.*) export NODE_OPTIONS=--experimental-global-webcrypto ;; esac
    MADANG_TEST_SECONDS=$((limit - 30)) run_wrapped timeout -k 10 "$limit" ${launcher:+"$launcher"} node --test --test-reporter=tap "$@" >"$log" 2>&1 </dev/null
    status=$?
    ok=$(sed -nE 's/^# pass ([0-9]+)$/\1/p' "$log" | tail -n 1)
    bad=$(sed -nE 's/^# (fail|cancelled) ([0-9]+)$/\2/p' "$log" | paste -sd+ | sed 's/^$/0/')
    skip=$(sed -nE 's/^# (skipped|todo) ([0-9]+)$/\2/p' "$log" | paste -sd+ | sed 's/^$/0/')
    ok=${ok:-0} bad=$((bad)) skip=$((skip))
    skipped=$((skipped + skip))
    if [ "$bad" -gt 0 ] || [ $status -ne 0 ]; then
        bad=0
        while IFS= read -r name; do
            bad=$((bad + 1))
            fail "$label: $name" "$log"
        done < <(grep -E '^ *not ok ' "$log" | grep -vE '# (SKIP|TODO)' |
            sed -E 's/^ *not ok [0-9]+ - //' | grep -vE '\.test\.mjs$' | sort -u | head -n 30)
        name=$(sed -nE 's/^# HUNG: (this file .*)$/\1/p' "$log" | head -n 1)
        if [ "$bad" = 0 ] || [ "$name" ]; then
            bad=$((bad + 1))
            fail "$label: ${name:-ended with status $status} after $((SECONDS - t)) s" "$log"
        fi
        what_failed "$log"
    fi
    [ $((ok + bad + skip)) -gt 0 ] || fail "$label: nothing ran" "$log"
    passed=$((passed + ok))
    count "$label" "$ok" "$bad" $((SECONDS - t))
}

# What a sanitizer says about a server that tests started lies in files: each is a failure, whatever
# the tests thought of it.
sanitized() { # KIND COMMAND...
    local kind=$1 reports=$artifacts/sanitizer-$1 report
    shift
    mkdir -p "$reports"
    ASAN_OPTIONS="log_path=$reports/report:detect_stack_use_after_return=1" \
        UBSAN_OPTIONS="log_path=$reports/report:print_stacktrace=1" \
        TSAN_OPTIONS="log_path=$reports/report:second_deadlock_stack=1" "$@"
    while IFS= read -r report; do
        fail "integration-$kind: $(grep -m 1 -E 'SUMMARY|runtime error|ERROR|WARNING' "$report")" "$report"
    done < <(find "$reports" -type f -size +0)
}

short_fuzz() {
    build fuzz build/fuzz clang -DFUZZ=ON -DSANITIZE=address,undefined || return
    local target any=0 pids=() names=() i
    for target in build/fuzz/tests/fuzz_*; do
        if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
        any=1
        # Two at a time: what takes longer than the build machine has cores measures the queue.
        scripts/fuzz.sh "$(basename "$target")" >"$artifacts/logs/$(basename "$target").log" 2>&1 </dev/null &
        pids+=($!)
        names+=("$(basename "$target")")
        [ $((${#pids[@]} % 2)) -ne 0 ] || wait "${pids[@]: -2}"
    done
    for i in "${!pids[@]}"; do
        if wait "${pids[$i]}"; then
            passed=$((passed + 1))
            count "${names[$i]}" 1 0 "${FUZZ_SECONDS:-10}"
        else
            grep -E 'ERROR|SUMMARY|Test unit written|#[0-9]+ 0x' "$artifacts/logs/${names[$i]}.log" | head -n 20
            fail "${names[$i]}" "$artifacts/logs/${names[$i]}.log"
        fi
    done
    [ $any = 1 ] || nothing fuzz tests/fuzz
}

summary() {
    local name
    note "$((SECONDS - started)) s; logs in build/artifacts$([ "$skipped" -eq 0 ] || echo "; $skipped skipped")"
    if [ "$failed" -gt 0 ]; then
        echo "Failed:"
        for name in "${failures[@]}"; do echo "  $name"; done
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
