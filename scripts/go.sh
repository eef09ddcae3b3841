#!/bin/sh
# Runs a command with a Go that is new enough for what is built here. Where there is none, it is fetched
# first, into Go's own cache: as root with apt, or with an older Go that is there.
#
#   scripts/go.sh go install example.org/tool@v1.2.3
#   scripts/go.sh                   only sees to it that there is one
set -eu

oldest=1.25     # of what k6 and tests/*/go.mod ask for
go=1.25.12      # what is fetched where there is none

# The command runs where this is called from.
tools=$(cd "$(dirname "$0")/.." && mkdir -p "${CARGO_TARGET_DIR:-target}/tools" && cd "${CARGO_TARGET_DIR:-target}/tools" && pwd)

say() {
    echo "starling: $*" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

new_enough() {
    have go || return 1
    version=$(cd / && GOTOOLCHAIN=local go version | sed 's/^go version go\([0-9.]*\).*/\1/')
    [ "$(printf '%s\n' "$oldest" "$version" | sort -V | head -n 1)" = "$oldest" ]
}

# Go's own releases are modules too, so that an old Go can fetch a new one.
fetch() {
    if ! have go && [ "$(id -u)" = 0 ] && have apt-get; then
        say "Go is missing (tools are built with it); installing golang-go."
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends golang-go >/dev/null
        hash -r
        ! new_enough || return 0
    fi
    if ! have go; then
        say "Go $oldest or newer is missing: tools are built with it. Get it with:"
        say "    Debian, Ubuntu:  sudo apt-get install golang-go"
        exit 1
    fi
    say "Fetching Go $go: $oldest or newer is needed."
    system=$(go env GOOS)-$(go env GOARCH)
    (cd / && GOFLAGS=-mod=mod go mod download "golang.org/toolchain@v0.0.1-go$go.$system")
    folder=$(go env GOMODCACHE)/golang.org/toolchain@v0.0.1-go$go.$system
    # Files of a module have no right to run.
    chmod 755 "$folder"/bin/* "$folder"/pkg/tool/*/*
    ln -sfn "$folder" "$tools/go"
    hash -r
}

PATH=$tools/go/bin:$PATH
export PATH
new_enough || fetch
if ! new_enough; then
    say "The Go that was fetched can't be used. Install Go $oldest or newer yourself."
    exit 1
fi
export GOTOOLCHAIN=local
[ $# = 0 ] || exec "$@"
