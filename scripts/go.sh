# Read by the scripts that build something with Go (`. scripts/go.sh`), from the top of the project.
#
#   go_for VERSION WHAT      puts a Go on the PATH that is VERSION or newer; WHAT is built with it
#
# One that is installed is used where it is new enough; otherwise another is fetched, into Cargo's target
# folder.
# shellcheck shell=sh

go_release=1.25.12  # what is fetched where there is none

go_tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools" && cd "${CARGO_TARGET_DIR:-target}/tools" && pwd)

say() {
    echo "starling: $*" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

go_is() {
    have go || return 1
    version=$(cd / && GOTOOLCHAIN=local go version | sed 's/^go version go\([0-9.]*\).*/\1/')
    [ "$(printf '%s\n' "$1" "$version" | sort -V | head -n 1)" = "$1" ]
}

# Go's own releases are modules too, so that an old Go can fetch a new one.
fetch_go() {
    if ! have go && [ "$(id -u)" = 0 ] && have apt-get; then
        say "Go is missing ($2 is built with it); installing golang-go."
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends golang-go >/dev/null
        hash -r
        ! go_is "$1" || return 0
    fi
    if ! have go; then
        say "Go $1 or newer is missing: $2 is built with it. Get it with:"
        say "    Debian, Ubuntu:  sudo apt-get install golang-go"
        exit 1
    fi
    say "Fetching Go $go_release: $2 needs $1 or newer."
    system=$(go env GOOS)-$(go env GOARCH)
    (cd / && GOFLAGS=-mod=mod go mod download "golang.org/toolchain@v0.0.1-go$go_release.$system")
    folder=$(go env GOMODCACHE)/golang.org/toolchain@v0.0.1-go$go_release.$system
    # Files of a module have no right to run.
    chmod 755 "$folder"/bin/* "$folder"/pkg/tool/*/*
    ln -sfn "$folder" "$go_tools/go"
    hash -r
}

go_for() {
    PATH=$go_tools/go/bin:$PATH
    export PATH
    go_is "$1" || fetch_go "$1" "$2"
    if ! go_is "$1"; then
        say "The Go that was fetched can't be used. Install Go $1 or newer yourself."
        exit 1
    fi
    export GOTOOLCHAIN=local
}
