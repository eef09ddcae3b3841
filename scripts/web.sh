#!/bin/sh
# Runs a command in web/, with a Node that is new enough for it. Where there is none, it is fetched
# first, into the folder that Cargo builds into: as root with apt, or with an npm that is there.
#
#   scripts/web.sh npm run build
#   scripts/web.sh                  only sees to it that there is one
set -eu
cd "$(dirname "$0")/.."

oldest=20.19    # as `engines` in web/package.json
node=22         # what is fetched where there is none
npm=11

tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools" && cd "${CARGO_TARGET_DIR:-target}/tools" && pwd)

say() {
    echo "starling: $*" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

new_enough() {
    have node && have npm || return 1
    version=$(node --version)
    [ "$(printf '%s\n' "v$oldest" "$version" | sort -V | head -n 1)" = "v$oldest" ]
}

# Debian 12 has an older Node. Its npm can fetch a newer one, but does not run with it: it finds its
# parts only by Debian's own Node.
fetch() {
    if ! have npm && [ "$(id -u)" = 0 ] && have apt-get; then
        say "Node is missing (the web client is built with it); installing npm."
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends npm >/dev/null
        hash -r
        ! new_enough || return 0
    fi
    if ! have npm; then
        say "Node $oldest or newer is missing, with npm: the web client is built with it. Get it with:"
        say "    Debian, Ubuntu:  sudo apt-get install npm"
        say "    Fedora:          sudo dnf install npm"
        say "    macOS:           brew install node"
        exit 1
    fi
    say "Fetching Node $node: the web client needs $oldest or newer."
    npm install --silent --no-fund --no-audit --prefix "$tools" \
        "node@$node" "npm@$npm" >&2
    hash -r
}

PATH=$tools/node_modules/.bin:$PATH
export PATH
new_enough || fetch
if ! new_enough; then
    say "The Node that was fetched can't be used. Install Node $oldest or newer yourself."
    exit 1
fi
[ $# = 0 ] || { cd web && exec "$@"; }
