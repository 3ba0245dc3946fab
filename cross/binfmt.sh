#!/usr/bin/env bash
# Lets this machine's kernel run programs of another architecture with qemu-user-static; stays until the next start.
#
#   cross/binfmt.sh qemu-aarch64|qemu-arm       needs root
set -euo pipefail
folder=/proc/sys/fs/binfmt_misc
[ ! -e "$folder/$1" ] || exit 0
[ -e "$folder/register" ] || mount -t binfmt_misc binfmt_misc "$folder"
cat "/usr/lib/binfmt.d/$1.conf" > "$folder/register"
