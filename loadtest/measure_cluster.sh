#!/usr/bin/env bash
# Measures the cluster's figures of docs/performance.md and docs/capacity.md: nodes behind nginx, a Redis and a CQL
# server, all on this machine. Takes about a quarter of an hour; wants a machine with nothing else to do.
#
#   loadtest/measure_cluster.sh              all of them
#   loadtest/measure_cluster.sh small nodes  the named ones
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/servers.sh
cargo build --release --locked --workspace --quiet
work=$(mktemp -d)
cluster=
cleanup() {
    [ -z "$cluster" ] || { kill "$cluster" 2>/dev/null || true; wait "$cluster" 2>/dev/null || true; }
    rm -rf "$work"
}
trap cleanup EXIT
ulimit -n "$(ulimit -Hn)"

port=18080
flags=(--password-memory-kib 8 --password-passes 1 --limit-messages off --limit-api off
    --limit-logins-to-account off --limit-logins-from-address off --limit-commands off
    --access-token-s 86400 --workers 1 --log warn)

start() { # NODES
    [ -z "$cluster" ] || { kill "$cluster"; wait "$cluster" 2>/dev/null || true; }
    rm -f "$work/state.json"
    target/release/cluster --nodes "$1" --port "$port" -- "${flags[@]}" >"$work/log" 2>&1 &
    cluster=$!
    for _ in $(seq 600); do grep -q 'Stop it with' "$work/log" && break; sleep 0.2; done
    grep -q 'Stop it with' "$work/log" || { cat "$work/log" >&2; exit 1; }
    mapfile -t pids < <(sed -n 's/.* process \([0-9]*\) .*/\1/p' "$work/log")
    mapfile -t nodes < <(sed -n 's|^  node .* http://\([^ ]*\) .*|\1|p' "$work/log")
    redis=$(sed -n 's|.*Redis *\(redis://[^ ]*\).*|\1|p' "$work/log")
}
of_servers() { printf -- '--server-pid %s ' "${pids[@]}"; }
swarm() { # MODE [FLAGS...]
    local mode=$1
    shift
    target/release/swarm "$mode" --state "$work/state.json" --parallel 8 "$@"
}
redis_counts() { # what Redis has done so far: commands, bytes in, bytes out, microseconds of processor
    redis-cli -u "$redis" INFO | tr -d '\r' | awk -F: '
        /^total_commands_processed/ {c=$2} /^total_net_input_bytes/ {i=$2}
        /^total_net_output_bytes/ {o=$2} /^used_cpu_(sys|user):/ {u+=$2*1e6}
        END {printf "%d %d %d %d\n", c, i, o, u}'
}
wants() { [ ${#only[@]} = 0 ] || [[ " ${only[*]} " == *" $1 "* ]]; }
only=("$@")

if wants small; then
    echo "=== small: three nodes behind nginx, 1,000 connections in rooms of 50, 10,000 deliveries/s"
    start 3
    # shellcheck disable=SC2046 # a list of words
    swarm load --server 127.0.0.1:$port --users 1000 --rate 10000 --seconds 30 $(of_servers)
fi
if wants redis; then
    echo "=== redis: the same; what each message costs Redis, what is done without messages taken off"
    start 3
    swarm load --server 127.0.0.1:$port --users 1000 --rate 10000 --seconds 1 >/dev/null
    quiet() { read -r c0 i0 o0 u0 < <(redis_counts); "$@" >"$work/out"; read -r c1 i1 o1 u1 < <(redis_counts); }
    quiet swarm connect --server 127.0.0.1:$port --users 1000 --hold 33
    idle=($((c1 - c0)) $((i1 - i0)) $((o1 - o0)) $((u1 - u0)))
    quiet swarm load --server 127.0.0.1:$port --users 1000 --rate 10000 --seconds 30
    messages=$((200 * 33))
    awk -v m=$messages -v c=$((c1 - c0 - idle[0])) -v i=$((i1 - i0 - idle[1])) \
        -v o=$((o1 - o0 - idle[2])) -v u=$((u1 - u0 - idle[3])) 'BEGIN {
        printf "  each message: %.1f commands (those inside scripts too), %.0f bytes in, %.0f bytes out, %.0f us of processor\n", c/m, i/m, o/m, u/m }'
fi
if wants large; then
    echo "=== large: three nodes behind nginx, 10,000 connections in rooms of 50, 10,000 deliveries/s"
    start 3
    # shellcheck disable=SC2046
    swarm load --server 127.0.0.1:$port --users 10000 --rate 10000 --seconds 30 $(of_servers)
fi
if wants nodes; then
    for count in ${counts:-1 2 4}; do
        start "$count"
        for rate in ${rates:-10000 30000}; do
            echo "=== nodes: $count, without nginx, 1,000 connections in rooms of 50, $rate deliveries/s"
            # shellcheck disable=SC2046
            swarm load $(printf -- '--server %s ' "${nodes[@]}") --users 1000 --rate "$rate" --seconds 30 $(of_servers)
        done
    done
fi
if wants send; then
    echo "=== send: 64 senders, each waiting for the acknowledgement"
    start 3
    # shellcheck disable=SC2046
    swarm send --server 127.0.0.1:$port --senders 64 --seconds 20 $(of_servers)
fi
if wants death; then
    echo "=== death: a node of three is killed under 1,000 connections; until its clients have everything"
    start 3
    swarm history --server 127.0.0.1:$port --users 1000 --rooms-of 50 --rooms-per-user 1 \
        --rate 5000 --drop-rate 0 --marks 0 --seconds 20 \
        --kill-command "kill -9 ${pids[0]}" --kill-after 10
fi
if wants capacity; then
    echo "=== capacity: three nodes behind nginx; what idle connections take, and what deliveries cost"
    users=${users:-6000}
    start 3
    master=$(pgrep -P "$cluster" -x nginx)
    mapfile -t proxies < <(pgrep -P "$master" -x nginx)
    redis_pid=$(pgrep -P "$cluster" -x redis-server)
    memory() { for pid; do awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup"; done | awk '{k+=$1} END {print k}'; }
    ticks() { for pid; do awk '{print $14 + $15}' "/proc/$pid/stat"; done | awk '{t+=$1} END {print t}'; }
    in_redis() { redis-cli -u "$redis" INFO memory | tr -d '\r' | awk -F: '/^used_memory:/ {print int($2/1024)}'; }
    levels() { echo "$(memory "${pids[@]}") $(memory "${proxies[@]}") $(in_redis)"; }
    swarm setup --server 127.0.0.1:$port --users "$users" --rooms-per-user 5
    read -r n0 p0 r0 < <(levels)
    swarm connect --server 127.0.0.1:$port --users "$users" --rooms-per-user 5 --hold 25 >"$work/out" &
    held=$!
    sleep "${settle:-20}"
    read -r n1 p1 r1 < <(levels)
    c0=$(redis_counts | cut -d' ' -f1)
    sleep 2
    c1=$(redis_counts | cut -d' ' -f1)
    wait "$held"
    awk -v u="$users" -v n=$((n1 - n0)) -v p=$((p1 - p0)) -v r=$((r1 - r0)) -v c=$((c1 - c0)) 'BEGIN {
        printf "  each idle connection: %.1f KiB of the nodes, %.1f KiB of nginx, %.1f KiB of Redis\n", n/u, p/u, r/u
        printf "  Redis, idle: %.0f commands a second for each 1,000 connections\n", c/2/u*1000 }'
    swarm load --server 127.0.0.1:$port --users 1000 --rate 10000 --seconds 1 >/dev/null
    t0=("$(ticks "${pids[@]}")" "$(ticks "${proxies[@]}")" "$(ticks "$redis_pid")")
    swarm load --server 127.0.0.1:$port --users 1000 --rate 10000 --seconds 30 >"$work/out"
    t1=("$(ticks "${pids[@]}")" "$(ticks "${proxies[@]}")" "$(ticks "$redis_pid")")
    grep -E 'deliveries per s|delivery p99 ' "$work/out"
    awk -v m=$((33 * 10000)) -v n=$((t1[0] - t0[0])) -v p=$((t1[1] - t0[1])) -v r=$((t1[2] - t0[2])) 'BEGIN {
        printf "  each delivery: %.1f us of the nodes, %.1f us of nginx, %.2f us of Redis\n", n*1e4/m, p*1e4/m, r*1e4/m }'
fi
