#!/bin/sh
# run.sh: what make bench does. Gets the two peers, builds the load generator, measures (bench/measure.mjs;
# its variables: ROUNDS, CLIENTS, ONLY, SERVERS, BENCH_CPUS, BENCH_JSON). MADANG_BIN names another program than build/madang.
set -eu
cd "$(dirname "$0")/.."

sum=$(cksum <bench/package-lock.json)
if [ "$(cat bench/node_modules/.madang-bench 2>/dev/null || :)" != "$sum" ]; then
    echo "Getting ws and Socket.IO from npm, to measure beside them ..."
    (cd bench && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    printf '%s\n' "$sum" >bench/node_modules/.madang-bench
fi
bench/build-load.sh
exec node bench/measure.mjs "$@"
