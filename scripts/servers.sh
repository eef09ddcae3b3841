#!/bin/sh
# Gets the servers that the tests and `make cluster` start: Redis, nginx, Prometheus and a few tools from
# the system's packages; Apache Cassandra (which speaks ScyllaDB's protocol) from Maven Central and
# toxiproxy from the Go module proxy, into a cache. Says nothing where everything is there.
#
#   scripts/servers.sh                  everything
#   scripts/servers.sh packages         the system's packages
#   scripts/servers.sh docker           those that the image is tested with (not a part of everything)
#   scripts/servers.sh cassandra        Cassandra; prints the folder that it is in
#   scripts/servers.sh toxiproxy        the same
#
# STARLING_SERVERS_CACHE is the cache; by default it is in the folder that Cargo builds into.
set -eu
cd "$(dirname "$0")/.."

cassandra=5.0.6
toxiproxy=2.5.0
copy_plugin=3.8.1   # of Maven

cache=${STARLING_SERVERS_CACHE:-${CARGO_TARGET_DIR:-target}/servers}

say() {
    echo "starling: $*" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]
}

# Programs, and the packages that they are in.
wanted() {
    case $1 in
    tests)
        cat <<-END
			redis-server redis-server
			redis-sentinel redis-sentinel
			redis-cli redis-tools
			nginx nginx
			java openjdk-17-jre-headless
			mvn maven
			go golang-go
			faketime faketime
			ip iproute2
			flock util-linux
			prometheus prometheus
			promtool prometheus
		END
        ;;
    docker)
        cat <<-END
			dockerd docker.io
			mmdebstrap mmdebstrap
		END
        ;;
    esac
}

# Packages whose program is missing. Where somebody has a program from elsewhere, it is used.
missing_packages() {
    wanted "$1" | while read -r program package; do
        have "$program" || echo "$package"
    done
    [ "$1" != tests ] || [ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || ! have dpkg ||
        echo libnginx-mod-stream
}

# Installs what is missing of a list of them.
packages() {
    missing=$(missing_packages "$1" | sort -u | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! have apt-get; then
        say "The tests need servers that are not installed. Get them with:"
        say "    Debian, Ubuntu:  sudo apt-get install --no-install-recommends $missing"
        [ "$1" != tests ] ||
            say "Servers of your own can be named instead: STARLING_TEST_REDIS, STARLING_TEST_CQL."
        exit 1
    fi
    say "Installing $missing"
    # The tests start servers of their own on free ports: the system's must not start, neither now
    # nor with the machine.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    else
        policy=/nonexistent
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
    for service in redis-server redis-sentinel nginx prometheus docker.io; do
        case " $missing" in
        *" $service "*) update-rc.d "${service%.io}" disable >/dev/null 2>&1 || true ;;
        esac
    done
    rm -f "$policy"
    trap - EXIT HUP INT TERM
}

# Makes one folder of the cache, whole or not at all, one process at a time, and prints where it is.
fetch() {
    folder=$cache/$1
    if [ ! -d "$folder" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        flock 9
    fi
    if [ ! -d "$folder" ]; then
        say "Fetching $1"
        rm -rf "$folder.new"
        mkdir "$folder.new"
        "$2" "$(cd "$folder.new" && pwd)"
        mv "$folder.new" "$folder"
    fi
    exec 9>&-
    (cd "$folder" && pwd)
}

fetch_cassandra() {
    cat >"$1/pom.xml" <<-END
		<project>
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>starling</groupId>
		  <artifactId>cassandra</artifactId>
		  <version>1</version>
		  <packaging>pom</packaging>
		  <dependencies>
		    <dependency>
		      <groupId>org.apache.cassandra</groupId>
		      <artifactId>cassandra-all</artifactId>
		      <version>$cassandra</version>
		    </dependency>
		  </dependencies>
		</project>
	END
    mvn -q -B --strict-checksums -f "$1/pom.xml" \
        "org.apache.maven.plugins:maven-dependency-plugin:$copy_plugin:copy-dependencies" \
        -DincludeScope=runtime -DoutputDirectory="$1/lib" >&2
}

fetch_toxiproxy() {
    GOBIN=$1 go install "github.com/Shopify/toxiproxy/v2/cmd/server@v$toxiproxy" >&2
    mv "$1/server" "$1/toxiproxy-server"
}

case ${1:-all} in
all)
    packages tests
    fetch "cassandra-$cassandra" fetch_cassandra >/dev/null
    fetch "toxiproxy-$toxiproxy" fetch_toxiproxy >/dev/null
    ;;
packages) packages tests ;;
docker) packages docker ;;
cassandra) fetch "cassandra-$cassandra" fetch_cassandra ;;
toxiproxy) fetch "toxiproxy-$toxiproxy" fetch_toxiproxy ;;
*)
    say "There is no part \`$1\`: packages, docker, cassandra, toxiproxy."
    exit 2
    ;;
esac
