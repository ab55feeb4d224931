# What run, test and .ci/run share: saying things, installing packages, building a preset. To be sourced.
# Expects $root, the folder of the repository.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\033[1m' plain=$'\033[0m'
else
  bold='' plain=''
fi

say() { printf '%s%s%s\n' "$bold" "$*" "$plain"; }
complain() { printf '%s\n' "$*" >&2; }

# packages_of FILE...: the packages listed there that this machine should have, one a line
packages_of() {
  local name command
  sed 's/#.*//' "$@" | while read -r name command; do
    [ -n "$name" ] || continue
    if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
    printf '%s\n' "$name"
  done
}

# packages_missing FILE...: those of them that dpkg does not report as installed
packages_missing() {
  local wanted
  wanted=$(packages_of "$@")
  # shellcheck disable=SC2086
  comm -23 <(sort -u <<<"$wanted") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

# packages_install FILE...: installs what is missing, or says which command would
packages_install() {
  local missing log="$root/build/apt.log" options=(-y --no-install-recommends -o DPkg::Lock::Timeout=600)
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    complain "This is not Debian: please install what $* name. Trying to build all the same."
    return 0
  fi
  missing=$(packages_missing "$@" | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    complain "Missing packages. Please run this, then try again:"
    complain "  sudo apt-get update && sudo apt-get install --no-install-recommends -y $missing"
    exit 1
  fi
  say "Installing $missing"
  mkdir -p "$root/build"
  local started=$SECONDS
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  if ! { apt-get update -o DPkg::Lock::Timeout=600 && apt-get install "${options[@]}" $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    complain "apt-get could not install them; the whole story is in $log"
    exit 1
  fi
  say "Installed in $((SECONDS - started)) s"
}

# As many compilers at once as there are processors and, at a gigabyte each, memory.
jobs_that_fit() {
  local processors gigabytes
  processors=$(nproc)
  gigabytes=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  [ "$gigabytes" -ge 1 ] || gigabytes=1
  echo $((processors < gigabytes ? processors : gigabytes))
}

# configure_preset PRESET: when the presets have changed since; ninja repeats it when a CMakeLists.txt has
configure_preset() {
  local preset=$1
  if [ "$root/build/$preset/build.ninja" -nt "$root/CMakePresets.json" ]; then return 0; fi
  say "Configuring build/$preset"
  mkdir -p "$root/build"
  if ! (cd "$root" && cmake --preset "$preset") >"$root/build/configure-$preset.log" 2>&1; then
    tail -n 30 "$root/build/configure-$preset.log" >&2
    complain "Configuring failed; the whole story is in build/configure-$preset.log"
    return 1
  fi
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1
  shift
  configure_preset "$preset" || return 1
  ninja -C "$root/build/$preset" -j "$(jobs_that_fit)" "$@"
}
