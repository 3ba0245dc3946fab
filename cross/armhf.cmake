# Builds for Debian armhf with the sysroot that `cross/sysroot.sh armhf` makes, and runs the tests under qemu-user.
set(sluice_arch armhf)
set(sluice_triplet arm-linux-gnueabihf)
set(sluice_emulator qemu-arm-static)
set(CMAKE_SYSTEM_PROCESSOR arm)
include("${CMAKE_CURRENT_LIST_DIR}/debian.cmake")
