#!/usr/bin/env bash
# Installs what cross/build-deps.txt lists (with --cross, cross-deps.txt too; with --machine, machine-deps.txt besides)
# and is still missing. Needs root, or sudo, only when something is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lists=("$here/build-deps.txt")
case "${1:-}" in
  "") ;;
  --cross) lists+=("$here/cross-deps.txt") ;;
  --machine) lists+=("$here/cross-deps.txt" "$here/machine-deps.txt") ;;
  *) echo "usage: $0 [--cross | --machine]" >&2; exit 2 ;;
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
# A broker that Debian starts by itself would take the port of a later one: the tests start their own.
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
"${run[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${missing[@]}"
