#!/bin/sh
# Checks what a built plugin shows to the world.
#
#   tests/check-plugin.sh PLUGIN hooks|plain
#
# It exports its two entry points and nothing else, and the strings of the test
# hooks are in it exactly when it was built with -Dtest-hooks=true.
set -u

plugin=${1:?"usage: check-plugin.sh PLUGIN hooks|plain"}
kind=${2:?"usage: check-plugin.sh PLUGIN hooks|plain"}
status=0

fail () {
  echo "check-plugin: $*" >&2
  status=1
}

exports=$(nm -D --defined-only "$plugin" | awk '$2 == "T" { print $3 }' | sort |
  tr '\n' ' ')
[ "$exports" = "gst_plugin_klinglipsync_get_desc gst_plugin_klinglipsync_register " ] ||
  fail "exported functions: $exports"

for name in KLING_TEST_SPEED KLING_TEST_KILL; do
  if grep -aq "$name" "$plugin"; then found=hooks; else found=plain; fi
  [ "$found" = "$kind" ] ||
    fail "$name: built with $kind, but the binary looks like $found"
done

exit $status
