#!/bin/sh
# Tests the image and the files for Docker Compose: gets what they need, and runs tests/image on an engine of
# its own. Images are not pulled: those that ours is built from, and lives beside, are made here of Debian's
# packages and of the tools on this machine. All of it is kept in the folder that Cargo builds into.
#
#   scripts/image.sh                    all tests; further arguments are `go test`'s, such as -run NAME
set -eu
cd "$(dirname "$0")/.."

npm=10          # the one that comes with Node 22

tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools/image" && cd "${CARGO_TARGET_DIR:-target}/tools/image" && pwd)

say() {
    echo "starling: $*" >&2
}

if [ "$(id -u)" != 0 ]; then
    say "A Docker engine is started for this test: that takes root."
    exit 1
fi
./scripts/servers.sh docker

# A plugin of the command line, as on any machine: `docker compose`. Nothing is done where nothing has changed.
with_go=$PWD/scripts/go.sh
compose=github.com/docker/compose/v2
version=$(sed -n "s|^.$compose \(v[0-9.]*\).*|\1|p" tests/image/go.mod)
plugins=$tools/docker/cli-plugins
[ -x "$plugins/docker-compose" ] || say "Building Docker Compose; the first time takes minutes."
mkdir -p "$plugins"
(cd tests/image && "$with_go" go build -trimpath -ldflags "-s -w -X $compose/internal.Version=$version" \
    -o "$plugins/docker-compose" "$compose/cmd")

node=$(sed -n 's/^ARG NODE=//p' Dockerfile)
if [ ! -d "$tools/node-$node" ]; then
    say "Fetching Node $node, which the image's web client is built with."
    ./scripts/web.sh
    PATH=$PATH:$tools/../node_modules/.bin \
        npm install --silent --no-fund --no-audit --prefix "$tools/node-$node" "node@$node" "npm@$npm" >&2
fi

IMAGE_TOOLS=$tools
IMAGE_NODE=$tools/node-$node
IMAGE_CASSANDRA=$(./scripts/servers.sh cassandra)
export IMAGE_TOOLS IMAGE_NODE IMAGE_CASSANDRA
cd tests/image
exec "$with_go" go test -trimpath -count=1 -timeout 90m "$@" .
