#!/bin/bash
# Tests scripts/test-pool.sh and how results are counted, with jobs that are over at once.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
jobs=1 passed=0 failed=0 skipped=0 filter='' started=$SECONDS # a room of 3
failures=() times=() surroundings=()
declare -A unsteady=()
artifacts=$(mktemp -d)
trap 'rm -rf "$artifacts"' EXIT
mkdir "$artifacts/logs"
. scripts/test-lib.sh
. scripts/test-pool.sh
said=$artifacts/said
cases=0

expect() { # WHAT EXPECTED GOT
    cases=$((cases + 1))
    [ "$2" = "$3" ] || { printf '%s: expected "%s", got "%s"\n' "$1" "$2" "$3"; exit 1; }
}
heard() { ended+="$1=$2 "; } # LABEL STATUS ...

# Heavy ones first, each one's status is its own, and what is heavier than the machine runs all the same.
pool_room=3 ended=''
later light 1 10 heard sh -c 'exit 3'
later heavy 3 10 heard true
later giant 99 10 heard false
drain
expect 'all end, the heavy ones first' 'heavy=0 giant=1 light=3 ' "$ended"
expect 'nothing is left' '0 0 0' "$pool_load ${#pool_running[@]} ${#pool_queue[@]}"

# Never more at once than there is room for, and not fewer: each goes on when three have been there together. Each has
# ports of its own.
# shellcheck disable=SC2016 # the job's own variables
job='mkdir "$0/$MADANG_TEST_PORTS" || exit 9
    until [ -e "$0.met" ]; do [ "$(ls "$0" | wc -l)" -lt 3 ] || : >"$0.met"; sleep 0.02; done
    ls "$0" | wc -l; rmdir "$0/$MADANG_TEST_PORTS"'
mkdir "$artifacts/now"
ended=''
for n in 1 2 3 4 5 6; do later "job $n" 1 10 heard sh -c "$job" "$artifacts/now"; done
later 'job 7' 1 10 heard sh -c "$job" "$artifacts/now"
drain
expect 'each had its ports' 7 "$(printf '%s' "$ended" | grep -o '=0 ' | wc -l)"
expect 'no more at once than there is room for' yes "$(awk '$1 > 3 { bad = 1 } END { print bad ? "no" : "yes" }' "$artifacts"/logs/job-*.log)"

# One that does not end is ended.
ended=''
later endless 1 0.2 heard sleep 60
drain
expect 'time is up' 'endless=124 ' "$ended"

# What node:test says is counted; of a failure the name and the log; of one that dies, that it did.
tap='not ok 1 - it breaks\n# pass 4\n# fail 1\n# cancelled 0\n# skipped 2\n# todo 0\n'
later tap 1 10 node_verdict sh -c "printf '$tap'; exit 1"
later dies 1 10 node_verdict sh -c 'exit 7'
drain >"$said"
expect 'counted' '4 2 2' "$passed $failed $skipped"
expect 'named' 'FAILED: tap: it breaks' "$(grep 'it breaks' "$said")"
expect 'died' 1 "$(grep -c '^FAILED: dies: ended with status 7 after' "$said")"
summary >"$said" && exit 1
expect 'the last line' '4 passed, 2 failed' "$(tail -n 1 "$said")"

# What fails in the crowd runs once more, by itself: what passes then is told, what does not has failed.
passed=0 failed=0 skipped=0 failures=()
tap='not ok 1 - it shakes\n# pass 2\n# fail 1\n'
later shaky 1 10 crowd_verdict sh -c "[ -e $artifacts/alone ] && printf '# pass 3\n# fail 0\n' && exit; printf '$tap'; : >$artifacts/alone; exit 1"
later broken 1 10 crowd_verdict sh -c "printf '$tap'; exit 1"
drain >"$said"
expect 'counted once' '5 1' "$passed $failed"
expect 'only the broken one' 'broken: it shakes' "$(printf '%s' "${failures[@]}" | cut -d' ' -f1-3)"
expect 'a log of each run' 4 "$(find "$artifacts/logs" -name 'shaky*' -o -name 'broken*' | wc -l)"
expect 'told' 'shaky: it shakes' "$(printf '%s' "${unsteady[@]}" | cut -d' ' -f1-3)"
summary >"$said" && exit 1
expect 'told at the end' 1 "$(grep -c '^  shaky: it shakes' "$said")"
for n in 1 2 3 4 5 6; do later "many $n" 1 10 crowd_verdict sh -c "printf '$tap'; exit 1"; done
passed=0 failed=0 unsteady=()
drain >"$said"
expect 'many of them are no accident' '6 4' "$failed $(find "$artifacts/logs" -name 'many*-alone.log' | wc -l)"

for n in 1 2 3 4 5 6 7 8 9 10 11; do count "step-$n" 1 0 $((n * 10)); done >/dev/null
expect 'the slowest ones, the slowest first' 'Slowest: step-11 110 s, step-10 100 s, step-9 90 s' "$(slowest | cut -d, -f1-3)"
echo "$cases cases as expected"
