#!/bin/sh
# install-deps.sh TIER...: Debian packages that a task needs (run, test, lint, bench, deb). Looks first
# what is missing, without network; says what and why; then installs it, with sudo when not root.
set -eu

# One package per line; "package:command" is satisfied by the command from anywhere.
run_why="to build and run madang"
run="
gcc:gcc
libc6-dev
cmake:cmake
pkg-config:pkg-config
libssl-dev
libjansson-dev
libinih-dev
libargon2-dev
libutf8proc-dev
libqrcodegen-dev
libzxcvbn-dev
libcbor-dev
libcurl4-openssl-dev
libsqlite3-dev
nodejs:node
npm:npm
ca-certificates
"
test_why="to test madang (second compiler, unit tests, browsers, network namespaces, other people's WebRTC)"
test="
git:git
clang:clang
libclang-rt-14-dev
llvm:llvm-symbolizer
libcmocka-dev
libsrtp2-dev
openssl:openssl
curl:curl
chromium:chromium
firefox-esr:firefox-esr
libnss3-tools:certutil
fonts-noto-cjk
iproute2:ip
nftables:nft
iptables:iptables
libnetfilter-queue-dev
coturn:turnutils_stunclient
procps:ps
strace:strace
python3-aiortc
python3-gi
gir1.2-gst-plugins-bad-1.0
ffmpeg:ffmpeg
gstreamer1.0-tools:gst-launch-1.0
gstreamer1.0-nice
gstreamer1.0-plugins-base
gstreamer1.0-plugins-good
gstreamer1.0-plugins-bad
golang-go:go
golang-github-pion-webrtc.v3-dev
"
lint_why="to check the sources"
lint="
clang:clang
libcmocka-dev
clang-format:clang-format
clang-tidy:clang-tidy
cppcheck:cppcheck
shellcheck:shellcheck
"
bench_why="to measure madang"
bench="
libsrtp2-dev
coturn:turnserver
janus:janus
golang-go:go
golang-github-pion-webrtc.v3-dev
openssl:openssl
curl:curl
ethtool:ethtool
iproute2:ip
mount:mount
"
deb_why="to make a Debian package"
deb="
dpkg-dev:dpkg-shlibdeps
file:file
"

[ "${MADANG_SKIP_DEPS:-}" ] && exit 0
[ $# -gt 0 ] || set -- run

wanted="" why=""
for tier in "$@"; do
    case $tier in
    run) wanted="$wanted $run" why=$run_why ;;
    test) wanted="$wanted $run $test" why=$test_why ;;
    lint) wanted="$wanted $run $lint" why=$lint_why ;;
    deb) wanted="$wanted $run $deb" why=$deb_why ;;
    bench) wanted="$wanted $run $bench" why=$bench_why ;;
    *)
        echo "install-deps.sh: unknown tier '$tier' (run, test, lint, bench, deb)" >&2
        exit 2
        ;;
    esac
done

installed=" "
if command -v dpkg-query >/dev/null 2>&1; then
    # shellcheck disable=SC2016 # dpkg-query's own variables
    installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' 2>/dev/null) "
fi
missing=""
for entry in $wanted; do
    package=${entry%%:*}
    command=${entry#"$package"}
    command=${command#:}
    case $installed in *" installed=$package "*) continue ;; esac
    if [ "$command" ] && command -v "$command" >/dev/null 2>&1; then continue; fi
    case " $missing " in *" $package "*) continue ;; esac
    missing="$missing $package"
done

if [ ! "$missing" ]; then exit 0; fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "This is no Debian: please install, $why, what these Debian packages hold:$missing" >&2
    echo "Going on without (MADANG_SKIP_DEPS=1 skips this check)." >&2
    exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Missing, $why:$missing" >&2
        echo "There is no sudo here. As root, run: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root="sudo"
fi
echo "Installing Debian packages${as_root:+ with sudo}, $why:"
echo " $missing" | fold -s -w 96 | sed 's/^ */  /'
export DEBIAN_FRONTEND=noninteractive
if ! $as_root apt-get update -qq </dev/null; then
    echo "apt-get update failed; trying with the package lists that are here." >&2
fi
# Their commands are wanted, not what they serve by themselves: coturn would take our UDP port.
for package in coturn janus; do
    unit=/etc/systemd/system/$package.service
    case " $missing " in *" $package "*)
        if [ ! -e "$unit" ] && [ ! -L "$unit" ]; then
            $as_root mkdir -p "${unit%/*}"
            $as_root ln -s /dev/null "$unit"
        fi
        ;;
    esac
done
log=$(mktemp)
# shellcheck disable=SC2086 # a list of words
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 $missing </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "Installing failed. To do it by hand: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
rm -f "$log"
