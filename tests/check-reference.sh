#!/bin/sh
# Checks that what is written down about the element is what was built:
#
#   the generated part of docs/reference.md
#   tests/element/gst-inspect.txt, the golden output of gst-inspect-1.0
#
#   tests/check-reference.sh GENERATOR            compares
#   tests/check-reference.sh --update GENERATOR   rewrites them
#
# Needs GST_PLUGIN_PATH and GST_REGISTRY, as `meson test` and `meson devenv` set.
set -eu

update=no
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
generator=$1
top=$(cd "$(dirname "$0")/.." && pwd)
page=$top/docs/reference.md
golden=$top/tests/element/gst-inspect.txt

unset KLING_BASE_URL KLING_API_KEY KLING_ACCESS_KEY KLING_SECRET_KEY
LC_ALL=C
export LC_ALL

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

"$generator" >"$tmp/generated"
awk -v generated="$tmp/generated" '
  /<!-- generated: end -->/ { skip = 0 }
  !skip { print }
  /<!-- generated: begin -->/ {
    skip = 1
    while ((getline line < generated) > 0) print line
  }' "$page" >"$tmp/page"
grep -q '<!-- generated: begin -->' "$page" || {
  echo "check-reference: docs/reference.md has lost its markers" >&2
  exit 1
}

# the file name is this machine's
gst-inspect-1.0 --no-colors klinglipsync | grep -v '^  Filename ' >"$tmp/inspect"

if [ "$update" = yes ]; then
  cat "$tmp/page" >"$page"
  cat "$tmp/inspect" >"$golden"
  exit 0
fi

status=0
diff -u "$page" "$tmp/page" || status=1
diff -u "$golden" "$tmp/inspect" || status=1
[ $status = 0 ] || echo "check-reference: the interface has moved; if that is" \
  "meant, run this with --update" >&2
exit $status
