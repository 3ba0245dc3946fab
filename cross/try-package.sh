#!/usr/bin/env bash
# Installs a package with apt in a fresh Debian 12 of its architecture, under qemu-user if that is another one: are its
# dependencies all there, and do its programs start? Nothing is kept.
#
#   cross/try-package.sh amd64|arm64|armhf      the newest package of that architecture in build/packages
#
# Contacts the Debian mirror (SLUICE_MIRROR names another). Needs root; for another architecture it lets this kernel run
# its programs (binfmt_misc, which stays on). Exit codes: 0 fine, 1 not, 2 wrong usage, 77 it cannot run here, and says why.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=${1:-}
case "$arch" in
  amd64) emulator= ;;
  arm64) emulator=qemu-aarch64 ;;
  armhf) emulator=qemu-arm ;;
  *) echo "usage: $0 amd64|arm64|armhf" >&2; exit 2 ;;
esac
skip() { echo "cannot run here: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "needs root, to install in a system of its own"
deb=$(ls -t build/packages/sluice_*_"$arch".deb 2>/dev/null | head -n 1 || true)
[ -n "$deb" ] || skip "there is no package in build/packages; run cross/package.sh $arch"
cross/install-deps.sh --cross
[ "$arch" = "$(dpkg --print-architecture)" ] || cross/binfmt.sh "$emulator" || skip "this kernel has no binfmt_misc"
mirror=${SLUICE_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
  sed -n 's/^bookworm //p' | head -n 1)}
[ -n "$mirror" ] || skip "no mirror of bookworm known; name one with SLUICE_MIRROR"

log=build/try-package-$arch.log
echo "a fresh Debian 12 for $arch, with $deb (all of it in $log):"
mmdebstrap --mode=root --variant=apt --architectures="$arch" --include=systemd \
  --customize-hook='echo "I: installing the package with apt..."' \
  --customize-hook="upload $deb /sluice.deb" \
  --customize-hook='chroot "$1" apt-get install -q -y --no-install-recommends /sluice.deb' \
  --customize-hook='chroot "$1" dpkg --audit' \
  --customize-hook='for program in sluiced sluicectl sluice-drivers; do told=$(chroot "$1" $program --version) || exit 1; echo "tried: $told"; done' \
  --customize-hook='told=$(chroot "$1" sluicectl check) && echo "tried: $told"' \
  --customize-hook='told=$(chroot "$1" id sluice) && echo "tried: account $told"' \
  bookworm /dev/null "deb $mirror bookworm main" 2>&1 | tee "$log" | sed -nu 's/^tried: //p; /^I: /p' ||
  { tail -n 40 "$log"; echo "FAIL: $deb"; exit 1; }
echo "installs: $deb"
