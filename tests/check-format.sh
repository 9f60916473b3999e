#!/bin/sh
# Checks that every C file of the project is written in GStreamer's format.
#
#   tests/check-format.sh          says which files differ, exits 1 if any does
#   tests/check-format.sh --fix    rewrites them in place
#
# The flags are those of GStreamer 1.22's own gst-indent; like it, GNU indent
# runs twice, because its first pass is not stable. Headers are free-form.
set -u

cd "$(dirname "$0")/.." || exit 1

command -v indent >/dev/null 2>&1 || {
  echo "check-format: GNU indent is missing (Debian package: indent)" >&2
  exit 1
}

gst_indent () {
  indent --braces-on-if-line --case-brace-indentation0 --case-indentation2 \
    --braces-after-struct-decl-line --line-length80 --no-tabs --cuddle-else \
    --dont-line-up-parentheses --continuation-indentation4 \
    --honour-newlines --tab-size8 --indent-level2 --leave-preprocessor-space \
    -st "$1"
}

fix=no
[ "${1-}" = --fix ] && fix=yes

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT INT TERM

status=0
for file in $(find gst examples tests -name '*.c' | sort); do
  if ! gst_indent "$file" >"$tmp/once.c" 2>/dev/null ||
    ! gst_indent "$tmp/once.c" >"$tmp/twice.c" 2>/dev/null; then
    echo "check-format: indent could not read $file" >&2
    status=1
    continue
  fi
  cmp -s "$file" "$tmp/twice.c" && continue
  if [ "$fix" = yes ]; then
    cat "$tmp/twice.c" >"$file"
  else
    diff -u "$file" "$tmp/twice.c" | head -20
    echo "check-format: $file is not in GStreamer's format" >&2
    status=1
  fi
done

[ $status = 0 ] || echo "check-format: run tests/check-format.sh --fix" >&2
exit $status
