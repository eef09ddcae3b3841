#!/bin/sh
# Builds the server of the version before this one, which tests/upgrade/previous names, and prints where
# it is. It comes from git, and is built into a folder of its own in the one that Cargo builds into: the
# first time takes minutes, and after that nothing is done until another version is named.
set -eu
cd "$(dirname "$0")/.."

say() {
    echo "starling: $*" >&2
}

version=$(grep -v '^#' tests/upgrade/previous)
if ! commit=$(git rev-parse --verify --quiet "$version^{commit}"); then
    say "The version before ($version) is not in this copy of the repository."
    say "Get its history: git fetch --unshallow --tags"
    exit 1
fi

folder=${CARGO_TARGET_DIR:-target}/previous
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
program=$folder/starling-$commit

if [ ! -x "$program" ]; then
    exec 9>"$folder/lock"
    flock 9
fi
if [ ! -x "$program" ]; then
    say "Building the version before ($version); the first time takes minutes."
    rm -rf "$folder/source" "$folder"/starling-*
    mkdir "$folder/source"
    # Dated now: Cargo takes what is older than its last build for unchanged.
    git archive "$commit" | tar -x -m -C "$folder/source"
    "${CARGO:-cargo}" build --quiet --locked --bin starling \
        --manifest-path "$folder/source/Cargo.toml" --target-dir "$folder/build" >&2
    cp "$folder/build/debug/starling" "$program.new"
    mv "$program.new" "$program"
fi
echo "$program"
