#!/usr/bin/env bash
# Makes a Debian 12 package: build/packages/sluice_<version>_<arch>.deb. For another architecture than this machine's
# it builds with cross/sysroot.sh's sysroot. Sets up what is missing; needs root or sudo only for that.
#
#   cross/package.sh amd64|arm64|armhf
#
# Exit codes: 0 made, and lintian finds neither error nor warning; 1 not; 2 wrong usage, or something is missing here.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=${1:-}
case "$arch" in
  amd64 | arm64 | armhf) ;;
  -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "cross/${0##*/}"; exit 0 ;;
  *) echo "usage: $0 amd64|arm64|armhf" >&2; exit 2 ;;
esac

options=(-B "build/package-$arch")
if [ "$arch" = "$(dpkg --print-architecture)" ]; then
  preset=release
  cross/install-deps.sh --package
else
  preset=$arch
  cross/install-deps.sh --cross
  cross/sysroot.sh "$arch"
  export DPKG_ADMINDIR=$PWD/build/sysroot-$arch/var/lib/dpkg
fi
# Without the first three a package would come out that lacks hardening or dependencies, and look fine.
for tool in dpkg-architecture dpkg-buildflags dpkg-shlibdeps file lintian; do
  command -v "$tool" >/dev/null || { echo "error: $tool is missing; see cross/package-deps.txt" >&2; exit 2; }
done
command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

# Debian's flags (fortified, position-independent, bound at start); the package's programs carry no debug symbols.
export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_STRIP=-g
mkdir -p build/packages
flag() {  # dpkg-architecture warns whenever it is asked about another architecture
  dpkg-architecture -a"$arch" -f -c dpkg-buildflags --get "$1" 2> "build/package-$arch.log" ||
    { cat "build/package-$arch.log"; echo "error: dpkg-buildflags does not tell $1"; exit 1; } >&2
}
cxx=$(flag CXXFLAGS)
cpp=$(flag CPPFLAGS)
ld=$(flag LDFLAGS)
[[ $cxx == *-fstack-protector-strong* && $cpp == *_FORTIFY_SOURCE* && $ld == *-z,now* ]] ||
  { echo "error: dpkg-buildflags gives no hardening: $cxx $cpp $ld" >&2; exit 1; }
cmake --preset "$preset" "${options[@]}" -DCMAKE_BUILD_TYPE=None -DSLUICE_TESTS=OFF \
  -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_SYSCONFDIR=/etc -DCMAKE_INSTALL_LOCALSTATEDIR=/var \
  -DCMAKE_CXX_FLAGS="$cxx $cpp" -DCMAKE_EXE_LINKER_FLAGS="$ld" \
  > "build/package-$arch.log" 2>&1 || { cat "build/package-$arch.log"; exit 1; }
cmake --build "build/package-$arch"

# On a 32-bit machine the C library has two of everything that takes a time or a file offset. With the narrow one time
# ends in 2038 and a file at 2 GiB: no program may call one.
if [ "$arch" = armhf ]; then
  narrow=' (clock_(gettime|settime|nanosleep|adjtime|getres)|nanosleep|time|gettimeofday|(gm|local|c)time(_r)?|mktime|timegm'
  narrow+='|[fl]?stat|fstatat|utimensat|futimens|utimes|p?select|ppoll|[gs]etitimer|(ntp_)?adjtimex?|pthread_\w+_(timed|clock)\w+'
  narrow+='|sem_(timed|clock)wait|recvmmsg|getrusage|wait[34]|timerfd?_\w+|open(at)?|creat|lseek|p(read|write)v?|f?truncate'
  narrow+='|(posix_)?fallocate|f?stat(v)?fs|readdir|mmap|sendfile|f(re)?open|(ftell|fseek)o|[gs]etrlimit|mkstemp)@'
  for program in daemon/app/sluiced daemon/ctl/sluicectl drivers/sluice-drivers; do
    ! arm-linux-gnueabihf-nm -D --undefined-only "build/package-$arch/$program" | grep -E "$narrow" ||
      { echo "error: $program calls these with a 32-bit time or offset" >&2; exit 1; }
  done
fi
(umask 022 && cd "build/package-$arch" && cpack -G DEB -B "$OLDPWD/build/packages") > "build/package-$arch.log" 2>&1 ||
  { cat "build/package-$arch.log"; exit 1; }
rm -rf build/packages/_CPack_Packages
deb=$(ls -t build/packages/sluice_*_"$arch".deb | head -n 1)
dpkg-deb --field "$deb" Package Version Architecture Depends
[[ ", $(dpkg-deb --field "$deb" Depends)" == *", libc6 "* ]] ||
  { echo "error: dpkg-shlibdeps has found no dependency on libc6" >&2; exit 1; }
lintian --allow-root --fail-on error,warning "$deb" || { echo "error: lintian finds errors or warnings in $deb" >&2; exit 1; }
echo "made: $deb"
