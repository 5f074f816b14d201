#!/bin/bash
# soak.sh [MINUTES]: what make soak does, outside of CI. 200 clients at a time come at 50 a second over TLS, talk
# and leave, round after round; every message is checked by bench/load. Fails when a message is lost or memory
# is more than 2 MB above that of the third round.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-10}
bench/build-load.sh
dir=$(mktemp -d)
port=$((20000 + RANDOM % 10000))
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT

off=()
for kind in hello join chat manage http; do off+=("--rate-$kind" off); done
"${MADANG_BIN:-build/madang}" --listen 127.0.0.1 --port "$port" --udp-port 0 --data "$dir/data" \
    --log-level warn "${off[@]}" >/dev/null 2>"$dir/log" &
pid=$!
for _ in $(seq 100); do
    if curl -skf "https://127.0.0.1:$port/healthz" >/dev/null; then break; fi
    sleep 0.1
done

build/bench/load --port "$port" --pid "$pid" --tls --clients 200 "churn:50:$((minutes * 60))" >"$dir/report" ||
    { cat "$dir/log"; exit 1; }
grep '"round"' "$dir/report" | sed 's/.*"n":\([0-9]*\),"rss_kb":\([0-9]*\).*/\1 \2/' >"$dir/rss"
tail -n 1 "$dir/report"
curl -sk "https://127.0.0.1:$port/metrics" | grep -E '^madang_(sessions|rooms|participants|websockets|errors_total) '
awk '
    NR == 3 { first = $2 }
    { last = $2; if ($2 > most) most = $2 }
    END {
        printf "%d rounds, memory after the third %d kB, at most %d kB, in the end %d kB\n", NR, first, most, last
        exit !(NR < 4 || last <= first + 2048)
    }' "$dir/rss"
