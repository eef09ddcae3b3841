#!/bin/sh
# Tests the image and the files for Docker Compose: gets what they need, and runs tests/image on an engine of
# its own. Images are not pulled: those that ours is built from, and lives beside, are made here of Debian's
# packages and of the tools on this machine. All of it is kept in the folder that Cargo builds into.
#
#   scripts/image.sh                    all tests; further arguments are `go test`'s, such as -run NAME
set -eu
cd "$(dirname "$0")/.."

compose=2.40.3
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

# A plugin of the command line, as on any machine: `docker compose`.
plugin=$tools/docker/cli-plugins/docker-compose
if [ ! -x "$tools/compose-$compose" ]; then
    say "Building Docker Compose $compose; it takes minutes."
    GOBIN=$tools ./scripts/go.sh go install -trimpath -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=v$compose" \
        "github.com/docker/compose/v2/cmd@v$compose"
    mv "$tools/cmd" "$tools/compose-$compose"
fi
mkdir -p "${plugin%/*}"
ln -sfn "$tools/compose-$compose" "$plugin"

node=$(sed -n 's/^ARG NODE=//p' Dockerfile)
if [ ! -d "$tools/node-$node" ]; then
    say "Fetching Node $node, which the image's web client is built with."
    ./scripts/web.sh
    PATH=$PATH:$tools/../node_modules/.bin \
        npm install --silent --no-fund --no-audit --prefix "$tools/node-$node" "node@$node" "npm@$npm" >&2
fi

go=$PWD/scripts/go.sh
IMAGE_TOOLS=$tools
IMAGE_NODE=$tools/node-$node
IMAGE_CASSANDRA=$(./scripts/servers.sh cassandra)
export IMAGE_TOOLS IMAGE_NODE IMAGE_CASSANDRA
cd tests/image
exec "$go" go test -count=1 -timeout 90m "$@" .
