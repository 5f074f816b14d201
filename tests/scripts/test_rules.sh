#!/bin/bash
# The rule scripts themselves: each kind of breach, planted in a small tree, must be found, and the
# same tree without it must pass.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
bad=0 n=0

good_tree() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/src/{base,proto,domain,msg,io,edge/web,app,media} "$tree"/web/{core,views,net}
    printf '#include <string.h>\n#include "base/buf.h"\n' >"$tree/src/base/buf.c"
    printf '#include <openssl/evp.h>\n#include "base/crypto.h"\n' >"$tree/src/base/crypto.c"
    printf '#include "base/buf.h"\n#include "proto/stun.h"\n/* strcpy(a, b) and time(NULL) are not for us */\n' >"$tree/src/proto/stun.c"
    printf '#include "msg/cmd.h"\n#include "base/buf.h"\nint f(struct x *x)\n{\n    return x->rand(1) + my_system(2);\n}\n' >"$tree/src/domain/room.c"
    printf '#include "proto/stun.h"\n#include <sys/epoll.h>\n' >"$tree/src/io/stream.c"
    printf '#include "domain/room.h"\n#include "edge/web/http.h"\n' >"$tree/src/app/main.c"
    printf "import { a } from '../core/store.js';\nimport b from './b.js';\ndocument.title = 'x';\n" >"$tree/web/views/lobby.js"
    printf "import { a } from './views/lobby.js';\n" >"$tree/web/main.js"
    printf 'export const a = 1;\n' >"$tree/web/core/store.js"
}

expect() { # 0|1 SCRIPT WHAT
    local status=0
    n=$((n + 1))
    "$top/scripts/$2" "$tree" >"$tree/out" 2>&1 || status=1
    [ "$status" = "$1" ] && return
    echo "not as expected ($1): $3"
    cat "$tree/out"
    bad=1
}

planted() { # SCRIPT FILE LINE
    good_tree
    printf '%b\n' "$3" >>"$tree/$2"
    expect 1 "$1" "$2: $3"
}

good_tree
expect 0 check-includes.sh "a good tree"
expect 0 check-banned.sh "a good tree"

planted check-includes.sh src/base/buf.c '#include "proto/stun.h"'
planted check-includes.sh src/proto/stun.c '#include "msg/cmd.h"'
planted check-includes.sh src/proto/stun.c '#include "io/loop.h"'
planted check-includes.sh src/domain/room.c '#include "proto/stun.h"'
planted check-includes.sh src/domain/room.c '#include "edge/web/http.h"'
planted check-includes.sh src/media/sfu.c '#include "domain/room.h"'
planted check-includes.sh src/io/stream.c '#include "proto/http1.h"'
planted check-includes.sh src/io/stream.c '#include "msg/cmd.h"'
planted check-includes.sh src/edge/web/http.c '#include "domain/room.h"'
planted check-includes.sh src/edge/web/http.c '  #  include "app/config.h"'
planted check-includes.sh src/edge/web/http.c '#include <jansson.h>'
planted check-includes.sh src/edge/web/http.h '#include <openssl/ssl.h>'
planted check-includes.sh src/base/crypto.h '#include <openssl/ssl.h>'
planted check-includes.sh src/base/buf.c '#include <foo/bar.h>'
planted check-includes.sh src/domain/room.c '#include <time.h>'
planted check-includes.sh src/proto/stun.c '#include <sys/socket.h>'
planted check-includes.sh src/domain/room.c 'int64_t g(void)\n{\n    return clock_gettime(1, 0);\n}'
planted check-includes.sh src/base/buf.c "int g(void)\n{$(printf '\\n    f();%.0s' {1..61})\n}"
planted check-includes.sh src/base/buf.c "$(printf 'int a;\\n%.0s' {1..800})"
planted check-includes.sh web/core/store.js "import { x } from '../views/lobby.js';"
planted check-includes.sh web/views/lobby.js "import { x } from '../net/socket.js';"
planted check-includes.sh web/core/store.js "import '../main.js';"
planted check-includes.sh web/net/socket.js "  document.body.remove();"
planted check-includes.sh web/views/lobby.js "  el.innerHTML = name;"

planted check-banned.sh src/base/buf.c 'int f(void)\n{\n    strcpy(a, b);\n}'
planted check-banned.sh src/base/buf.c '    (strcpy)(a, b);'
planted check-banned.sh src/base/buf.c '    fn = strcpy;'
planted check-banned.sh src/app/main.c '    return rand ();'
planted check-banned.sh src/app/main.c '    /* a */ system("ls"); // b'
planted check-banned.sh src/app/main.c '    assert(input != 0);'

[ "$bad" = 0 ] && echo "$n cases as expected"
exit $bad
