#!/bin/sh
# build-load.sh: builds build/bench/load when a source is newer.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/bench
if [ ! -e build/bench/load ] || [ -n "$(find bench/load -newer build/bench/load -print)" ]; then
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -o build/bench/load bench/load/*.c -lssl -lcrypto
fi
