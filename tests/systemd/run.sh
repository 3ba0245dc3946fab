#!/usr/bin/env bash
# Installs the package in a Debian 12 that systemd has booted in a container, next to a mosquitto, and checks what only
# a real systemd can show: start, alert, reload, crash, watchdog, upgrade, removal, purge.
#
#   tests/systemd/run.sh [--long] [FILE.deb]       default: the newest of this architecture in build/packages
#
#   --long  besides, the store is held in a system call until the watchdog restarts the gateway, which is after ten minutes
#
# Needs root, systemd-nspawn and mmdebstrap (cross/cross-deps.txt). The system is made once, in build/systemd-root; nothing
# that a run does to it is kept. A run waits two minutes for another to end. Exit codes: 0 all as expected; 1 something was
# not; 2 wrong usage; 77 it cannot run here, and says why.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
skip() { echo "skipped: $*"; exit 77; }

long=no
case "${1:-}" in
  --long) long=yes; shift ;;
  -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$here/run.sh"; exit 0 ;;
  -*) echo "error: unknown option $1; see $0 --help" >&2; exit 2 ;;
esac
arch=$(dpkg --print-architecture)
deb=${1:-$(ls -t build/packages/sluice_*_"$arch".deb 2>/dev/null | head -n 1 || true)}
[ "$(id -u)" -eq 0 ] || skip "needs root, to boot a container"
for program in systemd-nspawn mmdebstrap nsenter strace flock; do
  command -v "$program" >/dev/null || skip "$program is missing; run cross/install-deps.sh --cross"
done
[ -n "$deb" ] || skip "there is no package in build/packages; run cross/package.sh $arch"
deb=$(realpath "$deb")
# Two systemds at once would manage the same control groups, and find each other's processes in them.
exec 9> /run/lock/sluice-tests-systemd
flock -w 120 9 || skip "another run of it is under way"

# A system with what the package depends on and recommends, so that a run needs no network.
root=build/systemd-root
depends=$(dpkg-deb --field "$deb" Depends | sed -E 's/\([^)]*\)//g; s/\|[^,]*//g; s/ //g')
if [ "$(cat "$root/.complete" 2>/dev/null)" != "$depends" ]; then
  mirror=${SLUICE_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^bookworm //p' | head -n 1)}
  rm -rf "$root"
  mkdir -p build
  mmdebstrap --quiet --variant=minbase \
    --include="$depends,systemd-sysv,dbus,mosquitto,mosquitto-clients,sqlite3" \
    bookworm "$root" "deb $mirror bookworm main" || skip "no Debian system could be made from $mirror"
  rm -f "$root/etc/machine-id"
  echo "$depends" > "$root/.complete"
fi

work=$(mktemp -d)
cp "$deb" "$work/sluice.deb"
# The same package with a later version, which ships another configuration: an upgrade.
dpkg-deb -R "$deb" "$work/next"
sed -i -E 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
echo '# What is new in the next version.' >> "$work/next/etc/sluice/sluice.yaml"
dpkg-deb --root-owner-group -b "$work/next" "$work/next.deb" >/dev/null

systemd-nspawn --quiet -D "$root" --boot --register=no --keep-unit --private-network --volatile=overlay \
  --console=passive --bind-ro="$work:/packages" > "$work/console" 2>&1 &
nspawn=$!
guest=
holder=  # strace, while it holds a thread
finish() {
  local status=$?
  [ -z "$holder" ] || kill "$holder" 2>/dev/null || true
  if [ -n "$guest" ] && [ "$status" -ne 0 ]; then
    inside journalctl -u sluiced --no-pager -n 40 || true
    inside systemctl status sluiced --no-pager || true
  fi
  [ -z "$guest" ] || kill -KILL "$guest" 2>/dev/null || true
  kill "$nspawn" 2>/dev/null || true
  wait "$nspawn" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

inside() { nsenter -t "$guest" -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "$@"; }
# until_true SECONDS COMMAND…: waits for the condition; the time only bounds a failure.
pause=0.1
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >"$work/try" 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { cat "$work/try"; return 1; }
    sleep "$pause"
  done
}
number=0
check() {
  local text=$1
  shift
  number=$((number + 1))
  "$@" >"$work/out" 2>&1 || { cat "$work/out"; echo "not ok $number - $text"; exit 1; }
  echo "ok $number - $text"
}

find_guest() {
  local child
  for child in $(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null); do
    [ "$(cat "/proc/$child/comm" 2>/dev/null)" = systemd ] && guest=$child && return 0
  done
  return 1
}
end=$((SECONDS + 120))
until find_guest; do
  kill -0 "$nspawn" 2>/dev/null || skip "systemd-nspawn cannot boot here: $(tail -n 1 "$work/console")"
  [ "$SECONDS" -lt "$end" ] || skip "systemd-nspawn has not booted: $(tail -n 1 "$work/console")"
  sleep 0.1
done
until_true 120 inside systemctl is-active --quiet multi-user.target || { cat "$work/console"; skip "the container has not come up"; }

source "$here/checks.sh"
echo "all $number passed"
