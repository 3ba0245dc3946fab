# The checks themselves, sourced by run.sh once the container is up: `inside` runs a command there, `check` prints
# one line and ends the run on failure, `until_true` waits for a condition.
# shellcheck shell=bash

property() { inside systemctl show --property="$1" --value sluiced; }
is() { [ "$1" = "$2" ] || { echo "expected '$1', found '$2'"; return 1; }; }
rows_of() { inside sqlite3 -readonly /var/lib/sluice/sluice.db "SELECT count(*) FROM readings WHERE sensor = '$1'"; }
publish() { inside mosquitto_pub -h 127.0.0.1 -u sensor -P secret -q 1 -t "$1" -m "$2"; }
publish_many() { seq "$1" "$2" | inside mosquitto_pub -h 127.0.0.1 -u sensor -P secret -q 1 -t sensors/many/temperature -l; }
restarts() { property NRestarts; }
running() { is active "$(property ActiveState)" && is running "$(property SubState)"; }
count_in_log() { inside journalctl -u sluiced --no-pager | grep -ci "$1" || true; }
says_again() { [ "$(count_in_log "$2")" -gt "$1" ]; }
restarted_since() { [ "$(restarts)" -gt "$1" ] && running; }

# -- installation
check "installs" inside dpkg -i /packages/sluice.deb
check "runs at once, as Type=notify" running
check "is enabled for the next start" inside systemctl is-enabled --quiet sluiced
check "leaves the drivers alone until there is a configuration" is inactive "$(inside systemctl is-active sluice-drivers || true)"
check "has an account" inside id sluice
check "owns its state directory" is "sluice:sluice:750" "$(inside stat -c %U:%G:%a /var/lib/sluice)"
check "owns its runtime directory" is "sluice:sluice:750" "$(inside stat -c %U:%G:%a /run/sluice)"
check "ships a configuration that it accepts" inside sluicectl check
# Again and again: nobody says when it has subscribed.
works_as_shipped() {
  inside mosquitto_pub -h 127.0.0.1 -q 1 -t sensors/first/temperature -m 20.5 && [ "$(rows_of sensors/first/temperature)" -gt 0 ]
}
check "stores readings as shipped, from the broker as Debian ships it" until_true 60 works_as_shipped

# -- a broker that asks for a password, which comes as a credential
inside sh -c 'umask 077; printf secret > /srv/broker-password
  cp /usr/share/doc/sluice/examples/mosquitto.conf /etc/mosquitto/conf.d/sluice.conf
  sed -i "s/^allow_anonymous true/allow_anonymous false\npassword_file \/etc\/mosquitto\/passwd/" /etc/mosquitto/conf.d/sluice.conf
  mosquitto_passwd -b -c /etc/mosquitto/passwd sluice secret
  mosquitto_passwd -b /etc/mosquitto/passwd sensor secret
  chown mosquitto /etc/mosquitto/passwd'
inside sh -c 'mkdir -p /etc/systemd/system/sluiced.service.d; cat > /etc/systemd/system/sluiced.service.d/test.conf' <<'UNIT'
[Service]
LoadCredential=broker:/srv/broker-password
WatchdogSec=3s
TimeoutAbortSec=2s
RestartSec=100ms
UNIT
inside sh -c 'cat > /etc/sluice/sluice.yaml' <<'YAML'
gateway: { id: under-test }
mqtt: { username: sluice, password_file: broker }
readings:
  - { topic: "sensors/+/temperature", format: number }
alerts:
  - { name: too-hot, sensor: "sensors/+/temperature", above: 100000 }
store: { flush: 1s }
clock: { trust: always }
YAML
check "the example suits Debian's broker" inside systemctl restart mosquitto
inside systemctl daemon-reload
check "starts with a credential" inside systemctl restart sluiced
connected() { publish sensors/one/temperature 20 && [ "$(rows_of sensors/one/temperature)" -gt 0 ]; }
check "stores readings that arrive over the broker" until_true 30 connected

# -- an alert
inside mosquitto_sub -h 127.0.0.1 -u sensor -P secret -t 'sluice/under-test/alerts/#' -C 1 -W 30 > "$work/alert" &
listener=$!
alerted() { publish sensors/one/temperature 100001 && [ -s "$work/alert" ]; }
check "publishes an alert" until_true 30 alerted
wait "$listener" || true
check "says in it what fires" grep -q '"state":"firing"' "$work/alert"
publish sensors/one/temperature 20

# -- reload, crash, stuck
before=$(property MainPID)
check "reloads" inside systemctl reload sluiced
check "is the same process afterwards" is "$before" "$(property MainPID)"

has_many() { is "$1" "$(rows_of sensors/many/temperature)"; }
before=$(restarts)
publish_many 1 500
inside systemctl kill --signal=KILL sluiced
check "is started again after kill -9" until_true 30 restarted_since "$before"
check "has every acknowledged reading after kill -9, once" until_true 30 has_many 500

inside systemctl stop sluiced
check "keeps the journal when it stops (RuntimeDirectoryPreserve)" inside sh -c 'ls /run/sluice/*.ring'
inside systemctl start sluiced

before=$(restarts)
blamed=$(count_in_log 'watchdog timeout')
inside systemctl kill --signal=STOP sluiced
check "is started again by the watchdog when it is stuck" until_true 60 restarted_since "$before"
check "blames the watchdog" until_true 30 says_again "$blamed" 'watchdog timeout'
publish_many 501 600
check "takes in readings afterwards" until_true 30 has_many 600

# One thread makes no progress while all others do: strace, from outside, holds it at the entry of a system call, between two
# steps of its work. held THREAD SECONDS WORDS PAUSE: until the watchdog acts, after some SECONDS; WORDS blame the thread;
# PAUSE is the time between two looks.
many=600
outside() {  # the process of this machine that is process $1 of the container
  local process
  for process in /proc/[0-9]*; do
    grep -qsE "^NSpid:.*\s$1\$" "$process/status" &&
      [ "$(readlink "$process/ns/pid")" = "$(readlink "/proc/$guest/ns/pid")" ] && echo "${process#/proc/}" && return 0
  done
  return 1
}
is_held() { grep -q '^State:.*tracing stop' "/proc/$thread/status"; }
messages() { inside sluicectl status --json | jq .intake.messages; }
took_in() { [ "$(messages)" -ge "$1" ] || restarted_since "$before"; }
held() {
  local thread blamed named before goal
  thread=$(grep -lx "sluice-$1" "/proc/$(outside "$(property MainPID)")/task/"*/comm | cut -d/ -f5)
  blamed=$(count_in_log 'watchdog timeout') named=$(count_in_log "$3") before=$(restarts)
  strace -p "$thread" -e trace=futex -e inject=futex:delay_enter=3600000000 -o /dev/null 2> "$work/strace" &
  holder=$!
  check "$1: one thread is held, no other" until_true 30 is_held
  goal=$(($(messages) + 100))
  publish_many $((many + 1)) $((many + 100))
  check "$1: readings are acknowledged meanwhile" until_true 30 took_in "$goal"
  pause=$4
  check "$1: the watchdog acts" until_true $(($2 + 120)) says_again "$blamed" 'watchdog timeout'
  pause=0.1
  check "$1: the log says what stood still: $3" says_again "$named" "$3"
  # strace does not let go of a thread that dies.
  kill -KILL "$holder"
  wait "$holder" 2>/dev/null || true
  holder=
  check "$1: is started again" until_true 60 restarted_since "$before"
  check "$1: has every reading, once" until_true 30 has_many $((many + 100))
  publish_many $((many + 101)) $((many + 200))
  many=$((many + 200))
  check "$1: takes in readings afterwards" until_true 30 has_many "$many"
}
held engine 10 'the engine does not move' 0.1
if [ "$long" = yes ]; then
  held store 600 'the store has waited for the disk too long' 5
fi

# -- upgrade, removal, purge
inside cp /etc/sluice/sluice.yaml /srv/before.yaml
before=$(property MainPID)
# As apt does when one answers its question with what it proposes.
check "upgrades to a version that ships another configuration" inside dpkg --force-confold -i /packages/next.deb
check "runs the new version" until_true 30 running
check "is another process" test "$before" != "$(property MainPID)"
check "keeps the configuration over an upgrade" inside cmp /etc/sluice/sluice.yaml /srv/before.yaml
check "puts the new one beside it" inside grep -q 'new in the next version' /etc/sluice/sluice.yaml.dpkg-dist
check "keeps the readings over an upgrade" until_true 30 has_many "$many"

check "is removed" inside dpkg -r sluice
check "has stopped" is inactive "$(inside systemctl is-active sluiced || true)"
check "leaves the readings" inside test -s /var/lib/sluice/sluice.db
check "leaves the configuration" inside test -s /etc/sluice/sluice.yaml
check "installs again" inside dpkg --force-confold -i /packages/sluice.deb
check "finds its readings again" until_true 30 has_many "$many"
check "is purged" inside dpkg -P sluice
check "has stopped again" is inactive "$(inside systemctl is-active sluiced || true)"
check "has taken readings, configuration and unit along" inside sh -c \
  '! ls -d /var/lib/sluice /run/sluice /etc/sluice /usr/lib/systemd/system/sluiced.service /etc/systemd/system/*/sluiced.service 2>/dev/null'
