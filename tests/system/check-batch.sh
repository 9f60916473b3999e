#!/bin/sh
# Runs examples/batch against a sandbox: what it refuses, what it says at its
# end, what comes of being killed.
#
#   tests/system/check-batch.sh BUILD
#
# The sandbox's ledger says what was paid. A result is always the same clip, so
# that this takes seconds.
set -u

build=$1
batch=$(cd "$(dirname "$0")/../../examples" && pwd)/batch || exit 1
tmp=$(mktemp -d) || exit 1
sandbox=
work=

clean_up () {
  trap - EXIT
  [ -z "$work" ] || kill -9 "$work" 2>/dev/null
  [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null
  wait 2>/dev/null
  rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$tmp" || exit 1

unset KLING_DIALECT KLING_ACCESS_KEY KLING_SECRET_KEY KLING_URI_MAY_PAY
export GST_PLUGIN_PATH="$build/gst/klinglipsync" GST_REGISTRY="$tmp/registry.bin"
export KLING_API_KEY=sandbox KLING_STORE="$tmp/store" KLING_UPLOAD=serve:0
export XDG_CONFIG_HOME="$tmp/config" no_proxy=127.0.0.1,localhost
export LC_ALL=C.UTF-8
# it waits less between two questions, if it was built with the hooks
export KLING_TEST_SPEED=2

fail () {
  echo "check-batch: $*" >&2
  for file in log sandbox.log; do
    [ ! -s $file ] || tail -n 40 $file >&2
  done
  exit 1
}

# run STATUS ARGUMENT...: the batch ends with this exit status
run () {
  wanted=$1
  shift
  timeout 300 "$batch" "$@" >log 2>&1
  status=$?
  [ $status = "$wanted" ] || fail "batch $*: exit status $status, not $wanted"
}

# says WORDS: in what was printed last
says () {
  grep -qF -- "$1" log || fail "it does not say: $1"
}

# --- what it refuses, before anything is started

header=video,text,voice-id,voice-language,output
good=https://example.com/face.mp4,Hello.,oversea_male1,en
touch face.wav

# refuses SENTENCE LINE...: a list of these lines
refuses () {
  sentence=$1
  shift
  printf '%s\n' "$@" >list.csv
  run 3 list.csv
  says "$sentence"
  [ ! -e store ] || fail "something was begun"
  [ -z "$(find . -name '*.mp4')" ] || fail "something was written"
}

run 3
run 3 --jobs 0 list.csv
run 3 nowhere.csv
says "nowhere.csv cannot be read: No such file"
refuses 'there is no column "output"' "video,text" "a,b"
refuses 'there is no column of text, audio, audio-id' "video,output" "a,b"
refuses 'the column "voice_id" is none that is known' "$header,voice_id" "$good,o.mp4,x"
refuses 'the column "api-key" is none that is known' "$header,api-key" "$good,o.mp4,x"
refuses 'there are two columns "text"' "$header,text" "$good,o.mp4,x"
refuses "has no lines" "$header"
refuses "is not CSV" "$header" '"'
refuses "line 3: it has 6 cells and the header has 5" "$header" "$good,o.mp4" "$good,o.mp4,x"
refuses 'line 2: there are two speeches, "text" and "audio"' "$header,audio" "$good,o.mp4,face.wav"
refuses 'line 2: there is no speaker: one of video' "$header" ",Hello.,a,en,o.mp4"
refuses 'line 2: there is no speech: one of text' "$header" "https://example.com/face.mp4,,a,en,o.mp4"
refuses 'line 2: the text needs a "voice-language"' "$header" "https://example.com/face.mp4,Hello.,a,,o.mp4"
refuses 'line 2: "video" is face.mp4, which cannot be read' "$header" "face.mp4,Hello.,a,en,o.mp4"
refuses 'line 2: "video" is ., which is no file' "$header" ".,Hello.,a,en,o.mp4"
refuses 'line 2: "video" is a URL of http://example.com' "$header" "http://example.com/f.mp4,Hello.,a,en,o.mp4"
refuses 'line 2: "voice-speed" is "fast", not a number' "$header,voice-speed" "$good,o.mp4,fast"
refuses 'line 2: "insert-time" is "1.5", not a time' "$header,insert-time" "$good,o.mp4,1.5"
refuses 'line 2: there is no "output"' "$header" "$good,"
refuses 'line 2: there is no directory nowhere' "$header" "$good,nowhere/o.mp4"
refuses 'line 4: its output ././o.mp4 is that of line 2, too' "$header" "$good,o.mp4" "" "$good,././o.mp4"
refuses 'line 2: its output face.wav is read by line 3' "$header,audio" "$good,face.wav," \
  "https://example.com/face.mp4,,,,o.mp4,./face.wav"
# a line is where its record begins; every problem is told
printf '%s\n' "$header" '"https://example.com/a' 'b",Hello.,a,en,' "x,y,,,o.mp4" >list.csv
run 3 list.csv
says 'line 2: there is no "output"'
says 'line 4: "video" is x, which cannot be read'
says 'line 4: the text needs a "voice-id"'
rm face.wav

# --- a sandbox

# Two seconds, as the service asks of a video and of a recording
gst-launch-1.0 -q videotestsrc num-buffers=50 pattern=black ! \
  video/x-raw,width=720,height=720,framerate=25/1 ! \
  x264enc speed-preset=ultrafast ! mp4mux ! filesink location=clip.mp4 \
  >log 2>&1 || fail "no clip"
gst-launch-1.0 -q audiotestsrc num-buffers=96 samplesperbuffer=1000 ! \
  audio/x-raw,rate=48000,channels=1 ! wavenc ! filesink location=speech.wav \
  >log 2>&1 || fail "no recording"

start_sandbox () {
  env -u KLING_STORE "$build/examples/sandbox/kling-sandbox" --port 0 \
    --port-file port --state sandbox --clip clip.mp4 --slots 4 --latency "$1" \
    >sandbox.log 2>&1 &
  sandbox=$!
  tries=600
  while [ ! -s port ] && [ $tries -gt 0 ]; do
    kill -0 $sandbox || fail "the sandbox did not start"
    sleep 0.1
    tries=$((tries - 1))
  done
  url=http://127.0.0.1:$(cat port)
  export KLING_BASE_URL="$url"
}

# Those that a killed batch has left go on by themselves, and end.
wait_for_others () {
  tries=600
  while env -u KLING_STORE grep -lqs "KLING_STORE=$tmp/store" \
    /proc/[0-9]*/environ; do
    [ $tries -gt 0 ] || fail "what a killed batch has left does not end"
    sleep 0.1
    tries=$((tries - 1))
  done
}

stop_sandbox () {
  wait_for_others
  kill $sandbox
  wait $sandbox
  sandbox=
  rm -rf port sandbox store
}

# ask PATH [JSON]: what the sandbox answers, as JSON
ask () {
  /usr/bin/python3 - "$url$1" "${2-}" <<'EOT'
import sys, urllib.request
data = sys.argv[2].encode() or None
print(urllib.request.urlopen(sys.argv[1], data, timeout=60).read().decode())
EOT
}

# paid N: so many tasks were bought
paid () {
  ask /sandbox/ledger >ledger || fail "no ledger"
  grep -q "^{\"paid\":$1," ledger || fail "$(head -c 11 ledger) and not $1 ($2)"
}

# Every output that the list names is whole, and nothing else is there.
is_whole () {
  for file in "$@"; do
    [ "$(dd if="$file" bs=1 skip=4 count=4 2>/dev/null)" = ftyp ] ||
      fail "$file is no MP4"
    [ "$(wc -c <"$file")" -ge "$(wc -c <clip.mp4)" ] || fail "$file is too short"
  done
  [ -z "$(find . -name '.kling-batch.*')" ] || fail "a temporary file was left"
}

# --- all: every kind of line, and every trap of two languages

start_sandbox 0
mkdir "a b" "uploaded"
cp clip.mp4 "a b/it's \"my\" face!.mp4"
cp speech.wav "a b/-a=b ! speech.wav"
cp speech.wav "a b/speech.raw"
/usr/bin/python3 - "$url" <<'EOT' || fail "no list"
import csv, sys
face = sys.argv[1] + "/sandbox/face.mp4"
def line(output, text="", audio="", video=face, take=""):
    voice = ("oversea_male1", "en") if text else ("", "")
    return (video, text, audio, *voice, take, output)
rows = [("video", "text", "audio", "voice-id", "voice-language", "take", "output"),
        line("a b/quotes.mp4", '"She said ""no"", twice."'),
        line("a b/' ! $HOME \\ \".mp4", "it's a ! b, a=b (string)x \\ \\101 'c' \"d\""),
        line("-dash.mp4", "-v --help, that is said!"),
        line("NULL", "NULL"),
        line("新闻.mp4", "Zwei\nZeilen, 你好 😀\tund ein Ende\\"),
        line("take.mp4", "NULL", take="zweite, \"Klappe\""),
        line("recording.mp4", audio="a b/-a=b ! speech.wav"),
        line("decoded.mp4", audio="a b/speech.raw", take="2"),
        line("uploaded/face.mp4", "Hello.", video="a b/it's \"my\" face!.mp4")]
with open("list.csv", "w", encoding="utf-8-sig", newline="") as file:
    csv.writer(file).writerows(rows)
EOT
run 0 list.csv
says "9 of 9 are there"
is_whole "a b/quotes.mp4" "a b/' ! \$HOME \\ \".mp4" ./-dash.mp4 NULL "新闻.mp4" \
  take.mp4 recording.mp4 decoded.mp4 uploaded/face.mp4
paid 9 "one for each line"

# what was said is what stands in the list
ask /sandbox/tasks >tasks
/usr/bin/python3 - <<'EOT' || fail "other words were asked for"
import csv, json
with open("list.csv", encoding="utf-8-sig", newline="") as file:
    wanted = sorted(row["text"] for row in csv.DictReader(file) if row["text"])
tasks = json.load(open("tasks"))
tasks = tasks["tasks"] if isinstance(tasks, dict) else tasks
said = sorted(task["request"]["input"]["text"] for task in tasks
              if "text" in task["request"]["input"])
if said != wanted:
    raise SystemExit(f"{said}\n{wanted}")
EOT

# --- and again: nothing is bought, the outputs are there anew

rm NULL
run 0 --max-tasks 3 --verbose list.csv
[ "$(grep -c 'kept (nothing bought)$' log)" -ge 9 ] || fail "not all were kept"
is_whole NULL
paid 9 "again"

# --- what it would cost: the lines of before nothing, two others something

cp list.csv longer.csv
printf '%s\n' "$url/sandbox/face.mp4,A new one.,,oversea_male1,en,,new.mp4" \
  "$url/sandbox/face.mp4,NULL,,oversea_male1,en,3,new-take.mp4" >>longer.csv
find store -type f -exec cksum {} + | sort >before
run 0 --dry-run longer.csv
says "11 of 11 would be made"
[ "$(grep -c '  planned: ' log)" = 11 ] || fail "a line was not planned"
cp log dry.log
(
  export KLING_DIALECT=official
  run 0 --dry-run longer.csv
) || exit 1
grep -q '^12 .*new.mp4 .*[0-9]\.[0-9][0-9].*planned: ' log ||
  fail "what is official has no price"
[ ! -e new.mp4 ] || fail "a dry run has made a video"
find store -type f -exec cksum {} + | sort | cmp - before ||
  fail "a dry run has changed the store"
paid 9 "and a dry run"

# --- some, and none

printf '%s\n' "$header" "$url/sandbox/face.mp4,This one.,oversea_male1,en,one.mp4" \
  "$url/sandbox/face.mp4,And that one.,oversea_male1,en,two.mp4" >list.csv
ask /sandbox/faults '{"match": {"kind": "create"}, "do": {"code": 1301}}' >/dev/null
run 1 --jobs 1 list.csv
says "1 of 2 are there"
grep -q '^2 .*one.mp4 .*failed: .*1301' log || fail "the line says nothing of 1301"
[ ! -e one.mp4 ] || fail "there is a video that was refused"
is_whole two.mp4
rm two.mp4
printf '%s\n' "$header" "$url/sandbox/face.mp4,A third one.,oversea_male1,en,one.mp4" >list.csv
(
  export KLING_API_KEY=wrong
  run 2 list.csv
) || exit 1
says "0 of 1 are there"
is_whole
[ ! -e one.mp4 ] || fail "there is a video without a key"
stop_sandbox

# --- stopped and killed in the middle

# make_list NAME: of six lines
make_list () {
  { echo "$header"
    for i in 1 2 3 4 5 6; do
      echo "$url/sandbox/face.mp4,$1 number $i.,oversea_male1,en,$1-$i.mp4"
    done
  } >list.csv
}

# begin: the batch, until two of its tasks were paid
begin () {
  # what is waited for lasts, so the batch is in the middle of it
  "$batch" --jobs 3 list.csv >log 2>&1 &
  work=$!
  for _ in $(seq 600); do
    ask /sandbox/ledger >ledger
    case $(cut -d, -f1 ledger) in *:[01]) sleep 0.1 ;; *) return ;; esac
  done
  fail "two tasks in a minute were not paid"
}

for how in TERM KILL; do
  start_sandbox 2
  make_list "Signal$how"
  begin
  kill -$how $work
  { wait $work; } 2>/dev/null
  status=$?
  work=
  if [ $how = TERM ]; then
    case $status in 1 | 2) ;; *) fail "stopped: exit status $status" ;; esac
    says "stopped: run it again to go on"
    says "stopped: not started"
    says "of 6 are there"
    is_whole
  fi
  for file in "Signal$how"-*.mp4; do
    [ ! -e "$file" ] || [ "$(wc -c <"$file")" -ge "$(wc -c <clip.mp4)" ] ||
      fail "$file is there and not whole"
  done
  run 0 --jobs 6 list.csv
  says "6 of 6 are there"
  is_whole "Signal$how"-[1-6].mp4
  paid 6 "after $how"
  stop_sandbox
done
