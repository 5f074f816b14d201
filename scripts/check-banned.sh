#!/bin/bash
# check-banned.sh [ROOT]: banned functions by name, also where src/base/banned.h does not reach
# (function pointers, (name)(...)); and assert() outside the tests. Prints FILE:LINE: each breach.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/..}" || exit 2
# Those that nobody would call a variable, and those that are words.
odd='strcpy|strcat|stpcpy|sprintf|vsprintf|strncpy|strncat|atoi|atol|atoll|sscanf|strtok|alloca|popen|mktemp|tmpnam|tempnam'
words='gets|atof|gmtime|localtime|ctime|asctime|rand|srand|system'

code=$(find src include tests/unit tests/sim tests/fuzz -name '*.[ch]' -not -name banned.h -print0 2>/dev/null | sort -z |
    xargs -0 -r awk -f "$here/strip.awk")
out=$(
    grep -E "(^|[^A-Za-z0-9_.>])($odd|$words)\)?[[:space:]]*\(" <<<"$code" | sed 's/$/   <- banned, see src\/base\/banned.h/'
    grep -E "^src.*[=(,][[:space:]]*&?($odd)[[:space:]]*[;,)]" <<<"$code" | sed 's/$/   <- banned, see src\/base\/banned.h/'
    grep -E '^src.*[^A-Za-z0-9_]assert[[:space:]]*\(' <<<"$code" | sed 's/$/   <- assert() belongs into tests/'
)
[ -z "$out" ] || { printf '%s\n' "$out"; exit 1; }
