#!/usr/bin/env bash
# usage: same_hashes.sh PROGRAM PROGRAM...
# Runs every scenario with all programs, two runs at a time, and compares the hashes of what happened: seeds 1 to 3, of
# a scenario on real orbits, whose run takes half a minute, only the first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hash_of() {
  local line
  line=$("$3" sim "$1" --seed "$2" | grep -oE '\bhash 0x[0-9a-f]+' | head -n 1) || true
  echo "$1 $2 ${line:-no hash} $3"
}
export -f hash_of

runs() {
  local scenario seed program seeds
  for scenario in scenarios/*.toml; do
    [ -e "$scenario" ] || { echo "there are no scenarios" >&2; exit 1; }
    seeds='1 2 3'
    if grep -q '^\[constellation\]' "$scenario"; then seeds=1; fi
    for seed in $seeds; do
      for program in "$@"; do printf '%s\0%s\0%s\0' "$scenario" "$seed" "$program"; done
    done
  done
}

hashes=$(runs "$@" | xargs -0 -n 3 -P 2 bash -c 'hash_of "$@"' hash_of | sort)
compared=$(cut -d ' ' -f 1,2 <<<"$hashes" | sort -u | wc -l)
differing=$(cut -d ' ' -f 1-4 <<<"$hashes" | sort -u | cut -d ' ' -f 1,2 | uniq -d)
if [ -n "$differing" ]; then grep -F "$differing" <<<"$hashes"; fi
if grep ' no hash ' <<<"$hashes"; then exit 1; fi
echo "$compared runs by $# programs compared, $(grep -c . <<<"$differing" || true) differ"
[ -z "$differing" ]
