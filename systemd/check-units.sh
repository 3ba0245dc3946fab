#!/usr/bin/env bash
# Proves that systemd accepts the units and finds them well hardened (exposure at most 1.5 of 10). Works without a
# running systemd: the units are checked in a staged root in which the programs they name exist.
#
#   systemd/check-units.sh FOLDER      the folder that holds the configured units
#
# Exit codes: 0 as it should be; 1 not; 2 wrong usage.
set -euo pipefail
units=${1:-}
[ -f "$units/sluiced.service" ] || { echo "usage: $0 FOLDER   with sluiced.service and sluice-drivers.service" >&2; exit 2; }
exposure_max=15  # tenths
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
failed=0

mkdir -p "$stage/units"
# A stand-in for each program, so that nothing needs to be installed.
cp "$(type -P true)" "$stage/true"
for unit in sluiced.service sluice-drivers.service; do
  sed -E "s#^ExecStart=[^ ]+#ExecStart=$stage/true#" "$units/$unit" > "$stage/units/$unit"
done

for unit in sluiced.service sluice-drivers.service; do
  # Without --recursive-errors an unknown key is told of and no error. With `no` it is one in the unit itself, while units
  # of this machine that it depends on do not count.
  if ! SYSTEMD_UNIT_PATH="$stage/units:" systemd-analyze verify --recursive-errors=no --man=no "$stage/units/$unit"; then
    echo "FAIL: systemd-analyze verify does not accept $unit"
    failed=1
  fi
  if ! systemd-analyze security --offline=true --threshold=$exposure_max --no-pager "$stage/units/$unit" \
    > "$stage/security.txt" 2>&1; then
    cat "$stage/security.txt"
    echo "FAIL: $unit is more exposed than $exposure_max tenths"
    failed=1
  fi
  tail -n 1 "$stage/security.txt"
done

# What the design depends on, whatever else changes.
for line in Type=notify RuntimeDirectoryPreserve=yes StartLimitIntervalSec=0 Restart=always; do
  grep -qx "$line" "$units/sluiced.service" || { echo "FAIL: sluiced.service lacks $line"; failed=1; }
done
# A unit with a misspelt key must be noticed, or this test proves nothing.
sed 's/^UMask=/UMaskk=/' "$stage/units/sluiced.service" > "$stage/units/misspelt.service"
if SYSTEMD_UNIT_PATH="$stage/units:" systemd-analyze verify --recursive-errors=no --man=no "$stage/units/misspelt.service" 2>/dev/null; then
  echo "FAIL: a misspelt key was accepted"
  failed=1
fi
exit $failed
