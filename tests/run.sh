#!/bin/sh
# Runs all tests: see usage() below.
set -u

program=run.sh
repo=$(cd "$(dirname "$0")/.." && pwd) || exit 1
install=yes
slow=no
leaks=no
valgrind=no
tsan=no
fuzz=no

usage () {
  cat <<EOT
usage: tests/run.sh [--no-install] [--slow] [--leaks] [--valgrind] [--tsan]
                    [--fuzz]

Installs what the tests need from Debian's packages, builds, and runs them, in
rings, each in a build directory of its own at the top of the source:

  build-tests   gcc, every warning an error, with the test hooks: all tests
  build-plain   gcc as users build it: what is in the plugin and what is not
  build-clang   clang, every warning an error: builds
  build-asan    gcc with AddressSanitizer and UBSan: unit, element, fuzz tests,
                without those of the suite "heavy"

  --slow        the tests of the suite "slow" too, and those of the suite "heavy"
                in all rings
  --leaks       the unit tests under LeakSanitizer, which now and then crashes
                by itself where threads come and go
  --valgrind    the unit and element tests under valgrind
  --tsan        build-tsan, ThreadSanitizer: unit and element tests
  --fuzz        build-fuzz, libFuzzer: each target for a minute
  --no-install  name missing packages instead of installing them

The last line says how many tests passed and failed; the exit status is 0 when
none failed.
EOT
}

begun=$(date +%s)

# A ring, and when it begins
say () {
  printf '\n== %s (%s s)\n' "$*" $(($(date +%s) - begun))
}

die () {
  echo "$program: $*" >&2
  exit 1
}

for option in "$@"; do
  case $option in
    --slow) slow=yes ;;
    --leaks) leaks=yes ;;
    --valgrind) valgrind=yes ;;
    --tsan) tsan=yes ;;
    --fuzz) fuzz=yes ;;
    --no-install) install=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

# ---------------------------------------------------------------------------
# A world of its own: nothing that the user has set up for the real service or
# for GStreamer is to be seen, spent or changed by a test.

tmp=$(mktemp -d) || die "there is no room for temporary files"

clean_up () {
  trap - EXIT
  rm -rf "$tmp"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for name in $(env | sed -n 's/^\(\(KLING\|GST\|G_DEBUG\|CK\|[a-z]*_proxy\)[A-Za-z0-9_]*\)=.*/\1/p'); do
  unset "$name"
done
export LC_ALL=C.UTF-8 no_proxy="127.0.0.1,localhost"
export TMPDIR="$tmp" GST_REGISTRY="$tmp/registry.bin"
export XDG_CONFIG_HOME="$tmp/config" XDG_CACHE_HOME="$tmp/cache" \
  XDG_DATA_HOME="$tmp/data" XDG_STATE_HOME="$tmp/state"

# ---------------------------------------------------------------------------
# What is needed

# shellcheck source=../examples/packages.sh
. "$repo/examples/packages.sh"
packages_for build run test
[ $valgrind = no ] || need_program valgrind valgrind
[ $fuzz = no ] || need_compile -fsanitize=fuzzer libclang-rt-14-dev clang
if [ $install = no ] && [ -n "$packages_missing" ]; then
  die "missing (names of Debian 12):$packages_missing"
fi
packages_install "$program" || exit 1

[ -w "$repo" ] || die "it cannot be built in $repo"
cd "$repo" || exit 1

# ---------------------------------------------------------------------------
# Rings

passed=0
failed=0
skipped=0

count () {
  grep -c "\"result\": \"$1\"" "$2"
}

# Adds up what meson says of each test. What is neither good nor skipped (FAIL,
# TIMEOUT, ERROR, INTERRUPT, UNEXPECTEDPASS) has failed.
add_up () {
  total=$(grep -c '"result": ' "$1")
  good=$(($(count OK "$1") + $(count EXPECTEDFAIL "$1")))
  skip=$(count SKIP "$1")
  passed=$((passed + good))
  skipped=$((skipped + skip))
  failed=$((failed + total - good - skip))
  [ "$skip" = 0 ] ||
    sed -n 's/.*"name": "\([^"]*\)".*"result": "SKIP".*/skipped: \1/p' "$1"
}

# Something that is no test of meson's went wrong.
fail () {
  echo "$program: $*" >&2
  failed=$((failed + 1))
}

# configure BUILD OPTION...: makes or updates a build directory; one that cannot
# be updated, because the source was moved or meson is another, is made again.
configure () {
  dir=$1
  shift
  if [ -f "$dir/build.ninja" ]; then
    meson setup --reconfigure "$dir" "$@" >"$tmp/setup.log" 2>&1 && return
  fi
  rm -rf "$dir"
  meson setup "$dir" "$@" >"$tmp/setup.log" 2>&1 && return
  tail -n 30 "$tmp/setup.log" >&2
  fail "$dir cannot be configured"
  return 1
}

# build BUILD OPTION...
build () {
  configure "$@" || return 1
  meson compile -C "$1" >"$tmp/build.log" 2>&1 || {
    grep -v '^\[[0-9]*/[0-9]*\]' "$tmp/build.log" | tail -n 60 >&2
    fail "$1 does not build"
    return 1
  }
  if grep -q 'warning:' "$tmp/build.log"; then
    grep -A 5 'warning:' "$tmp/build.log" >&2
    fail "$1 builds with warnings"
  fi
}

# Most tests wait most of the time: for clocks, servers and each other.
processes=$(($(nproc) * 2))

# run_tests BUILD ARGUMENT...: arguments of meson test
run_tests () {
  dir=$1
  shift
  rm -f "$dir/meson-logs/testlog.json"
  meson test -C "$dir" --print-errorlogs --num-processes "$processes" \
    --timeout-multiplier "$multiplier" "$@"
  status=$?
  [ -s "$dir/meson-logs/testlog.json" ] || {
    fail "no test was run in $dir"
    return
  }
  before=$failed
  add_up "$dir/meson-logs/testlog.json"
  python3 tests/helper/failed-tests.py "$dir/meson-logs/testlog.json" \
    >>"$tmp/failed"
  [ $status = 0 ] || [ "$failed" != "$before" ] ||
    fail "meson test failed in $dir"
}

not_slow="--no-suite slow"
not_heavy="--no-suite heavy"
[ $slow = no ] || not_slow='' not_heavy=''

# The time that a test may take is there to end one that hangs. A busy machine is
# no reason to fail, and who passes takes no longer for it.
# patience N: N times as much
patience () {
  export CK_TIMEOUT_MULTIPLIER="$1"
  multiplier=$1
}

patience 3
say "All tests (gcc, warnings are errors, test hooks)"
# shellcheck disable=SC2086 # no argument, or two
build build-tests -Dwerror=true -Dtest-hooks=true &&
  run_tests build-tests $not_slow

say "The plugin as users build it"
build build-plain -Dwerror=true && run_tests build-plain --suite source

say "clang, warnings are errors"
CC=clang build build-clang -Dwerror=true -Dtest-hooks=true

# wrap_launch RUNTIME: a gst-launch-1.0 that may load a plugin built with a
# sanitizer: its runtime has to be there first, and what throws exceptions next.
wrap_launch () {
  mkdir -p "$tmp/bin" || return 1
  cat >"$tmp/bin/gst-launch-1.0" <<EOT
#!/bin/sh
LD_PRELOAD="$(cc -print-file-name="$1") libstdc++.so.6" exec $launch "\$@"
EOT
  chmod +x "$tmp/bin/gst-launch-1.0"
}

# build_sanitized BUILD RUNTIME OPTION...: headers of GStreamer read numbers
# where they stand, which is why alignment is not checked.
build_sanitized () {
  dir=$1
  runtime=$2
  shift 2
  wrap_launch "$runtime" && build "$dir" -Dtest-hooks=true \
    -Dc_args=-fno-sanitize=alignment "$@"
}

launch=$(command -v gst-launch-1.0)
path=$PATH

# GStreamer would scan plugins with a program that has no such runtime.
enter_sanitizer () {
  export PATH="$tmp/bin:$path" GST_REGISTRY_FORK=no
}

leave_sanitizer () {
  export PATH="$path"
  unset GST_REGISTRY_FORK CK_FORK ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS \
    TSAN_OPTIONS
}

# The element's leaks are found by GStreamer's tracer, in a test. Those of the
# unit tests are looked for without forks, because that is slow, and with stacks
# that reach through GLib, but no further, because that is slow too, so that
# tests/lsan.supp can name what it means.
say "AddressSanitizer and UBSan"
enter_sanitizer
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1
patience 5
if build_sanitized build-asan libasan.so -Db_sanitize=address,undefined; then
  # shellcheck disable=SC2086 # no arguments, or four
  run_tests build-asan --suite unit --suite element --suite fuzz $not_slow \
    $not_heavy
  if [ $leaks = yes ]; then
    export CK_FORK=no \
      ASAN_OPTIONS=fast_unwind_on_malloc=0:malloc_context_size=8 \
      LSAN_OPTIONS="suppressions='$repo/tests/lsan.supp':print_suppressions=0"
    run_tests build-asan --suite unit
  fi
fi
leave_sanitizer

if [ $tsan = yes ]; then
  say "ThreadSanitizer"
  enter_sanitizer
  patience 10
  export TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1:atexit_sleep_ms=0
  # shellcheck disable=SC2046 # flags
  if cc -shared -fPIC -o "$tmp/tsan-glib.so" tests/helper/tsan-glib.c \
    $(pkg-config --cflags --libs glib-2.0) -ldl; then
    build_sanitized build-tsan libtsan.so -Db_sanitize=thread &&
      LD_PRELOAD="$tmp/tsan-glib.so" run_tests build-tsan --suite unit \
        --suite element
  else
    fail "tsan-glib.so"
  fi
  leave_sanitizer
fi

if [ $valgrind = yes ]; then
  say "valgrind"
  patience 20
  run_tests build-tests --suite unit --suite element --wrap "valgrind --quiet --error-exitcode=99 \
      --leak-check=full --errors-for-leak-kinds=definite \
      --suppressions='$repo/tests/valgrind.supp'"
fi

# fuzz_target NAME
fuzz_target () {
  mkdir -p "build-fuzz/$1" || return 1
  # shellcheck disable=SC2046 # flags and files, without spaces in their names
  clang -g -O1 -fsanitize=fuzzer,address,undefined -Igst/kling \
    $(find gst/kling -type d -printf '-I%p ') -o "build-fuzz/fuzz-$1" \
    "tests/fuzz/fuzz-$1.c" $(find gst/kling -name '*.c') \
    $(pkg-config --cflags --libs gio-2.0 libsoup-3.0 json-glib-1.0) &&
    "build-fuzz/fuzz-$1" -max_total_time=60 -max_len=65536 \
      -artifact_prefix=build-fuzz/ "build-fuzz/$1" "tests/fuzz/$1"
}

if [ $fuzz = yes ]; then
  say "libFuzzer"
  for target in answer audiofile isobmff record; do
    if fuzz_target $target >"$tmp/fuzz.log" 2>&1; then
      tail -n 3 "$tmp/fuzz.log"
      passed=$((passed + 1))
    else
      tail -n 60 "$tmp/fuzz.log" >&2
      fail "fuzz-$target"
    fi
  done
fi

say "Result"
[ ! -s "$tmp/failed" ] || cat "$tmp/failed"
[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
