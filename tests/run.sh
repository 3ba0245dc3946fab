#!/usr/bin/env bash
# Sets up what is missing, builds, and runs the tests. Without options: the dev build and all of its tests.
#
#   tests/run.sh [--sanitize | --asan | --tsan] [--no-dev] [--clang] [--cross] [--lint] [--fuzz SECONDS] [--only REGEX]
#
#   --sanitize      the tests again with AddressSanitizer and UBSan, then with ThreadSanitizer (--asan, --tsan: one)
#   --clang         the build and the tests again with clang++
#   --cross         arm64: sysroot, build, and the unit tests under qemu-user
#   --lint          clang-tidy over all sources (clang-format is one of the tests: tidy_format)
#   --fuzz SECONDS  every fuzz target for so long
#   --no-dev        without the dev build and its tests
#   --only REGEX    of the tests, only those whose name matches (as ctest -R); for the sanitizers, clang and --fuzz too
#
# At its end it names each test that was skipped, with the reason that the test gave.
# All output folders are under build/. Needs Debian 12 and, when a package is missing, root or sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

dev=yes asan=no tsan=no clang=no cross=no lint=no fuzz=0 only=.
while [ $# -gt 0 ]; do
  case "$1" in
    --sanitize) asan=yes tsan=yes ;;
    --asan) asan=yes ;;
    --tsan) tsan=yes ;;
    --no-dev) dev=no ;;
    --clang) clang=yes ;;
    --cross) cross=yes ;;
    --lint) lint=yes ;;
    --fuzz) fuzz=${2:?--fuzz needs a number of seconds}; shift ;;
    --only) only=${2:?--only needs a regular expression}; shift ;;
    -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "error: unknown option $1; see $0 --help" >&2; exit 2 ;;
  esac
  shift
done

jobs=$(nproc)
tests=$((2 * jobs))  # at once: most wait for brokers, disks and timers
say() { printf '\n== %s\n' "$*"; }

# configure PRESET [OPTIONS…]
configure() {
  local preset=$1
  shift
  local options=()
  command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  say "configure $preset"
  mkdir -p build
  cmake --preset "$preset" "${options[@]}" "$@" > "build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log"
    exit 1
  }
}

# note_skipped PRESET: those of the run of ctest that has just ended, and why.
skipped=()
note_skipped() {
  local name reason
  while read -r name; do
    reason=$(awk -v name="$name" '/^[0-9]+\/[0-9]+ Test: / { mine = $3 == name }
      mine && sub(/^(skipped|not looked at): /, "") { print; exit }' "build/$1/Testing/Temporary/LastTest.log")
    skipped+=("$name ($1): ${reason:-it gave no reason}")
  done < <(sed -nE 's/^\s*[0-9]+ - (\S+) \(Skipped\)$/\1/p' "build/test-$1.log")
}

# build_and_test PRESET TESTS: failed tests are noted, and the remaining steps still run.
failed=()
build_and_test() {
  say "build $1"
  local targets=() name
  # Of a part of the tests only what they run is built; the simulated worlds with planted bugs build themselves.
  if [ "$only" != . ] && [ "$2" = "$only" ]; then
    while read -r name; do
      case "$name" in
        unit_* | integration_*) targets+=("--target=test_$name") ;;
        fuzz_*) targets+=("--target=$name") ;;
        e2e_*) targets+=(--target={sluiced,sluicectl,sluice-drivers,e2e_helpers}) ;;
        sim_planted_*) ;;
        sim*) targets+=(--target=sim) ;;
        *) targets=() && break ;;
      esac
    done < <(ctest --test-dir "build/$1" -N -R "$2" | sed -nE 's/^ *Test +#[0-9]+: (.*)$/\1/p')
  fi
  cmake --build --preset "$1" -j "$jobs" "${targets[@]}"
  say "test $1"
  ctest --test-dir "build/$1" -R "$2" -j "$tests" --output-on-failure --no-tests=error 2>&1 |
    tee "build/test-$1.log" || failed+=("the tests of $1")
  note_skipped "$1"
}

if [ "$cross" = yes ]; then cross/install-deps.sh --cross; else cross/install-deps.sh; fi

if [ "$dev" = yes ]; then
  configure dev
  build_and_test dev "$only"
fi

if [ "$clang" = yes ]; then
  configure clang
  build_and_test clang "$only"
fi

if [ "$asan" = yes ] || [ "$tsan" = yes ]; then
  tests=$jobs  # slow as it is
  # Leaks and races inside the libraries of the system are not ours to mend.
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1
  export TSAN_OPTIONS=second_deadlock_stack=1
  [ -f tests/tsan.supp ] && TSAN_OPTIONS+=":suppressions=$PWD/tests/tsan.supp"
  [ -f tests/lsan.supp ] && export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp"
  for preset in asan-ubsan tsan; do
    [ "$preset" = asan-ubsan ] && [ "$asan" = no ] && continue
    [ "$preset" = tsan ] && [ "$tsan" = no ] && continue
    configure "$preset"
    build_and_test "$preset" "$only"
  done
fi

if [ "$cross" = yes ]; then
  cross/sysroot.sh arm64
  configure arm64
  # Integration tests measure and kill real processes; under emulation only the unit tests mean something.
  build_and_test arm64 '^unit_'
fi

if [ "$lint" = yes ]; then
  configure clang  # of dev it would see sources put together (CMAKE_UNITY_BUILD)
  say "clang-tidy"
  if command -v run-clang-tidy >/dev/null; then
    run-clang-tidy -quiet -j "$jobs" -p build/clang "$PWD/(daemon|drivers)/.*\.cpp" > build/clang-tidy.log 2>&1 ||
      { grep -E '(warning|error):' -A 4 build/clang-tidy.log | head -n 200; failed+=("clang-tidy"); }
  else
    mapfile -t units < <(find daemon drivers -name '*.cpp' | sort)
    clang-tidy -quiet -p build/clang "${units[@]}" || failed+=("clang-tidy")
  fi
fi

if [ "$fuzz" -gt 0 ]; then
  configure clang -B build/fuzz -DCMAKE_UNITY_BUILD=ON -DSLUICE_FUZZ=ON -DSLUICE_SANITIZE=fuzzer-no-link,address,undefined
  say "build the fuzz targets"
  mapfile -t targets < <(cmake --build build/fuzz --target help | sed -nE 's/^(fuzz_[a-z0-9_]+): phony$/\1/p' | sort -u | grep -E "$only")
  [ ${#targets[@]} -gt 0 ] || { echo "error: there are no fuzz targets" >&2; exit 1; }
  cmake --build build/fuzz -j "$jobs" --target "${targets[@]}"
  for target in "${targets[@]}"; do
    say "$target for $fuzz s"
    # What is found goes to the first folder; the seeds in the second stay as they are.
    folders=("build/fuzz/corpus/$target")
    [ -d "tests/fuzz/corpus/${target#fuzz_}" ] && folders+=("tests/fuzz/corpus/${target#fuzz_}")
    mkdir -p "${folders[0]}"
    inputs=$(paste -sd, "build/fuzz/tests/fuzz/$target.inputs")
    "build/fuzz/tests/fuzz/$target" -max_total_time="$fuzz" -timeout=10 -verbosity=0 ${inputs:+"-seed_inputs=$inputs"} \
      -artifact_prefix="build/fuzz/$target-" "${folders[@]}" || failed+=("$target")
  done
fi

say "tests skipped: ${#skipped[@]}"
[ ${#skipped[@]} -eq 0 ] || printf '   skipped: %s\n' "${skipped[@]}"
if [ ${#failed[@]} -gt 0 ]; then
  say "failed:"
  printf '   %s\n' "${failed[@]}"
  exit 1
fi
say "all passed"
