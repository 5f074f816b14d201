#!/bin/bash
# soak.sh [MINUTES]: the relay's part of make soak, outside of CI. Allocations come and go at 50 a second, 30 over UDP, 10 over TCP,
# 10 over TLS; through each go 8 packets each way, which are checked by bench/turn/load. Fails when a packet is lost or wrong,
# when an allocation, a permission or a channel is left over, when the counters do not add up, or when memory is more than 2 MB above
# that of the third report.
set -euo pipefail
cd "$(dirname "$0")/../.."
minutes=${1:-10}
bench/build-load.sh
dir=$(mktemp -d)
tcp=$((20000 + RANDOM % 5000)) udp=$((25000 + RANDOM % 5000))
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 \
    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
"${MADANG_BIN:-build/madang}" turn --listen 127.0.0.1 --port "$tcp" --udp-port "$udp" --tls files --cert "$dir/cert.pem" \
    --key "$dir/key.pem" --user bench:bench --realm bench --allow-peer 127.0.0.0/8 --relay-ports 10000-19999 \
    --log-level warn >/dev/null 2>"$dir/log" &
pid=$!
metrics() { curl -skf "https://127.0.0.1:$tcp/metrics"; }
for _ in $(seq 100); do
    if metrics >/dev/null; then break; fi
    sleep 0.1
done

seconds=$((minutes * 60)) loads=()
start() { # OVER PER_SECOND PORT
    build/bench/turn_load --server "127.0.0.1:$3" --pid "$pid" --over "$1" --allocs $(($2 * 10)) "churn:$2:$seconds:10" >"$dir/$1" &
    loads+=($!)
}
start udp 30 "$udp"
start tcp 10 "$tcp"
start tls 10 "$tcp"
for load in "${loads[@]}"; do
    wait "$load" || { tail -n 3 "$dir"/{udp,tcp,tls,log}; exit 1; }
done
tail -qn 1 "$dir"/{udp,tcp,tls}
sleep 1 # until others see the last numbers
metrics >"$dir/metrics"

sum() { # of the lines that begin so
    awk -v name="$1" 'index($1, name) == 1 { n += $2 } END { printf "%d\n", n }' "$dir/metrics"
}
same() { # WHAT A B
    echo "$1: $2 and $3"
    [ "$2" = "$3" ] || { echo "  they should be equal" >&2; exit 1; }
}
sent=$(tail -qn 1 "$dir"/{udp,tcp,tls} | sed 's/.*"sent":\([0-9]*\).*/\1/' | paste -sd+)
made=$(tail -qn 1 "$dir"/{udp,tcp,tls} | sed 's/.*"made":\([0-9]*\).*/\1/' | paste -sd+)
same "allocations left over" "$(sum madang_turn_allocations)" 0
same "permissions left over" "$(sum madang_turn_permissions)" 0
same "channels left over" "$(sum madang_turn_channels)" 0
same "relays made and ended" "$(sum madang_turn_relays_made_total)" "$(sum madang_turn_relays_ended_total)"
same "relays made and asked for" "$(sum madang_turn_relays_made_total)" "$((made))"
same "packets relayed and sent" "$(sum madang_turn_packets_total)" "$((sent))"
sed 's/.*"round":\([0-9]*\),.*"rss_kb":\([0-9]*\).*/\1 \2/' "$dir/udp" | awk '
    NR == 3 { first = $2 }
    { last = $2; if ($2 > most) most = $2 }
    END {
        printf "%d reports, memory at the third %d kB, at most %d kB, in the end %d kB\n", NR, first, most, last
        exit !(NR < 4 || last <= first + 2048)
    }'
