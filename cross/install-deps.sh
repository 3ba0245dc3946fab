#!/usr/bin/env bash
# Installs what cross/build-deps.txt lists and is still missing. Needs root, or sudo, only when something is missing.
#
#   cross/install-deps.sh [--package | --cross | --machine]
#
#   --package  package-deps.txt too: for making a package of this machine's architecture
#   --cross    cross-deps.txt besides: for building for ARM and for testing packages
#   --machine  machine-deps.txt besides: for whole emulated machines
#
# It starts no service: a broker that Debian starts by itself would take the port of a later one, and the tests start
# their own. Exit codes: 0 all is there; 2 wrong usage, or neither root nor sudo; else apt-get's own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lists=("$here/build-deps.txt")
case "${1:-}" in
  "") ;;
  --package) lists+=("$here/package-deps.txt") ;;
  --cross) lists+=("$here"/{package,cross}-deps.txt) ;;
  --machine) lists+=("$here"/{package,cross,machine}-deps.txt) ;;
  -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  *) echo "usage: $0 [--package | --cross | --machine]" >&2; exit 2 ;;
esac
mapfile -t wanted < <(grep -hEv '^(#|$)' "${lists[@]}")
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "error: run as root, or install sudo; missing packages: ${missing[*]}" >&2; exit 2; }
  run=(sudo)
fi

# What the packages' scripts ask before they start a service; one that somebody put there stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${run[@]}" rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  printf '#!/bin/sh\n# Of cross/install-deps.sh, while it runs: start nothing.\nexit 101\n' | "${run[@]}" tee "$policy" >/dev/null
  "${run[@]}" chmod 755 "$policy"
fi
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
