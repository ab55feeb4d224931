#!/usr/bin/env bash
# usage: same_hashes.sh PROGRAM PROGRAM [SEED...]
# Runs every scenario with both programs and compares the hashes of what happened. Of a scenario on real orbits, whose
# run takes half a minute, only the first seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
one=$1 other=$2
shift 2
[ $# -gt 0 ] || set -- 1 2 3
compared=0 differing=0

hash_of() {
  local line
  line=$("$1" sim "$2" --seed "$3" | grep -oE '\bhash 0x[0-9a-f]+' | head -n 1) || true
  [ -n "$line" ] || { echo "$1 sim $2 --seed $3 printed no hash" >&2; exit 1; }
  echo "$line"
}

for scenario in scenarios/*.toml; do
  [ -e "$scenario" ] || { echo "there are no scenarios" >&2; exit 1; }
  seeds=("$@")
  if grep -q '^\[constellation\]' "$scenario"; then seeds=("$1"); fi
  for seed in "${seeds[@]}"; do
    first=$(hash_of "$one" "$scenario" "$seed")
    second=$(hash_of "$other" "$scenario" "$seed")
    compared=$((compared + 1))
    if [ "$first" != "$second" ]; then
      differing=$((differing + 1))
      echo "$scenario --seed $seed: $first against $second"
    fi
  done
done
echo "$compared runs compared, $differing differ"
[ "$differing" = 0 ]
