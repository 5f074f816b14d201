#!/bin/sh
# run.sh: what make bench does. Gets the peers, builds the load generators, measures signaling (bench/measure.mjs), the
# store (bench/store), presence and the directory (bench/people), and the relay (bench/turn/measure.mjs); WHAT=signaling, store,
# people or relay does one of them. Their variables: ROUNDS, CLIENTS, SECONDS,
# ONLY, SERVERS, BENCH_CPUS, BENCH_JSON. MADANG_BIN names another program than build/madang.
set -eu
cd "$(dirname "$0")/.."

sum=$(cksum <bench/package-lock.json)
if [ "$(cat bench/node_modules/.madang-bench 2>/dev/null || :)" != "$sum" ]; then
    echo "Getting ws and Socket.IO from npm, to measure beside them ..."
    (cd bench && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    printf '%s\n' "$sum" >bench/node_modules/.madang-bench
fi
bench/build-load.sh
# As root in a network of its own: connection tracking of this machine's firewall would be measured, too.
alone='env'
if [ "$(id -u)" = 0 ]; then alone=scripts/own-net.sh; fi
case ${WHAT:-all} in all | signaling) $alone node bench/measure.mjs ;; esac
case ${WHAT:-all} in all | store)
    # On the disk where a data folder would lie, which /tmp may not be.
    mkdir -p build/bench/data
    build/bench/store_load build/bench/data
    ;;
esac
case ${WHAT:-all} in all | people)
    mkdir -p build/bench/data
    build/bench/people_load build/bench/data
    ;;
esac
case ${WHAT:-all} in all | relay) $alone node bench/turn/measure.mjs ;; esac
