#!/usr/bin/env bash
# Measures the figures of docs/performance.md, one after the other, each against a fresh server on
# this machine. Takes about five minutes; wants a machine with nothing else to do.
#
#   loadtest/measure.sh             all of them
#   loadtest/measure.sh memory room the named ones
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked --workspace --quiet
work=$(mktemp -d)
pid= collector=
cleanup() {
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
    [ -z "$collector" ] || kill "$collector" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
ulimit -n "$(ulimit -Hn)"

server=(target/release/starling --password-memory-kib 8 --password-passes 1
    --limit-messages off --limit-api off --limit-logins-to-account off
    --limit-logins-from-address off --limit-commands off --access-token-s 86400 --log warn)

# Starts a server on fresh data; further arguments go before and after its command line.
start() { # [WRAPPER...] -- [FLAGS...]
    local wrapper=()
    while [ "$1" != -- ]; do wrapper+=("$1"); shift; done
    shift
    [ -z "$pid" ] || { kill -9 "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
    rm -rf "$work/data" "$work/state.json"
    "${wrapper[@]}" "${server[@]}" --listen 127.0.0.1:0 --data "$work/data" "$@" >"$work/log" 2>&1 &
    pid=$!
    for _ in $(seq 100); do grep -q 'listens on' "$work/log" && break; sleep 0.1; done
    address=$(sed -n 's|.*listens on http://||p' "$work/log")
    [ -n "$address" ] || { cat "$work/log" >&2; exit 1; }
}
swarm() { # MODE [FLAGS...]
    local mode=$1
    shift
    "${wrap[@]}" target/release/swarm "$mode" --server "$address" --state "$work/state.json" "$@"
}
wrap=()
wants() { [ ${#only[@]} = 0 ] || [[ " ${only[*]} " == *" $1 "* ]]; }
only=("$@")

if wants small; then
    echo "=== small: 1,000 connections in rooms of 50, 10,000 deliveries/s"
    start --
    swarm load --users 1000 --rate 10000 --seconds 30 --server-pid "$pid"
fi
if wants traces; then
    # Stands for a collector: takes everything and keeps nothing.
    port=$((20000 + RANDOM % 10000))
    printf '%s\n' "daemon off; pid $work/nginx.pid; error_log stderr; events {}" \
        "http { access_log off; client_body_temp_path $work/bodies; client_max_body_size 64m;" \
        "  server { listen 127.0.0.1:$port; location / { return 200; } } }" >"$work/nginx.conf"
    nginx -e stderr -c "$work/nginx.conf" &
    collector=$!
    for share in off 0.01 1; do
        echo "=== traces: share $share, 1,000 connections in rooms of 50, 10,000 deliveries/s"
        if [ "$share" = off ]; then start --
        else start -- --otlp-endpoint "http://127.0.0.1:$port" --otlp-share "$share"; fi
        swarm load --users 1000 --rate 10000 --seconds 30 --server-pid "$pid"
        echo "=== traces: share $share, 64 senders, each waiting for the acknowledgement"
        swarm send --senders 64 --seconds 15 --server-pid "$pid"
    done
    kill "$collector"
fi
if wants large; then
    echo "=== large: 10,000 connections in rooms of 50, 10,000 deliveries/s"
    start --
    # Two files for each connection would be too many for one process: the server has its own limit.
    swarm load --users 10000 --rate 10000 --seconds 30 --server-pid "$pid"
fi
if wants room; then
    echo "=== room: one room of 1,000, the server on one core, the swarm on the other"
    start taskset -c 0 -- --workers 1
    wrap=(taskset -c 1)
    swarm flood --rooms-of 1000 --rate 600 --seconds 15 --server-pid "$pid"
    wrap=()
fi
if wants connect; then
    echo "=== connect: ready connections a second, and memory for each, 5 rooms followed"
    start --
    swarm setup --users 9000 --rooms-per-user 5
    kill "$pid"
    wait "$pid" || true
    # Again on the same data, so that memory begins where a server begins.
    "${server[@]}" --listen "$address" --data "$work/data" >"$work/log" 2>&1 &
    pid=$!
    sleep 2
    swarm connect --users 9000 --rooms-per-user 5 --hold 15 --server-pid "$pid"
fi
if wants send; then
    echo "=== send: 64 senders, each waiting for the acknowledgement"
    start --
    swarm send --senders 64 --seconds 15 --server-pid "$pid"
fi
if wants stuck; then
    echo "=== stuck: a room of 1,000 in which 50 stop reading"
    start --
    swarm stuck --rate 200000 --seconds 15 --server-pid "$pid"
fi
if wants history; then
    echo "=== history: 1,000,000 deliveries, connections dropped at random, one kill -9 and restart"
    start --
    cat >"$work/restart" <<END
kill -9 \$(cat $work/pid)
setsid ${server[*]} --listen $address --data $work/data >>$work/log 2>&1 </dev/null &
echo \$! >$work/pid
END
    echo "$pid" >"$work/pid"
    swarm history --deliveries 1000000 --kill-command "sh $work/restart" --kill-after 10
    kill -9 "$(cat "$work/pid")"
fi
