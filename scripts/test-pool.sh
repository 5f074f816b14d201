# Sourced by test.sh: jobs beside each other, because most of them wait most of the time. Jobs are commands; each
# weighs about what it keeps busy of the machine, in half processors (a browser test: 2). What a job means is for
# its verdict, a function that runs here when the job has ended: VERDICT LABEL STATUS SECONDS LOG ID. It may say
# `alone ID`: then the job runs once more when all others have ended, with the machine to itself.
# shellcheck shell=bash disable=SC2154 # the variables are test.sh's

declare -a pool_waiting=() pool_queue=()
declare -A pool_label pool_weight pool_verdict pool_command pool_began pool_slot
declare -A pool_running=() pool_taken=() pool_alone=() # pid: job; slot: 1; job: 1
pool_made=0 pool_load=0

# On two processors a little more than they are, for those that wait. On four less: browsers take more than they weigh,
# and wait for each other until their patience ends. And a GB of memory for each half processor.
pool_room=$((jobs + 3))
memory=$(awk '/^MemAvailable:/ { print int($2 / 1024 / 1024) }' /proc/meminfo 2>/dev/null)
[ "${memory:-$pool_room}" -ge "$pool_room" ] || pool_room=$((memory > 2 ? memory : 2))

later() { # LABEL WEIGHT SECONDS VERDICT COMMAND...
    local id=$((++pool_made))
    pool_label[$id]=$1 pool_verdict[$id]=$4
    pool_weight[$id]=$(($2 < pool_room ? $2 : pool_room))
    pool_command[$id]="exec $(printf '%q ' "${wrapped[@]}" timeout -k 10 "$3" "${@:5}")"
    pool_waiting+=("$id")
}

alone() { # ID
    pool_alone[$1]=1 pool_weight[$1]=$pool_room
    pool_waiting+=("$1")
}

pool_log() { # ID
    echo "$artifacts/logs/${pool_label[$1]//[^a-zA-Z0-9._-]/-}${pool_alone[$1]:+-alone}.log"
}

# Servers of different jobs never fight for a port: each slot has a range of its own, below what the system gives away.
pool_start() { # ID
    local slot=0 log
    log=$(pool_log "$1")
    while [ "${pool_taken[$slot]:-}" ]; do slot=$((slot + 1)); done
    (
        export MADANG_TEST_PORTS=$((11000 + slot * 1000))
        eval "${pool_command[$1]}"
    ) >"$log" 2>&1 </dev/null &
    pool_running[$!]=$1 pool_taken[$slot]=1 pool_slot[$1]=$slot pool_began[$1]=$SECONDS
    pool_load=$((pool_load + pool_weight[$1]))
}

pool_fill() {
    local id left=()
    for id in "${pool_queue[@]}"; do
        if [ $((pool_load + pool_weight[$id])) -le "$pool_room" ]; then pool_start "$id"; else left+=("$id"); fi
    done
    pool_queue=("${left[@]}")
}

# The heavy ones first: the light ones fill what they leave.
pool_order() {
    local id
    mapfile -t pool_queue < <(for id in "${pool_waiting[@]}"; do echo "${pool_weight[$id]} $id"; done | sort -s -k1,1nr | cut -d' ' -f2)
    pool_waiting=()
}

drain() { # runs all that has been put off
    while [ ${#pool_waiting[@]} -gt 0 ]; do
        pool_order
        pool_run
    done
}

pool_run() {
    local pid status id log
    while pool_fill && [ ${#pool_running[@]} -gt 0 ]; do
        wait -n -p pid "${!pool_running[@]}"
        status=$?
        id=${pool_running[$pid]}
        log=$(pool_log "$id")
        unset "pool_running[$pid]" "pool_taken[${pool_slot[$id]}]"
        pool_load=$((pool_load - pool_weight[$id]))
        "${pool_verdict[$id]}" "${pool_label[$id]}" "$status" $((SECONDS - pool_began[$id])) "$log" "$id"
    done
}

# Whoever stops the run stops the jobs; each passes it on to what it has started.
pool_stop() {
    [ ${#pool_running[@]} -eq 0 ] || kill "${!pool_running[@]}" 2>/dev/null
    wait
    exit 130
}
