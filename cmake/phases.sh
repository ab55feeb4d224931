# A test run is a list of phases: each is timed, a failing one does not stop the others, and the end counts them all.
# To be sourced after packages.sh.

passed=0 failed=0 skipped=0
failures=()

# phase WHAT COMMAND...: counts as one test
phase() {
  local what=$1 started=$SECONDS
  shift
  say "== $what"
  if ("$@"); then
    passed=$((passed + 1))
    say "-- $what: passed, $((SECONDS - started)) s of $SECONDS s"
  else
    failed=$((failed + 1))
    failures+=("$what")
    say "-- $what: FAILED, $((SECONDS - started)) s of $SECONDS s"
  fi
}

phase_skipped() {
  skipped=$((skipped + 1))
  say "-- $1: skipped, $2"
}

# phase_ctest PRESET [CTEST OPTIONS...]: counts each of ctest's tests
phase_ctest() {
  local preset=$1 started=$SECONDS folder="$root/build/$1" all bad left
  shift
  say "== tests of $preset"
  if [ ! -e "$folder/CTestTestfile.cmake" ]; then
    failed=$((failed + 1))
    failures+=("tests of $preset: nothing was built")
    return 0
  fi
  rm -f "$folder/tests.xml"
  # tsan's shadow memory does not fit every address layout the kernel may pick
  local fixed_layout=()
  if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then fixed_layout=(setarch -R); fi
  (cd "$root" && ${fixed_layout[@]+"${fixed_layout[@]}"} ctest --test-dir "$folder" -j 2 --output-on-failure \
    --no-tests=error --output-junit "$folder/tests.xml" "$@") || true
  all=$(junit_count "$folder/tests.xml" tests)
  bad=$(junit_count "$folder/tests.xml" failures)
  left=$(($(junit_count "$folder/tests.xml" skipped) + $(junit_count "$folder/tests.xml" disabled)))
  if [ "$all" = 0 ]; then bad=1 all=1; fi
  passed=$((passed + all - bad - left))
  failed=$((failed + bad))
  skipped=$((skipped + left))
  [ "$bad" = 0 ] || failures+=("$bad tests of $preset")
  say "-- tests of $preset: $((SECONDS - started)) s of $SECONDS s"
  local without_data
  without_data=$(grep -c 'SKIPPED: no reference data' "$folder/Testing/Temporary/LastTest.log" 2>/dev/null || true)
  if [ "${without_data:-0}" != 0 ]; then
    say "   $without_data cases inside them found no reference data (SKYWARDEN_DATA) and checked nothing"
  fi
}

junit_count() {
  local count
  count=$(sed -n "s/^[[:space:]]*$2=\"\([0-9]*\)\".*/\1/p" "$1" 2>/dev/null | head -n 1)
  [ -n "$count" ] || count=$(grep -o " $2=\"[0-9]*\"" "$1" 2>/dev/null | head -n 1 | tr -dc 0-9 || true)
  echo "${count:-0}"
}

# What ./test always does; its arguments go to ctest.
phases_of_test() {
  phase "building dev" build_preset dev all
  phase "every header compiles alone" build_preset dev all_verify_interface_header_sets
  phase_ctest dev "$@"
}

# phases_of_hashes PRESET...: what the simulator says must not depend on the compiler or on optimisation. dev is gcc
# without, clang clang with it.
# clang without precompiled headers, which would hide missing includes, and which clang-tidy reads slowly.
phases_of_hashes() {
  local preset programs=()
  for preset in "$@"; do
    programs+=("$root/build/$preset/bin/skywarden")
    case $preset in
      dev) ;;  # phases_of_test built it
      clang) SKYWARDEN_PRECOMPILED=OFF phase "building clang" build_preset clang skywarden ;;
      *) phase "building $preset" build_preset "$preset" skywarden ;;
    esac
  done
  phase "$* agree" "$root/tests/same_hashes.sh" "${programs[@]}"
}

# phase_lint [CHECKS]: what .clang-tidy names, changed by CHECKS. The release build by clang is what clang-tidy reads;
# it holds no tests, those are left to the compilers.
phase_lint() { phase "lint" lint "$@"; }

lint() {
  cd "$root"
  if ! run-clang-tidy-19 -quiet -j "$(jobs_that_fit)" -p build/clang ${1:+-checks="$1"} "^$root/(src|apps)/" \
    >build/tidy.log 2>&1; then
    grep -E '(error|warning):' build/tidy.log | sort -u | head -n 50
    return 1
  fi
}

# phase_fuzz SECONDS [FUZZER...]: each fuzzer for that long, two at a time
phase_fuzz() {
  local seconds=$1 folder="$root/build/asan/bin" fuzzer
  shift
  if [ $# -eq 0 ]; then
    for fuzzer in "$folder"/*_fuzz; do set -- "$@" "$(basename "$fuzzer")"; done
  fi
  while [ $# -gt 0 ]; do
    if [ $# -ge 2 ]; then
      phase "fuzzing $1 and $2 for $seconds s" fuzz_two "$seconds" "$1" "$2"
      shift 2
    else
      phase "fuzzing $1 for $seconds s" fuzz_one "$seconds" "$1"
      shift
    fi
  done
}

fuzz_two() {
  fuzz_one "$1" "$2" &
  local first=$!
  local verdict=0
  fuzz_one "$1" "$3" || verdict=1
  wait "$first" || verdict=1
  return $verdict
}

# What a fuzzer finds is kept beside its corpus in build/corpus/NAME.
fuzz_one() {
  local seconds=$1 name=$2 corpus="$root/build/corpus/$2"
  mkdir -p "$corpus"
  # One that hangs in its own signal handler must not take the run with it.
  if ! timeout --kill-after=10 $((seconds + 120)) "$root/build/asan/bin/$name" -max_total_time="$seconds" \
    -timeout=25 -rss_limit_mb=2048 -max_len=65536 -verbosity=0 -print_final_stats=0 \
    -artifact_prefix="$corpus/found-" "$corpus" >"$corpus.log" 2>&1; then
    tail -n 30 "$corpus.log"
    return 1
  fi
}

# phase_sweeps PRESET A..B: every scenario with those seeds; one on real orbits, whose run takes half a minute, with a
# tenth
phase_sweeps() {
  local preset=$1 scenario seeds
  shift
  for scenario in "$root"/scenarios/*.toml; do
    if [ ! -e "$scenario" ]; then
      phase_skipped "sweeps" "there are no scenarios"
      return 0
    fi
    seeds=$1
    if grep -q '^\[constellation\]' "$scenario"; then seeds=${1%..*}..$((${1#*..} / 10)); fi
    phase "$(basename "$scenario" .toml), seeds $seeds" "$root/build/$preset/bin/skywarden" sim "$scenario" --seeds "$seeds"
  done
}

phases_end() {
  local failure
  for failure in ${failures[@]+"${failures[@]}"}; do complain "failed: $failure"; done
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ]
}
