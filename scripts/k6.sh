#!/bin/sh
# Runs k6 (https://k6.io), which is built from the Go module proxy, in this version, into Cargo's target
# folder; the first time takes minutes.
#
#   scripts/k6.sh                      builds it, where it isn't there yet
#   scripts/k6.sh run [FLAGS] SCRIPT   any of its own commands
set -eu
cd "$(dirname "$0")/.."

k6=1.8.1

folder=${CARGO_TARGET_DIR:-target}/tools/k6-$k6
folder=$(mkdir -p "$folder" && cd "$folder" && pwd)
if [ ! -x "$folder/k6" ]; then
    echo "starling: Building k6 $k6; this takes minutes." >&2
    # One process at a time; whole or not at all.
    exec 9>"$folder/lock"
    flock 9
    [ -x "$folder/k6" ] || GOBIN=$folder/new GOFLAGS=-trimpath ./scripts/go.sh go install "go.k6.io/k6@v$k6" >&2
    [ -x "$folder/k6" ] || mv "$folder/new/k6" "$folder/k6"
    exec 9>&-
fi
[ $# -gt 0 ] || exit 0

# It keeps to itself: no report of use, no extensions from elsewhere, no port of its own.
export K6_NO_USAGE_REPORT=true K6_AUTO_EXTENSION_RESOLUTION=false
command=$1
shift
exec "$folder/k6" "$command" --address '' "$@"
