#!/bin/bash
# check-binary.sh [FILE]: the release binary has what hardens it, and is not larger than promised.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
binary=${1:-build/madang}
bad=0

lacks() {
    echo "$binary: $1"
    bad=1
}

header=$(readelf -hW "$binary") || exit 1
segments=$(readelf -lW "$binary")
dynamic=$(readelf -dW "$binary")
symbols=$(readelf --dyn-syms -W "$binary")
grep -q 'Type:.*DYN' <<<"$header" || lacks "is not position independent"
grep -q GNU_RELRO <<<"$segments" || lacks "has no RELRO"
grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || lacks "is not bound at the start (-z now)"
grep -qE 'GNU_STACK.* RW ' <<<"$segments" || lacks "has an executable stack"
grep -qE 'LOAD.* RWE ' <<<"$segments" && lacks "has a segment that is writable and executable"
grep -q __stack_chk_fail <<<"$symbols" || lacks "has no stack protector"
grep -qE '__(memcpy|snprintf|vsnprintf|read|memset|memmove)_chk' <<<"$symbols" || lacks "is not fortified"
# The note that switches CET on needs a libc that has it in its start-up files; Debian 12's has not.
# What depends on us is the code.
if grep -q 'Machine:.*X86-64' <<<"$header"; then
    code=$(objdump -d --no-show-raw-insn --disassemble=main "$binary")
    grep -q endbr64 <<<"$code" || lacks "has no endbr64 (CET)"
fi
grep -q TEXTREL <<<"$dynamic" && lacks "has text relocations"

stripped=$(mktemp)
strip -o "$stripped" "$binary"
size=$(stat -c %s "$stripped")
rm -f "$stripped"
[ "$size" -lt 8388608 ] || lacks "has $size bytes stripped (8 MiB at most)"
[ $bad = 0 ] && echo "hardened; $size bytes stripped"
exit $bad
