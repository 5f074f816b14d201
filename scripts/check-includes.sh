#!/bin/bash
# check-includes.sh [ROOT]: who may include whom (docs/architecture.md), where third-party headers
# may appear, what a core may not touch, and how long a file and a function may be. Prints each
# breach as FILE:LINE: TEXT; exit status 1 if there is one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/..}"
table=$here/third-party.txt
breaches=0

say() {
    printf '%s\n' "$1"
    breaches=$((breaches + 1))
}

# The rooms that each room may include (itself always).
allowed() {
    case $1 in
    base) echo "" ;;
    msg) echo "base" ;;
    proto) echo "base" ;;
    domain) echo "base msg" ;;
    media) echo "base msg proto" ;;
    io) echo "base" ;; # and proto's framing, below
    edge) echo "base msg io proto" ;;
    app) echo "base msg proto domain media io edge app" ;;
    *) echo "?" ;;
    esac
}

check_layer() { # FILE LINE INCLUDED
    local from=${1#src/} to=$3
    from=${from%%/*}
    local room=${to%%/*}
    [ "$room" = "$from" ] && return
    case " $(allowed "$from") " in *" $room "*) return ;; esac
    case $from:$to in
    edge:media/recording.h) # the recording thread is its edge
        case $1 in src/edge/rec/*) return ;; esac
        ;;
    io:proto/stun.h | io:proto/turn_frame.h | io:proto/dtls_hello.h) return ;;
    *:madang/*) return ;;
    esac
    say "$1:$2: $from must not include \"$to\" (it may include: $from $(allowed "$from"))"
}

# Headers of libc and Linux are free, but a core knows no clock, socket, thread or file.
check_system() { # FILE LINE HEADER
    local from=${1#src/}
    case ${from%%/*}:$3 in
    proto:time.h | proto:unistd.h | proto:pthread.h | proto:fcntl.h | proto:poll.h | proto:signal.h | \
        proto:sys/socket.h | proto:sys/epoll.h | proto:sys/random.h | proto:sys/time.h | \
        domain:time.h | domain:unistd.h | domain:pthread.h | domain:fcntl.h | domain:poll.h | \
        domain:signal.h | domain:sys/socket.h | domain:sys/epoll.h | domain:sys/random.h | \
        domain:sys/time.h | domain:netinet/* | domain:arpa/* | \
        media:time.h | media:unistd.h | media:pthread.h | media:sys/socket.h | media:sys/epoll.h)
        say "$1:$2: a core must not include <$3>"
        return
        ;;
    esac
    case $3 in
    sys/* | netinet/* | arpa/* | net/* | linux/* | asm/* | sanitizer/*) return ;;
    esac
    local prefix glob third=0
    while read -r prefix glob; do
        case $prefix in "" | \#*) continue ;; esac
        case $3 in "$prefix"*) ;; *) continue ;; esac
        third=1
        # shellcheck disable=SC2254 # a glob on purpose
        case $1 in $glob) return ;; esac
    done <"$table"
    if [ $third = 1 ]; then
        say "$1:$2: <$3> is not for this file (scripts/third-party.txt says for whom)"
    else
        case $3 in
        */* | jansson* | sqlite3* | zlib* | curl* | hiredis* | cbor*)
            say "$1:$2: <$3> is unknown: wrap it in one .c file and add that to scripts/third-party.txt" ;;
        esac
    fi
}

while IFS=: read -r file line text; do
    case $text in
    *\"*\"*)
        included=${text#*\"}
        included=${included%%\"*}
        case $file:$included in
        src/*) check_layer "$file" "$line" "$included" ;;
        esac
        ;;
    *\<*\>*)
        included=${text#*<}
        check_system "$file" "$line" "${included%%>*}"
        ;;
    esac
done < <(find src tests/unit tests/sim tests/fuzz -name '*.[ch]' -print0 2>/dev/null | sort -z |
    xargs -0 -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]' || true)

# Nothing that reads a clock, randomness or a thread is called in a core, however it was declared.
while IFS= read -r hit; do
    say "$hit: a core takes time, randomness and input as arguments"
done < <(find src/proto src/domain src/media src/msg -name '*.[ch]' -print0 2>/dev/null | sort -z |
    xargs -0 -r awk -f "$here/strip.awk" |
    grep -E '\b(clock_gettime|gettimeofday|time *\(NULL|getrandom|getentropy|pthread_[a-z_]+|socket *\(|epoll_[a-z]+)' || true)

# Lengths: a function fits one or two screens, a file is read in one sitting.
while IFS= read -r hit; do
    say "$hit"
done < <(find src -name '*.[ch]' -print0 2>/dev/null | sort -z | xargs -0 -r awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start - 1 > 60)
                printf "%s:%d: a function of %d lines (60 at most)\n", FILENAME, start, FNR - start - 1
            start = 0 }
    FNR == 801 { printf "%s:801: a file of more than 800 lines\n", FILENAME }')

# The page: views draw, main.js (and watch.js, for players) wires, everything else works without a document.
web_allowed() {
    case $1 in
    core) echo "" ;;
    domain) echo "core" ;;
    net) echo "core" ;;
    rtc) echo "core" ;;
    media) echo "core" ;;
    i18n) echo "core" ;;
    views) echo "core domain i18n vendor" ;;
    sdk) echo "core net rtc media" ;;
    *) echo "core domain net rtc media i18n views sdk vendor" ;;
    esac
}
while IFS=: read -r file line text; do
    target=$(printf '%s\n' "$text" | sed -n "s/.*['\"]\(\.\.*\/[^'\"]*\)['\"].*/\1/p")
    [ "$target" ] || continue
    from=${file#web/}
    case $from in */*) from=${from%%/*} ;; *) continue ;; esac
    room=$(realpath -m --relative-to=web "$(dirname "$file")/$target")
    case $room in */*) room=${room%%/*} ;; *) room=main ;; esac
    [ "$room" = "$from" ] && continue
    case " $(web_allowed "$from") " in *" $room "*) continue ;; esac
    say "$file:$line: web/$from must not import web/$room (it may import: $(web_allowed "$from"))"
done < <(find web -name '*.js' -not -path 'web/vendor/*' -print0 2>/dev/null | sort -z |
    xargs -0 -r grep -nHE "^[^*/]*(\bfrom|\bimport)[ (]+['\"]\.\.?/" || true)
while IFS= read -r hit; do
    say "$hit: only views, main.js and watch.js touch the document"
done < <(find web -name '*.js' -not -path 'web/vendor/*' -not -path 'web/views/*' -not -path 'web/main.js' -not -path 'web/watch.js' -not -path 'web/too-old.js' \
    -print0 2>/dev/null | sort -z | xargs -0 -r grep -nHE '^[^*/]*\bdocument\.' | cut -d: -f1,2 || true)
while IFS= read -r hit; do
    say "$hit: no HTML from strings"
done < <(find web -name '*.js' -not -path 'web/vendor/*' -print0 2>/dev/null | sort -z |
    xargs -0 -r grep -nHE '\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML)\b' | cut -d: -f1,2 || true)

[ "$breaches" -eq 0 ] || { echo "check-includes: $breaches breaches" >&2; exit 1; }
