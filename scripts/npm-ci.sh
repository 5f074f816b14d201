#!/bin/sh
# npm-ci.sh prod|all: brings node_modules to what package-lock.json says (prod: only what the page
# itself uses) and copies the page's modules to web/vendor. Does nothing, without network, when the
# lock file has not changed since.
set -eu
cd "$(dirname "$0")/.."
what=${1:-prod}
sum=$(cksum <package-lock.json)

have() { # a full install also serves the page
    [ "$(cat "node_modules/.madang-$1" 2>/dev/null || :)" = "$sum" ]
}

vendor() {
    cp node_modules/htm/preact/standalone.module.js web/vendor/htm-preact.js
    cp node_modules/qrcode-generator/dist/qrcode.mjs web/vendor/qrcode.js
    {
        for p in htm preact qrcode-generator; do
            version=$(sed -n 's/^ *"version": *"\(.*\)".*/\1/p' "node_modules/$p/package.json" | head -n 1)
            printf '==== %s %s ====\n\n' "$p" "$version"
            cat "node_modules/$p/LICENSE" 2>/dev/null || sed -n 1,15p "node_modules/$p/dist/qrcode.mjs"
            echo
        done
    } >web/vendor/licenses.txt
}

if have all || { [ "$what" = prod ] && have prod; }; then
    if [ ! -e web/vendor/licenses.txt ]; then vendor; fi
    exit 0
fi
if [ "$what" = prod ]; then
    echo "Getting the page's three JavaScript modules from npm (htm, preact, qrcode-generator) ..."
    npm ci --ignore-scripts --omit=dev --no-audit --no-fund --loglevel=error
else
    echo "Getting the JavaScript modules of the page and of its tests from npm ..."
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
vendor
printf '%s\n' "$sum" >"node_modules/.madang-$what"
