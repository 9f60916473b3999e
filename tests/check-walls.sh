#!/bin/sh
# Proves that the two halves of the project cannot see each other's libraries:
# a file of gst/kling that includes GStreamer does not compile, nor does one of
# gst/klinglipsync that includes libsoup or json-glib.
#
#   tests/check-walls.sh BUILD     BUILD is a configured meson build directory
#
# The flags are the build's own, from compile_commands.json.
set -u

build=${1:?"usage: check-walls.sh BUILD"}
commands=$build/compile_commands.json
[ -r "$commands" ] || {
  echo "check-walls: $build is not a configured build" >&2
  exit 1
}

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT INT TERM
failures=0

# command_for FILE: prints the shell command that compiles FILE.
command_for () {
  sed -n "s|^ *\"command\": \"\\(.*/$1'\\{0,1\\}\\)\",\$|\\1|p" "$commands" |
    sed 's/\\\(["\\]\)/\1/g'
}

# compile HEADER COMMAND...: the same command, but for a file that includes
# HEADER and nothing else, and without writing anything.
compile () {
  printf '#include <%s>\nint wall;\n' "$1" >"$tmp/wall.c"
  shift
  left=$#
  while [ "$left" -gt 0 ]; do
    case $1 in
      -MQ | -MF | -o | -c)
        shift 2
        left=$((left - 2))
        continue
        ;;
      -MD) ;;
      *) set -- "$@" "$1" ;;
    esac
    shift
    left=$((left - 1))
  done
  (cd "$build" && "$@" -fsyntax-only -w "$tmp/wall.c") >"$tmp/log" 2>&1
}

# expect pass|fail FILE HEADER
expect () {
  command=$(command_for "$2")
  [ -n "$command" ] || {
    echo "check-walls: $2 is not compiled in $build" >&2
    failures=$((failures + 1))
    return
  }
  # the command is quoted for a shell
  if eval "compile \"\$3\" $command"; then result=pass; else result=fail; fi
  if [ "$result" = fail ] &&
    ! grep -q 'file not found\|No such file' "$tmp/log"; then
    result="another error"
  fi
  if [ "$result" = "$1" ]; then
    echo "ok: <$3> in $2: $1"
    return
  fi
  echo "check-walls: <$3> in $2: $result, not $1" >&2
  cat "$tmp/log" >&2
  failures=$((failures + 1))
}

expect pass gst/kling/kling-clock.c glib.h
expect pass gst/kling/kling-clock.c libsoup/soup.h
expect pass gst/kling/kling-clock.c json-glib/json-glib.h
expect fail gst/kling/kling-clock.c gst/gst.h

expect pass gst/klinglipsync/gstklinglipsync.c glib.h
expect pass gst/klinglipsync/gstklinglipsync.c gst/gst.h
expect pass gst/klinglipsync/gstklinglipsync.c kling-job.h
expect fail gst/klinglipsync/gstklinglipsync.c libsoup/soup.h
expect fail gst/klinglipsync/gstklinglipsync.c json-glib/json-glib.h

[ $failures = 0 ]
