#!/bin/sh
# Lists the voices, or lets one be heard: see usage() below.
set -u

program=voices.sh
repo=$(cd "$(dirname "$0")/.." && pwd) || exit 1
here=$PWD
voice=
say=
output=
install=yes

# shellcheck source=with-sandbox.sh
. "$repo/examples/with-sandbox.sh"

usage () {
  cat <<EOT
usage: examples/voices.sh
       examples/voices.sh VOICE [TEXT] [--output FILE] [--no-install]
                          [--build DIR]

Without a voice: lists the voices that the service is known to have. With one:
plays what it says, or leaves it as VOICE.wav in the directory you are in when
there is nothing to play it on. Nothing is sent anywhere and nothing is paid:
the sandbox speaks, a stand-in that runs on this machine for as long as the
script does, with voices of its own. docs/voices.md says more.

  --output FILE    leaves it as FILE, a WAV file, and plays nothing
  --no-install     name missing packages instead of installing them
  --build DIR      a build directory that is there is used, not ./build of the
                   source
EOT
}

take_word () {
  if [ -z "$voice" ]; then
    voice=$1
  elif [ -z "$say" ]; then
    has_words "$1" || die "there is nothing to say"
    say=$1
  else
    die "a voice and a text is all there is to say; see --help"
  fi
}

while [ $# -gt 0 ]; do
  case $1 in
    --output) need_value "$1" $#; output=$2; shift ;;
    --output=*) output=${1#*=} ;;
    --build) need_value "$1" $#; set_build "$2"; shift ;;
    --no-install) install=no ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) take_word "$1" ;;
  esac
  shift
done

# ---------------------------------------------------------------------------
# The voices: those of the table in docs/voices.md, which a test holds against
# what was built

# A voice per line: id, languages, English name, Chinese name, with tabs between
voices () {
  awk -F ' *[|] *' '
    /<!-- generated: end -->/ { on = 0 }
    on && $3 ~ /^`(en|zh)`/ {
      gsub ("`", "")
      print $2 "\t" $3 "\t" $4 "\t" $5
    }
    /<!-- generated: begin -->/ { on = 1 }' "$repo/docs/voices.md"
}

list_voices () {
  voices | awk -F '\t' '{
    names = $3 == "-" ? $4 : $4 == "-" ? $3 : $3 ", " $4
    printf "%-28s %-7s %s\n", $1, $2, names
  }'
}

# The languages of voice $1; nothing when it is not known
languages_of () {
  voices | awk -F '\t' -v id="$1" '$1 == id { print $2 }'
}

# Up to three voices whose id or name is like $1, the likest first: what is a
# part of it, or what takes few letters to change. They count from 0 to 1.
near_voices () {
  voices | LC_ALL=C awk -F '\t' -v wanted="$1" '
    function least (a, b) { return a < b ? a : b }
    function distance (a, b,    i, j, n, m, row, last, old) {
      n = length (a); m = length (b)
      for (j = 0; j <= m; j++) row[j] = j
      for (i = 1; i <= n; i++) {
        last = row[0]; row[0] = i
        for (j = 1; j <= m; j++) {
          old = row[j]
          row[j] = least (least (row[j], row[j - 1]) + 1,
              last + (substr (a, i, 1) != substr (b, j, 1)))
          last = old
        }
      }
      return row[m] / (n > m ? n : m)
    }
    function unlike (a, b) {
      a = tolower (a); b = tolower (b)
      if (b == "-") return 1
      if (a == b) return 0
      if (index (b, a) || index (a, b)) return 0.2
      return distance (a, b)
    }
    {
      how = least (least (unlike (wanted, $1), unlike (wanted, $3)),
          unlike (wanted, $4))
      if (how <= 0.5) printf "%.3f\t%s\n", how, $1
    }' | sort -n -s -k 1,1 | head -n 3 | cut -f 2
}

refuse_voice () {
  near=$(near_voices "$1" | sed 's/.*/"&"/' | paste -s -d, - | sed 's/,/, /g')
  say_error "no voice is known as \"$1\"."
  [ -z "$near" ] || say_error "Like it: $near."
  die "examples/voices.sh without a word lists all of them."
}

if [ -z "$voice" ]; then
  list_voices
  exit 0
fi

# ---------------------------------------------------------------------------
# What is said

languages=$(languages_of "$voice")
[ -n "$languages" ] || refuse_voice "$voice"
case $say in
  '') language=${languages%%,*} ;;
  *) if has_chinese "$say"; then language=zh; else language=en; fi ;;
esac
case $languages in
  *$language*) ;;
  *) die "$voice speaks $languages, and the text is $language" ;;
esac
if [ -z "$say" ]; then
  case $language in
    en) say="Hello. This is how I sound when I read your words." ;;
    zh) say="你好。我这样读你写的话，你觉得怎么样？" ;;
  esac
fi

case $output in
  '') target=$here/$voice.wav ;;
  /*) target=$output ;;
  *) target=$here/$output ;;
esac
enter "$(dirname "$target")"
build_all
start_sandbox

# ---------------------------------------------------------------------------
# The line all this is for: only the sound of the video is kept

set -- gst-launch-1.0 klinglipsync "video-url=$url/sandbox/face.mp4" \
  "text=$(launch_quote "$say")" "voice-id=$(launch_quote "$voice")" \
  "voice-language=$language" ! qtdemux ! audio/mpeg ! decodebin ! audioconvert ! \
  audio/x-raw,format=S16LE ! wavenc ! filesink location=voice.wav

show_command "$@"
run_it "$@" || die "the line above failed; its errors say why"
[ -s "$part/voice.wav" ] || die "the line above made no sound"

# ---------------------------------------------------------------------------
# It is played on what there is: a sound server, or a sound card.

play () {
  for sink in pulsesink alsasink; do
    gst-launch-1.0 -q filesrc "location=$(launch_quote "$1")" ! wavparse ! \
      audioconvert ! audioresample ! $sink >"$tmp/play.log" 2>&1 && return
  done
  return 1
}

if [ -z "$output" ]; then
  echo
  echo "Playing: $say"
  play "$part/voice.wav" && exit 0
  echo "There is nothing here to play it on."
fi
mv -f "$part/voice.wav" "$target" || die "$target cannot be written"
echo "$target: what $voice says."
