# Builds for Debian arm64 with the sysroot that `cross/sysroot.sh arm64` makes, and runs the tests under qemu-user.
set(sluice_arch arm64)
set(sluice_triplet aarch64-linux-gnu)
set(sluice_emulator qemu-aarch64-static)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/debian.cmake")
