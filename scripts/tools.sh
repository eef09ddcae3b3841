#!/bin/sh
# Checks that what a build needs is there. What is missing is named, with the way to get it. A C
# compiler is installed here and now where that needs no decision of anybody's: as root, with apt.
set -eu

missing=0

say() {
    echo "starling: $*" >&2
}

find_cargo() {
    command -v cargo >/dev/null 2>&1 || [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]
}

if ! find_cargo; then
    say "Rust is missing: no \`cargo\` on the PATH. Get it from https://rustup.rs:"
    say "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    missing=1
elif ! command -v cargo >/dev/null 2>&1; then
    say "Rust is installed, but not on the PATH. Run: . \"${CARGO_HOME:-$HOME/.cargo}/env\""
    missing=1
fi

if ! command -v cc >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "A C compiler is missing (SQLite and the cryptography need one); installing gcc."
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends gcc libc6-dev make
    else
        say "A C compiler is missing (SQLite and the cryptography need one). Get it with:"
        say "    Debian, Ubuntu:  sudo apt-get install gcc libc6-dev make"
        say "    Fedora:          sudo dnf install gcc make"
        say "    macOS:           xcode-select --install"
        missing=1
    fi
fi

exit "$missing"
