#!/bin/sh
# Tests the Helm chart: gets Go where there is none that is new enough, builds Helm and the control plane
# of a Kubernetes cluster, and runs tests/chart on them. Everything is built from the Go module proxy,
# in the versions of tests/chart/go.mod, into the folder that Cargo builds into.
#
#   scripts/chart.sh                    all tests; further arguments are `go test`'s, such as -run NAME
#   scripts/chart.sh helm ARGUMENTS     that Helm
#
# STARLING_BIN is the server that takes the chart's settings.
set -eu
cd "$(dirname "$0")/.."

oldest=1.24     # as in tests/chart/go.mod
go=1.24.9       # what is fetched where there is none

tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools/chart" && cd "${CARGO_TARGET_DIR:-target}/tools/chart" && pwd)

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
fetch_go() {
    if ! have go && [ "$(id -u)" = 0 ] && have apt-get; then
        say "Go is missing (the chart's test is built with it); installing golang-go."
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends golang-go >/dev/null
        hash -r
        ! new_enough || return 0
    fi
    if ! have go; then
        say "Go $oldest or newer is missing: the chart's test is built with it. Get it with:"
        say "    Debian, Ubuntu:  sudo apt-get install golang-go"
        exit 1
    fi
    say "Fetching Go $go: the chart's test needs $oldest or newer."
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
new_enough || fetch_go
if ! new_enough; then
    say "The Go that was fetched can't be used. Install Go $oldest or newer yourself."
    exit 1
fi
export GOTOOLCHAIN=local
# The same for everything, or the test would compile what the programs are made of a second time.
export GOFLAGS=-trimpath

# Nothing is done where nothing has changed since.
build() {
    (cd tests/chart && go build -ldflags "-s -w ${3:-}" -o "$tools/$1" "$2")
}

# As their own releases are linked: the version that the API server says it has, and the one that
# `helm template` takes for the cluster's.
kubernetes=$(sed -n 's|^.k8s.io/kubernetes v\([0-9.]*\)$|\1|p' tests/chart/go.mod)
minor=${kubernetes#1.}
minor=${minor%.*}
helm=helm.sh/helm/v3/pkg
helm_version="-X $helm/chartutil.k8sVersionMajor=1 -X $helm/chartutil.k8sVersionMinor=$minor
    -X $helm/lint/rules.k8sVersionMajor=1 -X $helm/lint/rules.k8sVersionMinor=$minor"
version=k8s.io/component-base/version
server_version="-X $version.gitVersion=v$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=$minor"

[ -x "$tools/controlplane" ] || say "Building Helm and the control plane; the first time takes minutes."
build helm helm.sh/helm/v3/cmd/helm "$helm_version"
if [ "${1:-}" = helm ]; then
    shift
    exec "$tools/helm" "$@"
fi
build controlplane ./controlplane "$server_version"

cd tests/chart
CHART_HELM=$tools/helm CHART_CONTROLPLANE=$tools/controlplane exec go test -count=1 -timeout 20m "$@" .
