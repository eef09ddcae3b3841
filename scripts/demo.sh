#!/usr/bin/env bash
# Two people in terminals and the echo bot chat. In the middle the server is killed with `kill -9`,
# and the bot as well; both people go on writing. Then both are started again. At the end each side
# has to have printed everything once, in the same order. Shows what each printed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { echo "demo: $*" >&2; exit 1; }

say "building"
make --silent web
cargo build --locked --quiet --example terminal_chat --example echo_bot
cargo build --locked --quiet --release --bin starling
bin=${CARGO_TARGET_DIR:-target}/debug
work=$(mktemp -d)
declare -A pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

address=127.0.0.1:0
start_server() {
    : >"$work/server"
    make --silent run LISTEN="$address" DATA="$work/data" >>"$work/server" 2>&1 &
    pids[make]=$!
    disown
    for _ in $(seq 100); do grep -q 'listens on' "$work/server" && break; sleep 0.1; done
    # The process that `make` waits for is the server itself.
    pids[server]=$(pgrep -P "${pids[make]}" || true)
    [ -n "${pids[server]}" ] || fail "the server did not start: $(cat "$work/server")"
}
start_bot() {
    "$bin/examples/echo_bot" --server "$address" --file "$work/bot.json" >>"$work/bot" 2>&1 &
    pids[bot]=$!
    disown
}
start_chat() { # NAME
    mkfifo "$work/$1.in"
    "$bin/examples/terminal_chat" --server "$address" --name "$1" <"$work/$1.in" >"$work/$1" 2>&1 &
    pids[$1]=$!
    disown
}
# Waits until a file holds a line N times.
wait_for() { # FILE LINE [N]
    for _ in $(seq 300); do
        [ "$(grep -cFx -- "$2" "$work/$1" || true)" -ge "${3:-1}" ] && return
        sleep 0.1
    done
    cat "$work/server" "$work/$1" >&2
    fail "$1 did not print: $2"
}
ada() { echo "$*" >&3; }
bob() { echo "$*" >&4; }
everybody_has() { wait_for ada "$1"; wait_for bob "$1"; }

say "starting the server, the bot, and two terminals"
start_server
address=$(sed -n 's|.*listens on http://||p' "$work/server")
[ -n "$address" ] || fail "the server did not start: $(cat "$work/server")"
start_bot
wait_for bot "* online in lobby"
start_chat ada; exec 3>"$work/ada.in"
start_chat bob; exec 4>"$work/bob.in"
wait_for ada "* online"; wait_for bob "* online"

say "they chat"
ada "hello, Bob"
everybody_has "echo: echo: hello, Bob"
bob "hello, Ada"
everybody_has "echo: echo: hello, Ada"
bob "/edit hello again, Ada"
everybody_has "bob: hello again, Ada (edited)"
bob "/who"
wait_for bob "* ada is online"

say "kill -9: the server, while Ada is writing, and the bot"
ada "this one is on its way"
kill -9 "${pids[server]}"
kill -9 "${pids[bot]}"
for name in ada bob; do
    for _ in $(seq 300); do grep -q '^\* offline' "$work/$name" && break; sleep 0.1; done
    grep -q '^\* offline' "$work/$name" || fail "$name did not notice"
done
ada "are you still there?"
bob "I write this while the server is away"
sleep 1

say "both are started again"
start_server
wait_for ada "* online" 2; wait_for bob "* online" 2
start_bot
wait_for bot "* online in lobby" 2
everybody_has "echo: echo: this one is on its way"
everybody_has "echo: echo: are you still there?"
everybody_has "echo: echo: I write this while the server is away"
bob "good, it is all here"
everybody_has "echo: echo: good, it is all here"
ada "/quit"
bob "/quit"
for _ in $(seq 50); do kill -0 "${pids[ada]}" 2>/dev/null || break; sleep 0.1; done
sleep 1

for name in ada bob bot; do
    say "what $name's side printed"
    cat "$work/$name"
done

say "checking"
messages() { grep -E '^(ada|bob|echo): ' "$work/$1"; }
expected=(
    "ada: hello, Bob" "echo: echo: hello, Bob"
    "bob: hello, Ada" "echo: echo: hello, Ada" "bob: hello again, Ada (edited)"
    "ada: this one is on its way" "echo: echo: this one is on its way"
    "ada: are you still there?" "echo: echo: are you still there?"
    "bob: I write this while the server is away" "echo: echo: I write this while the server is away"
    "bob: good, it is all here" "echo: echo: good, it is all here"
)
for name in ada bob; do
    for line in "${expected[@]}"; do
        count=$(messages "$name" | grep -cFx -- "$line" || true)
        [ "$count" = 1 ] || fail "$name printed $count times: $line"
    done
    count=$(messages "$name" | wc -l)
    [ "$count" = "${#expected[@]}" ] || fail "$name printed $count messages, not ${#expected[@]}"
done
diff <(messages ada) <(messages bob) || fail "the two sides printed different orders"
echo "Each side printed all ${#expected[@]} lines, each once, in the same order."
