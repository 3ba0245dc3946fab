#!/usr/bin/env bash
# Makes a Debian 12 sysroot of another architecture: headers and libraries to link with, and the C library that
# the tests run with under qemu. Packages are unpacked and nothing of them is run, so it needs no root and no
# emulation: some 15 seconds.
#
#   cross/sysroot.sh arm64|armhf [FOLDER]       default folder: build/sysroot-<arch>
#
# SLUICE_MIRROR names another Debian mirror. Exit codes: 0 made, or up to date; 2 wrong usage, or something is missing
# here; else that of what went wrong.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
arch=${1:-}
case "$arch" in
  arm64 | armhf) ;;
  -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  *) echo "usage: $0 arm64|armhf [FOLDER]" >&2; exit 2 ;;
esac
root=${2:-$here/../build/sysroot-$arch}
# The mirror that this machine uses for the same release.
mirror=${SLUICE_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
  sed -n 's/^bookworm //p' | head -n 1)}
[ -n "$mirror" ] || { echo "error: no mirror of bookworm known; name one with SLUICE_MIRROR" >&2; exit 2; }

if [ -e "$root/.complete" ] && cat "$here/build-deps.txt" "$0" | cmp -s - "$root/.complete"; then
  echo "$root is up to date"
  exit 0
fi
command -v mmdebstrap >/dev/null || { echo "error: mmdebstrap is missing; run cross/install-deps.sh --cross" >&2; exit 2; }

# The libraries of the list; its tools run on this machine. What they depend on comes along.
mapfile -t wanted < <(grep -E '^(lib.*-dev|.*-dev|libgtest-dev|googletest|tzdata)$' "$here/build-deps.txt")
list=$(IFS=,; echo "${wanted[*]},libc6-dev,libstdc++-12-dev,linux-libc-dev")
rm -rf "$root"
mkdir -p "$root"
# Packages only from the main suite: one suite has one consistent index on every mirror. Without root: chrootless, which
# needs no name space of users and, as packages are only unpacked, runs nothing of them here.
mmdebstrap --quiet --mode="$([ "$(id -u)" -eq 0 ] && echo root || echo chrootless)" --variant=extract --skip=cleanup/apt/cache \
  --architectures="$arch" --include="$list" bookworm "$root" "deb $mirror bookworm main"

# Links with an absolute target lead out of the sysroot.
find "$root" -xdev -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
  target=$(readlink "$link")
  [ -e "$root$target" ] && ln -sfrT "$root$target" "$link"
done

# Unpacking tells dpkg nothing, and cross/package.sh asks it which package a library is from: so what it needs to know
# is written down here, with the libraries where they are for this machine.
real=$(realpath "$root")
info=$real/var/lib/dpkg/info
echo 1 > "$info/format"
echo "$arch" > "$real/var/lib/dpkg/arch"
for deb in "$real"/var/cache/apt/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar t | grep -E '\.so(\.|$)' > "$real/var/libraries" || continue
  { dpkg-deb --field "$deb"; printf 'Status: install ok installed\n\n'; } >> "$real/var/lib/dpkg/status"
  name=$(dpkg-deb --field "$deb" Package)
  [ "$(dpkg-deb --field "$deb" Multi-Arch)" != same ] || name=$name:$arch
  sed "s#^\.#$real#" "$real/var/libraries" > "$info/$name.list"
  for file in symbols shlibs; do
    dpkg-deb --ctrl-tarfile "$deb" | tar xO "./$file" > "$info/$name.$file" 2>/dev/null || rm -f "$info/$name.$file"
  done
done
rm -rf "$real/var/libraries" "${root:?}"/{dev,var/cache/apt,var/lib/apt,usr/share/doc,usr/share/man,usr/share/locale}
cat "$here/build-deps.txt" "$0" > "$root/.complete"
du -sh "$root" | sed 's/^/made: /'
