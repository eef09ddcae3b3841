#!/bin/sh
# Tests the Helm chart: builds Helm and the control plane of a Kubernetes cluster, and runs tests/chart on
# them. Everything is built from the Go module proxy, in the versions of tests/chart/go.mod, into the
# folder that Cargo builds into.
#
#   scripts/chart.sh                    all tests; further arguments are `go test`'s, such as -run NAME
#   scripts/chart.sh helm ARGUMENTS     that Helm
#
# STARLING_BIN is the server that takes the chart's settings.
set -eu
cd "$(dirname "$0")/.."

tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools/chart" && cd "${CARGO_TARGET_DIR:-target}/tools/chart" && pwd)
with_go=$PWD/scripts/go.sh

say() {
    echo "starling: $*" >&2
}

# The same for everything, or the test would compile what the programs are made of a second time.
export GOFLAGS=-trimpath

# Nothing is done where nothing has changed since.
build() {
    (cd tests/chart && "$with_go" go build -ldflags "-s -w ${3:-}" -o "$tools/$1" "$2")
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
CHART_HELM=$tools/helm CHART_CONTROLPLANE=$tools/controlplane \
    exec "$with_go" go test -count=1 -timeout 20m "$@" .
