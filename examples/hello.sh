#!/bin/sh
# Makes a face speak a sentence: see usage() below.
set -u

program=hello.sh
repo=$(cd "$(dirname "$0")/.." && pwd) || exit 1
build=$repo/build
here=$PWD
say="Hello. I am a picture, and now I can speak."
voice=
language=
audio=
install=yes

usage () {
  cat <<EOT
usage: examples/hello.sh [--say SENTENCE] [--voice ID] [--language en|zh]
                         [--audio FILE] [--no-install]

Makes a video in which a face speaks a sentence, and leaves it as hello.mp4 in
the directory you are in. Nothing is sent anywhere and nothing is paid: instead
of the real service it asks the sandbox, a stand-in that runs on this machine
for as long as the script does.

  --say SENTENCE   what is said
  --voice ID       who says it, an id of docs/guide.md
  --language L     the voice's language: en or zh; guessed when not given
  --audio FILE     a recording is spoken instead, of anything that GStreamer
                   decodes, a film too; 2 to 60 seconds
  --no-install     name missing packages instead of installing them
EOT
}

say_error () {
  echo "$program: $*" >&2
}

die () {
  say_error "$*"
  exit 1
}

need_value () {
  [ "$2" -ge 2 ] || die "$1 needs a value; see --help"
}

while [ $# -gt 0 ]; do
  case $1 in
    --say) need_value "$1" $#; say=$2; shift ;;
    --voice) need_value "$1" $#; voice=$2; shift ;;
    --language) need_value "$1" $#; language=$2; shift ;;
    --audio) need_value "$1" $#; audio=$2; shift ;;
    --audio=*) audio=${1#*=} ;;
    --say=*) say=${1#*=} ;;
    --voice=*) voice=${1#*=} ;;
    --language=*) language=${1#*=} ;;
    --no-install) install=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

# ---------------------------------------------------------------------------
# What is said, and by whom

# Chinese characters in UTF-8 begin with one of these bytes.
has_chinese () {
  printf %s "$1" | LC_ALL=C grep -q "$(printf '[\344-\351]')"
}

case $audio in
  '' | /*) ;;
  *) audio=$here/$audio ;;
esac
[ -z "$audio" ] || [ -r "$audio" ] || die "$audio cannot be read"
case $say in
  *[![:space:]]*) ;;
  *) die "there is nothing to say" ;;
esac
if [ -z "$language" ]; then
  if has_chinese "$say"; then language=zh; else language=en; fi
fi
case $language in
  en) voice=${voice:-commercial_lady_en_f-v1} ;;
  zh) voice=${voice:-you_pingjing} ;;
  *) die "the language is en or zh, not \"$language\"" ;;
esac

# ---------------------------------------------------------------------------
# Quoting: once for gst-launch-1.0, which reads its arguments in a language of
# its own, and once for the shell, when the line is shown.

# The value of a property. What is plain needs no quotes; in quotes, gst-launch
# takes \" and \\ for the characters themselves.
launch_quote () {
  case $1 in
    NULL) ;;
    *[!A-Za-z0-9\ ,.?_:/-]*) ;;
    *) printf %s "$1"; return ;;
  esac
  case $1 in
    # it would take these quotes for its own, and this word for no text
    \"*\" | \" | NULL) set -- "$1 " ;;
  esac
  printf '"%s"' "$(printf '%s\n' "$1" | sed 's/[\\"]/\\&/g')"
}

# A word as one would type it
shell_quote () {
  case $1 in
    *[!A-Za-z0-9\ =,.?_:/-]*)
      printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")" ;;
    *=*\ *) printf '%s="%s"' "${1%%=*}" "${1#*=}" ;;
    *\ *) printf '"%s"' "$1" ;;
    *) printf %s "$1" ;;
  esac
}

# show_command WORD...: prints a line that can be copied into a shell
show_command () {
  line=
  for word in "$@"; do
    case $word in
      !) line="$line !" ;;
      *) line="$line${line:+ }$(shell_quote "$word")" ;;
    esac
  done
  printf '  %s\n' "$line"
}

# ---------------------------------------------------------------------------
# Everything that is started or made here goes again, however this ends.

tmp=
part=
sandbox=

stop_sandbox () {
  [ -n "$sandbox" ] || return
  kill "$sandbox" 2>/dev/null
  tries=100
  while [ $tries -gt 0 ] && kill -0 "$sandbox" 2>/dev/null; do
    sleep 0.05
    tries=$((tries - 1))
  done
  kill -9 "$sandbox" 2>/dev/null
  wait "$sandbox" 2>/dev/null
  sandbox=
}

clean_up () {
  trap - EXIT
  stop_sandbox
  [ -z "$part" ] || rm -rf "$part"
  [ -z "$tmp" ] || rm -rf "$tmp"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

tmp=$(mktemp -d) || die "there is no room for temporary files"
# what libraries write for later, in whatever place, goes too
export TMPDIR="$tmp" XDG_CACHE_HOME="$tmp/cache" XDG_CONFIG_HOME="$tmp/config"
part=$(mktemp -d "$here/.hello.XXXXXX" 2>/dev/null) ||
  die "hello.mp4 cannot be written here: $here"

# ---------------------------------------------------------------------------
# What is needed

# Our own plugin is not to get into anybody's registry of plugins.
export GST_REGISTRY="$tmp/registry.bin"

# shellcheck source=packages.sh
. "$repo/examples/packages.sh"
packages_for build run
if [ $install = no ] && [ -n "$packages_missing" ]; then
  die "missing (names of Debian 12):$packages_missing"
fi
packages_install "$program" || exit 1

build_it () {
  [ -f "$build/build.ninja" ] || meson setup "$build" "$repo" || return 1
  meson compile -C "$build" gstklinglipsync \
    ./examples/sandbox/kling-sandbox:executable
}

[ -w "$repo" ] || [ -w "$build" ] || die "it cannot be built in $repo"
echo "Building in $build"
if ! build_it >"$tmp/build.log" 2>&1; then
  tail -n 30 "$tmp/build.log" >&2
  die "the build failed; the lines above say why"
fi

# ---------------------------------------------------------------------------
# The sandbox, on a port that is free

wait_for_port () {
  tries=200
  while [ $tries -gt 0 ]; do
    [ -s "$tmp/port" ] && return 0
    kill -0 "$sandbox" 2>/dev/null || return 1
    sleep 0.1
    tries=$((tries - 1))
  done
  return 1
}

# A proxy is for other machines.
export no_proxy="127.0.0.1,localhost"
"$build/examples/sandbox/kling-sandbox" --port 0 --port-file "$tmp/port" \
  --state "$tmp/state" >"$tmp/sandbox.log" 2>&1 &
sandbox=$!
if ! wait_for_port; then
  cat "$tmp/sandbox.log" >&2
  die "the sandbox did not start"
fi
read -r port <"$tmp/port"
url=http://127.0.0.1:$port

# ---------------------------------------------------------------------------
# The line all this is for. It is run in a directory of its own, so that an
# hello.mp4 of an earlier run stays until the new one is whole.

if [ -n "$audio" ]; then
  # the element serves the recording to the sandbox itself
  set -- gst-launch-1.0 filesrc "location=$(launch_quote "$audio")" ! \
    decodebin ! klinglipsync "video-url=$url/sandbox/face.mp4" \
    upload=serve:0 ! filesink location=hello.mp4
else
  set -- gst-launch-1.0 klinglipsync "video-url=$url/sandbox/face.mp4" \
    "text=$(launch_quote "$say")" "voice-id=$(launch_quote "$voice")" \
    "voice-language=$language" ! filesink location=hello.mp4
fi

cat <<EOT

A sandbox listens at $url. With

  export KLING_BASE_URL=$url
  export KLING_API_KEY=sandbox
  export GST_PLUGIN_PATH=$(shell_quote "$build/gst/klinglipsync")

this line is run:

$(show_command "$@")

EOT

run_it () {
  # what you have set for the real service is not for the sandbox
  unset KLING_UPLOAD KLING_DIALECT KLING_ACCESS_KEY KLING_SECRET_KEY
  export KLING_BASE_URL="$url"
  export KLING_API_KEY=sandbox
  export GST_PLUGIN_PATH="$build/gst/klinglipsync${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
  cd "$part" && exec "$@"
}

(run_it "$@") || die "the line above failed; its errors say why"
[ -s "$part/hello.mp4" ] || die "the line above made no video"
mv -f "$part/hello.mp4" "$here/hello.mp4" || die "cannot write in $here"

# ---------------------------------------------------------------------------
# What came of it

# The length stands in the box mvhd: 16 bytes behind its name the ticks in a
# second, then the ticks.
seconds () {
  at=$(LC_ALL=C grep -abo mvhd "$1" | tail -n 1 | cut -d: -f1)
  [ -n "$at" ] || return
  od -A n -t u1 -j $((at + 16)) -N 8 "$1" |
    awk '{
      ticks = (($5 * 256 + $6) * 256 + $7) * 256 + $8
      printf "%.1f s, ", ticks / ((($1 * 256 + $2) * 256 + $3) * 256 + $4)
    }'
}

# For what is usual in names of directories
percent_encode () {
  printf '%s\n' "$1" | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g'
}

size=$(wc -c <"$here/hello.mp4")
cat <<EOT

$here/hello.mp4: $(seconds "$here/hello.mp4")$((size)) bytes.

Play it with any player, or with

  gst-launch-1.0 playbin uri=$(shell_quote "file://$(percent_encode "$here")/hello.mp4")

Say something else, or let a recording be spoken:

  $(shell_quote "$repo/examples/hello.sh") --say "Good evening."
  $(shell_quote "$repo/examples/hello.sh") --audio speech.wav

With the real service, which costs money (docs/guide.md says how much), a video
of yours that the service can fetch, and your key, which never stands on a
command line:

  export KLING_API_KEY=...
  export GST_PLUGIN_PATH=$(shell_quote "$build/gst/klinglipsync")
  gst-launch-1.0 klinglipsync video-url=https://example.com/face.mp4 \\
      text="Good evening." voice-id=oversea_male1 voice-language=en \\
      ! filesink location=out.mp4
EOT
