#!/bin/sh
# Looks at what comes from others: known holes, licences and sources of crates (cargo-deny, by deny.toml)
# and of npm packages (npm audit), and at the workflows of CI (actionlint). The tools are built here, in
# the versions below, into the folder that Cargo builds into.
#
#   scripts/audit.sh                says what could not be checked for want of a network, and goes on
#   scripts/audit.sh --complete     fails there
set -eu
cd "$(dirname "$0")/.."

cargo_deny=0.20.2
actionlint=1.7.12

tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools" && cd "${CARGO_TARGET_DIR:-target}/tools" && pwd)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
failed=
unchecked=

say() {
    echo "starling: $*" >&2
}

found() {
    say "$1: something was found."
    failed="$failed, $1"
}

not_checked() {
    say "$1 were NOT CHECKED: $2"
    tail -n 3 "$said" >&2
    unchecked="$unchecked, $1"
}

# Unoptimised: it has little to do, and is built in half the time. In a folder of its own, so that
# nothing else that Cargo builds waits for it.
deny() {
    if [ ! -x "$tools/cargo-deny-$cargo_deny/bin/cargo-deny" ]; then
        say "Building cargo-deny $cargo_deny; it takes minutes."
        cargo install --quiet --locked --debug --version "$cargo_deny" \
            --root "$tools/cargo-deny-$cargo_deny" --target-dir "$tools/cargo-deny-build" cargo-deny
        rm -rf "$tools/cargo-deny-build"
    fi
    "$tools/cargo-deny-$cargo_deny/bin/cargo-deny" --locked "$@"
}

crates() {
    deny check bans licenses sources || found "licences and sources of crates"
    if deny fetch db >"$said" 2>&1; then
        deny check --disable-fetch advisories || found "advisories about crates"
    else
        not_checked "advisories about crates" "their database (github.com/rustsec/advisory-db) can't be reached."
    fi
}

npm_packages() {
    if ./scripts/web.sh npm audit >"$said" 2>&1; then
        tail -n 1 "$said"
    elif grep -q '^[0-9].* vulnerabilit' "$said"; then
        cat "$said"
        found "advisories about npm packages"
    else
        not_checked "advisories about npm packages" "the registry doesn't answer."
    fi
}

workflows() {
    if [ ! -x "$tools/actionlint-$actionlint/actionlint" ]; then
        say "Building actionlint $actionlint."
        GOBIN=$tools/actionlint-$actionlint ./scripts/go.sh \
            go install "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint"
    fi
    "$tools/actionlint-$actionlint/actionlint" -shellcheck= -pyflakes= || found "workflows"
}

crates
npm_packages
workflows

[ -z "$failed" ] || say "To be seen to: ${failed#, }."
if [ -n "$unchecked" ]; then
    say "Not checked: ${unchecked#, }."
    [ "${1:-}" != --complete ] || failed=1
fi
[ -z "$failed" ]
