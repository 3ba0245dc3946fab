#!/usr/bin/env bash
# Counts the instructions that the package's sluiced spends on a reading on ARM: tests/bench/limits.py, with the callgrind of
# that architecture under qemu-user. A count, so it needs no ARM machine and hardly depends on what else this one does; times
# under emulation would say nothing. Makes what is missing or older than the sources: the package, a native bench_load, Debian's
# valgrind in build/.
#
#   cross/instructions.sh arm64 [OPTION…]       options of limits.py; default: --quick
#
# Contacts the Debian mirror once (SLUICE_MIRROR names another). Needs root, to let this kernel run ARM programs (binfmt_misc,
# which stays on). Some 5 minutes on an idle machine. Exit codes: 0 fine, 1 not, 2 wrong usage, 77 it cannot run here, and says why.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=${1:-}
case "$arch" in
  arm64) emulator=qemu-aarch64 ;;
  *) echo "usage: $0 arm64 [OPTION…]" >&2; exit 2 ;;
esac
shift
[ $# -gt 0 ] || set -- --quick
skip() { echo "cannot run here: $*"; exit 77; }
cross/install-deps.sh --cross
cross/binfmt.sh "$emulator" || skip "this kernel has no binfmt_misc, or this is not root"

cross/package.sh "$arch"
[ -e build/dev/CMakeCache.txt ] || cmake --preset dev
cmake --build build/dev --target bench_load
valgrind=$PWD/build/valgrind-$arch
if [ ! -e "$valgrind/usr/bin/valgrind.bin" ]; then
  mirror=${SLUICE_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^bookworm //p' | head -n 1)}
  [ -n "$mirror" ] || skip "no mirror of bookworm known; name one with SLUICE_MIRROR"
  rm -rf "$valgrind"
  mmdebstrap --quiet --variant=extract --architectures="$arch" --include=valgrind bookworm "$valgrind" \
    "deb $mirror bookworm main"
fi

# Only sluiced and valgrind are of the other architecture: the emulator finds their C library in the sysroot.
path=$(mktemp -d)
trap 'rm -rf "$path"' EXIT
ln -s "$valgrind/usr/bin/valgrind.bin" "$path/valgrind"
PATH=$path:$PATH VALGRIND_LIB=$valgrind/usr/libexec/valgrind QEMU_LD_PREFIX=$PWD/build/sysroot-$arch \
  python3 tests/bench/limits.py --instructions --patience 20 --bin "build/package-$arch" --bench-bin build/dev/tests/bench "$@"
