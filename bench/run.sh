#!/bin/sh
# run.sh: what make bench does. Gets the peers, builds the load generators, measures signaling (bench/measure.mjs), the
# store (bench/store), messages, sign-ins, presence and the directory (bench/people), SRTP (bench/srtp), the relay
# (bench/turn/measure.mjs) and the SFU (bench/sfu/measure.mjs, as root); WHAT=signaling, store, people, srtp, relay or sfu does
# one of them, WHAT=click calls in real browsers (bench/click.mjs; CALLS, PAIRS), WHAT=frame the first picture of a player in
# Chromium (bench/first-frame.mjs; TRIES, LINES). Their
# variables: ROUNDS, CLIENTS, SECONDS, ONLY, ROWS, SERVERS, BENCH_CPUS, BENCH_JSON. MADANG_BIN names another program than
# build/madang.
set -eu
cd "$(dirname "$0")/.."

browsers=''
case ${WHAT:-all} in click) browsers=click ;; frame) browsers=first-frame ;; esac
if [ "$browsers" ]; then
    scripts/install-deps.sh test
    scripts/npm-ci.sh all
    exec node --test-reporter=spec "bench/$browsers.mjs"
fi
sum=$(cksum <bench/package-lock.json)
case ${WHAT:-all} in sfu | srtp | relay) sum='' ;; esac # no peers from npm
if [ "$sum" ] && [ "$(cat bench/node_modules/.madang-bench 2>/dev/null || :)" != "$sum" ]; then
    echo "Getting ws, Socket.IO and better-sqlite3 from npm, to measure beside them ..."
    (cd bench && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    # Its SQLite from the sources that it brings; with the headers of this Node, from /usr/include/node where they are there.
    (cd bench/node_modules/better-sqlite3 && npm run --silent build-release >../.better-sqlite3.log 2>&1) || {
        echo "better-sqlite3 cannot be built (bench/node_modules/.better-sqlite3.log); WHAT=people has no peer then." >&2
    }
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
    $alone node bench/people/measure.mjs
    ;;
esac
case ${WHAT:-all} in all | srtp) build/bench/srtp_load ;; esac
case ${WHAT:-all} in all | relay) $alone node bench/turn/measure.mjs ;; esac
case ${WHAT:-all} in all | sfu)
    if [ "$(id -u)" = 0 ]; then
        scripts/own-net.sh node bench/sfu/measure.mjs
    else
        echo "The SFU is measured as root only: it wants network namespaces." >&2
    fi
    ;;
esac
