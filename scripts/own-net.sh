#!/bin/sh
# own-net.sh COMMAND...: runs it (as root) with a network and a list of network namespaces of its own, so that what it
# makes is gone with it and nobody else's browser sees interfaces come and go.
set -eu
# shellcheck disable=SC2016 # for the inner shell
exec unshare --net --mount --propagation unchanged sh -eu -c '
    # ip netns exec wants a root that is a mount; that of a bare chroot is none.
    if ! mount --make-rprivate / 2>/dev/null; then
        [ -z "${OWN_NET_ROOT:-}" ] || { echo "own-net.sh: no mount can be made here" >&2; exit 1; }
        root=$(mktemp -d)
        mount --rbind / "$root"
        OWN_NET_ROOT=1 exec chroot "$root" sh -eu -c "cd \"\$1\"; shift; exec \"\$@\"" own-net "$PWD" "$0" "$@"
    fi
    mkdir -p /run/netns
    mount -t tmpfs tmpfs /run/netns
    ip link set lo up
    OWN_NET=1 exec "$@"
' "$0" "$@"
