#!/usr/bin/env python3
"""A program that a test runs and whose sanitizer reports something fails the test, whatever its exit code is taken for.

planted_report.cpp is such a program; without a sanitizer there is none.
"""
import subprocess
import sys

import gateway


def outcome_of(main):
    try:
        gateway.run(main)
    except SystemExit as end:
        return end.code
    return None


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    quiet = outcome_of(lambda: None)
    planted = outcome_of(lambda: subprocess.run([options.program], check=False, timeout=gateway.PATIENCE_S))
    print(f"without a report {quiet}, with one {planted}")
    return 0 if (quiet, planted) == (0, 1) else 1


if __name__ == "__main__":
    sys.exit(main())
