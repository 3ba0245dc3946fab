#!/usr/bin/env bash
# Takes what `tests/run.sh --fuzz SECONDS` found into the corpora that every test run replays: of all inputs under
# build/fuzz/corpus, the fewest that reach code which no input in tests/fuzz/corpus and no file of the product that the
# target begins with reaches. Look at what is new with git, then commit it.
#
#   tests/fuzz/minimise.sh [TARGET…]      targets: the folders of tests/fuzz/corpus; without any: all
#
# An input that broke a target is kept as build/fuzz/fuzz_TARGET-crash-…: mend the cause, and copy it into
# tests/fuzz/corpus/TARGET under a name that says what it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
case "${1:-}" in
  -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
if [ $# -eq 0 ]; then
  mapfile -t targets < <(ls tests/fuzz/corpus)
else
  targets=("$@")
fi
for target in "${targets[@]}"; do
  program=build/fuzz/tests/fuzz/fuzz_$target
  found=build/fuzz/corpus/fuzz_$target
  [ -d "tests/fuzz/corpus/$target" ] || { echo "error: there is no target '$target'; see $0 --help" >&2; exit 2; }
  [ -x "$program" ] && [ -d "$found" ] || {
    echo "error: nothing was fuzzed for $target; run tests/run.sh --no-dev --fuzz 600 first" >&2
    exit 2
  }
  before=$(ls "tests/fuzz/corpus/$target" | wc -l)
  # What is there already goes first, in a folder of its own, so that it is not counted as new.
  known=build/fuzz/known-$target
  rm -rf "$known"
  cp -r "tests/fuzz/corpus/$target" "$known"
  mapfile -t inputs < <(grep . "$program.inputs")
  for i in "${!inputs[@]}"; do cp "${inputs[$i]}" "$known/input-$i"; done
  touch "build/fuzz/before-$target"
  # Which code is reached, not how often: a corpus that stays small enough to read.
  "$program" -set_cover_merge=1 -use_counters=0 -verbosity=0 "$known" "$found" > /dev/null 2> "build/fuzz/minimise-$target.log" || {
    tail -n 20 "build/fuzz/minimise-$target.log" >&2
    exit 1
  }
  find "$known" -type f -newer "build/fuzz/before-$target" -exec cp -t "tests/fuzz/corpus/$target" {} +
  printf '%-16s %5d found, %4d new, %4d in the corpus\n' "$target" "$(ls "$found" | wc -l)" \
    "$(($(ls "tests/fuzz/corpus/$target" | wc -l) - before))" "$(ls "tests/fuzz/corpus/$target" | wc -l)"
done
