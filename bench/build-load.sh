#!/bin/sh
# build-load.sh: builds build/bench/load, turn_load, floor, store_load, people_load, srtp_load, sfu_load, sfu_floor and sfu_house
# when a source is newer, or the program's own code, which all but the first and the third use (build/libmadang_core.a).
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/bench

# build OUT SOURCES FLAGS...
build() {
    out=build/bench/$1 sources=$2
    shift 2
    if [ ! -e "$out" ] || [ -n "$(find "$sources" build/libmadang_core.a -newer "$out" -print)" ]; then
        # shellcheck disable=SC2086 # the pattern is meant
        "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out" $sources/*.c "$@"
    fi
}

build load bench/load -lssl -lcrypto
build turn_load bench/turn/load -Isrc build/libmadang_core.a -lssl -lcrypto
build floor bench/turn/floor
build store_load bench/store -Isrc build/libmadang_core.a -lsqlite3 -lutf8proc -lssl -lcrypto -lpthread
build people_load bench/people -Isrc build/libmadang_core.a -ljansson -lsqlite3 -lutf8proc -largon2 -lzxcvbn \
    -lssl -lcrypto -lpthread
build srtp_load bench/srtp -Isrc build/libmadang_core.a -lcrypto
build sfu_load bench/sfu/load -Isrc -Itests/unit build/libmadang_core.a -ljansson -lssl -lcrypto
build sfu_floor bench/sfu/floor -Isrc build/libmadang_core.a -lcrypto
build sfu_house bench/sfu/house -Isrc build/libmadang_core.a -ljansson -lsqlite3 -lutf8proc -largon2 -lzxcvbn -lcurl \
    -lssl -lcrypto -lpthread -lm
