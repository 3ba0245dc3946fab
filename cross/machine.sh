#!/usr/bin/env bash
# The arm64 package on a whole ARM machine, emulated by QEMU: installed by apt beside mosquitto, readings in, an alert and a
# summary out, the units' limits enforced by the machine's own kernel, and the power cut. cross/machine.py drives it and
# says what each step proves; this makes the machine, once, in build/machine. A run takes some
# 5 minutes on an idle machine.
#
#   cross/machine.sh [--board virt|raspi3b] [--deb FILE] [--seed N]
#
#   --board raspi3b  the same Debian on an emulated Raspberry Pi 3: installed, used, switched off and on
#   --deb FILE       the package; default: the newest arm64 one in build/packages, made if there is none
#   --seed N         which of the sectors that were not flushed survive the power cut
#
# The Debian mirror is contacted while the machine is made, and nothing but loopback afterwards: the machine has no way
# out. Needs root, for its file system and to let this kernel run ARM programs (binfmt_misc, which stays on).
# Exit codes: 0 all as expected; 1 something was not, or could not be made; 2 wrong usage; 77 it cannot run here, and says why.
set -euo pipefail
cd "$(dirname "$0")/.."
deb=""
options=()
while [ $# -gt 0 ]; do
  case "$1" in
    --board) options+=(--board "${2:?--board needs a name}"); shift ;;
    --deb) deb=${2:?--deb needs a file}; shift ;;
    --seed) options+=(--seed "${2:?--seed needs a number}"); shift ;;
    -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "error: unknown option $1; see $0 --help" >&2; exit 2 ;;
  esac
  shift
done
skip() { echo "cannot run here: $*"; exit 77; }
say() { printf '\n== %s\n' "$*"; }

[ "$(id -u)" -eq 0 ] || skip "needs root, to make a file system with the owners of a Debian"
cross/install-deps.sh --machine
[ -n "$deb" ] || deb=$(ls -t build/packages/sluice_*_arm64.deb 2>/dev/null | head -n 1 || true)
if [ -z "$deb" ]; then
  say "make the package"
  cross/package.sh arm64
  deb=$(ls -t build/packages/sluice_*_arm64.deb | head -n 1)
fi
deb=$(realpath "$deb")

# What the package needs lies in the machine as apt would have fetched it, so that apt can install it there offline.
depends=$(dpkg-deb --field "$deb" Depends | sed -E 's/\([^)]*\)//g; s/\|[^,]*//g; s/[ ,]+/ /g')
inside="systemd-sysv dbus udev kmod iproute2 openssh-server python3"
fetched="$depends mosquitto mosquitto-clients sqlite3"
mirror=${SLUICE_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
  sed -n 's/^bookworm //p' | head -n 1)}
made=build/machine

make_kernel() {
  say "fetch Debian's kernel"
  rm -rf "$made/kernel"
  run mmdebstrap --quiet --variant=extract --architectures=arm64 --include=linux-image-arm64,busybox-static \
    bookworm "$made/kernel" "deb $mirror bookworm main"
  cp "$made"/kernel/boot/vmlinuz-* "$made/vmlinuz"
  cp "$made"/kernel/usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb "$made/raspi3b.dtb"
  version=$(ls "$made/kernel/lib/modules")
  # What neither board has is left out: the modules shrink from 290 to 100 MB.
  (cd "$made/kernel/lib/modules/$version/kernel" &&
    rm -rf sound drivers/{gpu,media,infiniband,net/wireless,net/ethernet,scsi,iio,staging,isdn} &&
    rm -f drivers/net/usb/cdc_subset.ko)  # would claim the USB network card of QEMU, which is none of its kind
  depmod -b "$made/kernel" "$version"

  # A first file system in memory: the modules that the root file system needs, in order (a virtio disk, or the SD card of
  # a Pi), and then the real one.
  local first=$made/first
  rm -rf "$first"
  mkdir -p "$first"/{bin,proc,sys,dev,root,modules}
  cp "$made/kernel/bin/busybox" "$first/bin/busybox"
  modprobe -d "$made/kernel" -S "$version" -a --show-depends \
    virtio_pci virtio_blk bcm2835 sdhci_iproc ext4 crc32c_generic |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$made/modules"
  xargs -a "$made/modules" cp -t "$first/modules"
  sed 's#.*/##' "$made/modules" > "$first/modules/order"
  cat > "$first/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
for module in $(busybox cat /modules/order); do busybox insmod "/modules/$module"; done
until busybox mount -t ext4 /dev/vda /root || busybox mount -t ext4 /dev/mmcblk0 /root; do busybox sleep 0.2; done 2> /dev/null
busybox umount /proc /sys
exec busybox switch_root /root /sbin/init
INIT
  chmod +x "$first/init"
  (cd "$first" && find . | cpio --quiet -o -H newc | gzip -1) > "$made/initrd"
}

make_root() {
  say "make a Debian 12 for arm64"
  cross/binfmt.sh qemu-aarch64 || skip "this kernel has no binfmt_misc"
  local root=$made/root
  unmount
  rm -rf --one-file-system "$root"
  run mmdebstrap --quiet --mode=root --variant=minbase --architectures=arm64 --include="${inside// /,}" \
    --skip=cleanup/apt/lists,cleanup/apt/cache \
    --customize-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get clean' \
    --customize-hook="APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG apt-get install -qq -y --download-only $fetched" \
    bookworm "$root" "deb $mirror bookworm main"
  cp -a "$made/kernel/lib/modules" "$root/usr/lib/"
  run chroot "$root" apt-cache -q gencaches > "$made/apt.log"  # minutes saved in the machine
  echo sluice-arm > "$root/etc/hostname"
  echo "127.0.0.1 localhost sluice-arm" > "$root/etc/hosts"
  printf '[Match]\nName=e* usb*\n[Network]\nAddress=10.0.2.15/24\n' > "$root/etc/systemd/network/wired.network"
  ln -sf /lib/systemd/system/systemd-networkd.service "$root/etc/systemd/system/multi-user.target.wants/"
  rm -f "$made/key" "$made/key.pub"
  ssh-keygen -q -t ed25519 -N "" -C machine -f "$made/key"
  install -D -m 600 "$made/key.pub" "$root/root/.ssh/authorized_keys"
  echo "machine $(cut -d' ' -f1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub")" > "$made/known_hosts"

  say "make its disk"
  rm -f "$made/disk.new"
  truncate -s 2G "$made/disk.new"  # an SD card's size is a power of two
  run mke2fs -q -t ext4 -F -d "$root" "$made/disk.new"
  mv "$made/disk.new" "$made/disk.img"
  rm -rf --one-file-system "$root" "$made/kernel" "$made/first"
}

# Ends what runs, and what it mounted, when this script is told to end.
child=
run() {
  "$@" &
  child=$!
  wait "$child"
  child=
}
unmount() {
  awk -v root="$(realpath "$made")/root/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
}
end() {
  trap '' INT TERM HUP
  [ -z "$child" ] || { kill "$child"; wait "$child"; } 2>/dev/null || true
  unmount
  exit 143
}
trap end INT TERM HUP

mkdir -p "$made"
recipe=$(declare -f make_kernel make_root; echo "$inside $fetched")
if [ "$(cat "$made/.complete" 2>/dev/null)" != "$recipe" ]; then
  rm -f "$made/.complete"
  [ -n "$mirror" ] || skip "no mirror of bookworm known; name one with SLUICE_MIRROR"
  make_kernel
  make_root
  echo "$recipe" > "$made/.complete"
fi
exec python3 cross/machine.py --made "$made" --deb "$deb" "${options[@]}"
