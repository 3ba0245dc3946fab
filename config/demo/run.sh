#!/usr/bin/env bash
# Shows Sluice at work on this machine, within a minute after the build: simulated sensors, alerts as they fire and
# resolve, the summaries of past days delivered to a folder, and the books proved.
#
#   config/demo/run.sh [--keep | FOLDER]
#
# Sets up a fresh Debian 12 (root, or sudo, only when a package is missing), builds into build/release, and keeps
# everything else in FOLDER: configurations, logs, database, journal, summaries. Without FOLDER a new one under /tmp,
# which is gone afterwards, unless --keep is given or something went wrong; FOLDER stays.
# Uses one free port on the loopback interface. Ends by itself; Ctrl-C ends it sooner.
# SLUICE_BIN=FOLDER uses the programs found below that folder instead of building them.
# Exit status: 0 all was as expected, 1 it was not, 2 usage, 130 interrupted.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
keep=""
folder=""
case "${1:-}" in
  --keep) keep=1; shift ;;
  -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  -*) echo "error: unknown option $1; see $0 --help" >&2; exit 2 ;;
esac
[ $# -eq 0 ] || { [ $# -eq 1 ] && [ -z "$keep" ]; } || { echo "error: one folder or --keep at most; see $0 --help" >&2; exit 2; }

exec 9>&1  # what a trap says may come while a command's output goes elsewhere
say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What was started is ended, the last first, so that the gateway can still say goodbye to its broker.
pids=()
end_all() {
  local status=$? i tries
  trap '' INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[i]}" 2>/dev/null || continue
    for ((tries = 0; tries < 100; tries++)); do
      kill -0 "${pids[i]}" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "${pids[i]}" 2>/dev/null || true
  done
  wait
  if [ -n "$folder" ] && [ -z "$keep" ] && { [ "$status" -eq 0 ] || [ "$status" -eq 130 ]; }; then
    rm -rf "$folder"
  elif [ -n "$folder" ]; then
    printf '\nEverything is in %s\n' "$folder" >&9
  fi
  exit "$status"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the programs
if [ -n "${SLUICE_BIN:-}" ]; then
  bin=$SLUICE_BIN
else
  "$root/cross/install-deps.sh"
  bin=$root/build/release
  say "building into build/release (the first time takes minutes)"
  launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  mkdir -p "$root/build"
  (cd "$root" && cmake --preset release "${launcher[@]}") >"$root/build/configure-release.log" 2>&1 ||
    { cat "$root/build/configure-release.log" >&2; fail "cmake could not configure the build"; }
  cmake --build "$bin" --target sluiced sluicectl sluice-drivers
fi
program() {
  local path
  path=$(find "$bin" -type f -name "$1" -perm -u+x -print -quit)
  [ -n "$path" ] || fail "there is no program $1 below $bin"
  printf '%s' "$path"
}
sluiced=$(program sluiced)
sluicectl=$(program sluicectl)
drivers=$(program sluice-drivers)
broker=$(PATH=$PATH:/usr/sbin command -v mosquitto) || fail "mosquitto is missing; run cross/install-deps.sh"
for tool in mosquitto_sub jq python3; do
  command -v "$tool" >/dev/null || fail "$tool is missing; run cross/install-deps.sh"
done

# --- the folder
if [ $# -eq 1 ]; then
  keep=1
  mkdir -p "$1"
  folder=$(cd "$1" && pwd)
  [ -z "$(ls -A "$folder")" ] || { bad=$folder; folder=; fail "$bad is not empty; name a new folder"; }
else
  folder=$(mktemp -d -t sluice-demo.XXXXXX)
fi
# A socket's path must be shorter than 108 bytes.
[ ${#folder} -lt 85 ] || fail "the path $folder is too long for a socket; name a folder nearer to the root"
note=
[ -n "$keep" ] || note=", gone afterwards; --keep keeps it"
say "everything is in $folder$note"
mkdir "$folder/state" "$folder/runtime" "$folder/out" "$folder/mosquitto"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for name in mosquitto.conf sluice.yaml drivers.yaml; do
  sed -e "s|@FOLDER@|$folder|g" -e "s|@PORT@|$port|g" -e "s|@USER@|$(id -un)|g" "$here/$name.in" >"$folder/$name"
done
ctl() { "$sluicectl" --config "$folder/sluice.yaml" "$@"; }
log_of() { printf '%s/%s.log' "$folder" "$1"; }

# await SECONDS COMMAND…: until it succeeds. 1: it never did.
await() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.2
  done
}
broker_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port"); }
count_events() { grep -c "\"state\":\"$1\"" "$folder/events.json" || true; }

# --- broker and gateway
say "broker on 127.0.0.1:$port, gateway \"demo\""
"$broker" -c "$folder/mosquitto.conf" >"$(log_of mosquitto)" 2>&1 &
pids+=($!)
await 10 broker_answers || fail "mosquitto did not start; see $(log_of mosquitto)"
ctl check
"$sluiced" --config "$folder/sluice.yaml" >"$(log_of sluiced)" 2>&1 &
gateway=$!
pids+=("$gateway")
await 20 ctl status || fail "the gateway did not come up; see $(log_of sluiced)"

# --- alerts are printed as they come
: >"$folder/events.json"
mosquitto_sub -h 127.0.0.1 -p "$port" -q 1 -t 'sluice/demo/events' >"$folder/events.json" 2>"$(log_of mosquitto_sub)" &
pids+=($!)
printed=0
print_new_events() {
  local there
  there=$(wc -l <"$folder/events.json")
  [ "$there" -gt "$printed" ] || return 0
  sed -n "$((printed + 1)),${there}p" "$folder/events.json" | jq -r '
    "   " + .at[11:19] + "Z  " + (if .state == "firing" then "FIRING  " else "resolved" end) + "  " +
    (.severity + "         ")[:10] + .alert + ": " + .message'
  printed=$there
}

say "sensors: four past days at once, then live; a freezer that thaws, a pump that falls silent"
"$drivers" --config "$folder/drivers.yaml" >"$(log_of drivers)" 2>&1 &
pids+=($!)
started=$SECONDS
status_at=$((SECONDS + 12))
while [ $((SECONDS - started)) -lt 45 ]; do
  print_new_events
  if [ $SECONDS -ge $status_at ]; then
    status_at=$((SECONDS + 12))
    say "sluicectl status"
    ctl status || true
    say "alerts go on"
  fi
  if [ $((SECONDS - started)) -ge 26 ] && [ "$(count_events firing)" -ge 3 ] && [ "$(count_events resolved)" -ge 3 ]; then
    break
  fi
  kill -0 "$gateway" 2>/dev/null || fail "the gateway ended; see $(log_of sluiced)"
  sleep 0.25
done
print_new_events

# --- the batch layer
yesterday=$(TZ=Europe/Berlin date -d yesterday +%F)
documents() { find "$folder/out" -name '*.json*' -type f | sort; }
all_delivered() {
  ctl upload status --json | jq -e 'length >= 3 and all(.[]; .state == "delivered")'
}
say "sluicectl upload --now (the past days' summaries would wait for the night)"
ctl upload --now
await 20 all_delivered || true
say "sluicectl summary"
ctl summary
say "sluicectl summary --day $yesterday"
ctl summary --day "$yesterday"
say "sluicectl audit"
audit=0
ctl audit || audit=$?
say "delivered to $folder/out"
documents | sed "s|^$folder/out/|   |"

# --- was it as expected?
wrong=()
found=$(documents | wc -l)
[ "$found" -ge 3 ] || wrong+=("only $found summaries were delivered, 3 or more were expected")
ids_of() { head -n "$printed" "$folder/events.json" | jq -r "select(.state == \"$1\") | .id" | sort -u; }
fired=$(ids_of firing)
resolved=$(ids_of resolved)
both=$(comm -12 <(printf '%s\n' "$fired") <(printf '%s\n' "$resolved") | grep -c . || true)
[ "$both" -ge 1 ] || wrong+=("no alert fired and resolved")
[ "$audit" -eq 0 ] || wrong+=("the audit ended with $audit")
kill -TERM "$gateway"
wait "$gateway" || wrong+=("the gateway ended with $?; see $(log_of sluiced)")
say "result: $both alerts fired and resolved, $found summaries delivered, audit $audit"
if [ ${#wrong[@]} -gt 0 ]; then
  printf '   not as expected: %s\n' "${wrong[@]}"
  exit 1
fi
echo "   all as expected"
