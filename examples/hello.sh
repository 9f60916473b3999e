#!/bin/sh
# Makes a face speak a sentence: see usage() below.
set -u

program=hello.sh
repo=$(cd "$(dirname "$0")/.." && pwd) || exit 1
here=$PWD
say="Hello. I am a picture, and now I can speak."
voice=
language=
audio=
install=yes

# shellcheck source=with-sandbox.sh
. "$repo/examples/with-sandbox.sh"

usage () {
  cat <<EOT
usage: examples/hello.sh [--say SENTENCE] [--voice ID] [--language en|zh]
                         [--audio FILE] [--no-install] [--build DIR]

Makes a video in which a face speaks a sentence, and leaves it as hello.mp4 in
the directory you are in. Nothing is sent anywhere and nothing is paid: instead
of the real service it asks the sandbox, a stand-in that runs on this machine
for as long as the script does.

  --say SENTENCE   what is said
  --voice ID       who says it, an id of docs/voices.md
  --language L     the voice's language: en or zh; guessed when not given
  --audio FILE     a recording is spoken instead, of anything that GStreamer
                   decodes, a film too; 2 to 60 seconds
  --no-install     name missing packages instead of installing them
  --build DIR      a build directory that is there is used, not ./build of the
                   source
EOT
}

while [ $# -gt 0 ]; do
  case $1 in
    --say) need_value "$1" $#; say=$2; shift ;;
    --voice) need_value "$1" $#; voice=$2; shift ;;
    --language) need_value "$1" $#; language=$2; shift ;;
    --audio) need_value "$1" $#; audio=$2; shift ;;
    --audio=*) audio=${1#*=} ;;
    --build) need_value "$1" $#; set_build "$2"; shift ;;
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

case $audio in
  '' | /*) ;;
  *) audio=$here/$audio ;;
esac
[ -z "$audio" ] || [ -r "$audio" ] || die "$audio cannot be read"
has_words "$say" || die "there is nothing to say"
if [ -z "$language" ]; then
  if has_chinese "$say"; then language=zh; else language=en; fi
fi
case $language in
  en) voice=${voice:-commercial_lady_en_f-v1} ;;
  zh) voice=${voice:-you_pingjing} ;;
  *) die "the language is en or zh, not \"$language\"" ;;
esac

enter "$here"
build_all
start_sandbox

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

show_command "$@"
run_it "$@" || die "the line above failed; its errors say why"
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
