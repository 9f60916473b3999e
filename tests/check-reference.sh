#!/bin/sh
# Checks that what is written down about the element is what was built:
#
#   the generated parts of docs/reference.md and docs/voices.md
#   tests/element/gst-inspect.txt, the golden output of gst-inspect-1.0
#
#   tests/check-reference.sh GENERATOR            compares
#   tests/check-reference.sh --update GENERATOR   rewrites them
#
# Needs GST_PLUGIN_PATH, as `meson test` and `meson devenv` set it.
set -eu

update=no
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
generator=$1
top=$(cd "$(dirname "$0")/.." && pwd)
golden=$top/tests/element/gst-inspect.txt

export KLING_STORE=
unset KLING_BASE_URL KLING_DIALECT KLING_API_KEY KLING_ACCESS_KEY KLING_SECRET_KEY
LC_ALL=C
export LC_ALL

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

# a registry that was read back lists the pads in another order than a new one
GST_REGISTRY=$tmp/registry.bin
export GST_REGISTRY

# make_page PAGE [ARGUMENT]: $tmp/PAGE is docs/PAGE with what the generator says
# now
make_page () {
  page=$1
  shift
  grep -q '<!-- generated: begin -->' "$top/docs/$page" || {
    echo "check-reference: docs/$page has lost its markers" >&2
    exit 1
  }
  "$generator" "$@" >"$tmp/generated"
  awk -v generated="$tmp/generated" '
    /<!-- generated: end -->/ { skip = 0 }
    !skip { print }
    /<!-- generated: begin -->/ {
      skip = 1
      while ((getline line < generated) > 0) print line
    }' "$top/docs/$page" >"$tmp/$page"
}

make_page reference.md
make_page voices.md voices

# the file name is this machine's
gst-inspect-1.0 --no-colors klinglipsync | grep -v '^  Filename ' >"$tmp/inspect"

if [ "$update" = yes ]; then
  cat "$tmp/reference.md" >"$top/docs/reference.md"
  cat "$tmp/voices.md" >"$top/docs/voices.md"
  cat "$tmp/inspect" >"$golden"
  exit 0
fi

status=0
diff -u "$top/docs/reference.md" "$tmp/reference.md" || status=1
diff -u "$top/docs/voices.md" "$tmp/voices.md" || status=1
diff -u "$golden" "$tmp/inspect" || status=1
[ $status = 0 ] || echo "check-reference: the pages are not what was built; if" \
  "that is meant, run this with --update" >&2
exit $status
