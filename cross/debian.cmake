# What the toolchains of all Debian architectures share; included by arm64.cmake and armhf.cmake.
# Another sysroot: -DSLUICE_SYSROOT=… or the environment's SLUICE_SYSROOT.
set(CMAKE_SYSTEM_NAME Linux)
if(NOT SLUICE_SYSROOT)
  if(DEFINED ENV{SLUICE_SYSROOT})
    set(SLUICE_SYSROOT "$ENV{SLUICE_SYSROOT}")
  else()
    get_filename_component(SLUICE_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-${sluice_arch}" ABSOLUTE)
  endif()
endif()
if(NOT EXISTS "${SLUICE_SYSROOT}/usr/include")
  message(FATAL_ERROR "There is no sysroot in ${SLUICE_SYSROOT}; run cross/sysroot.sh ${sluice_arch} first")
endif()
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SLUICE_SYSROOT)
set(CMAKE_SYSROOT "${SLUICE_SYSROOT}")
set(CMAKE_LIBRARY_ARCHITECTURE ${sluice_triplet})
set(CMAKE_CXX_COMPILER ${sluice_triplet}-g++)
set(CMAKE_C_COMPILER ${sluice_triplet}-gcc)

set(CMAKE_FIND_ROOT_PATH "${SLUICE_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${SLUICE_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR} "${SLUICE_SYSROOT}/usr/lib/${sluice_triplet}/pkgconfig:${SLUICE_SYSROOT}/usr/share/pkgconfig")

# The loader and the libraries of the sysroot, for every program the build or ctest runs.
set(CMAKE_CROSSCOMPILING_EMULATOR "${sluice_emulator};-L;${SLUICE_SYSROOT}")
