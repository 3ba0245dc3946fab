#!/usr/bin/env bash
# Lets this machine's kernel run programs of another architecture with qemu-user-static; stays until the next start.
#
#   cross/binfmt.sh qemu-aarch64|qemu-arm       needs root
#
# Exit codes: 0 it does; 2 wrong usage; else this kernel cannot, or this is not root.
set -euo pipefail
case "${1:-}" in
  qemu-aarch64 | qemu-arm) ;;
  *) echo "usage: $0 qemu-aarch64|qemu-arm" >&2; exit 2 ;;
esac
folder=/proc/sys/fs/binfmt_misc
[ ! -e "$folder/$1" ] || exit 0
[ -e "$folder/register" ] || mount -t binfmt_misc binfmt_misc "$folder"
cat "/usr/lib/binfmt.d/$1.conf" > "$folder/register"
