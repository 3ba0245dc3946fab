#!/bin/sh
# The benchmarks: run.sh [--quick] [--bin DIR] [--json] [--only PART]…  See README.md beside this file.
exec python3 "$(dirname "$0")/bench.py" "$@"
