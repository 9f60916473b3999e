#!/bin/sh
# Runs the examples as a newcomer does, and looks at what they leave.
#
#   tests/system/check-examples.sh BUILD
#
# Measures with the system's python3 that a sample can be heard, and that two
# voices are not one.
set -u

build=$1
examples=$(cd "$(dirname "$0")/../../examples" && pwd) || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT INT TERM
cd "$tmp" || exit 1
# the examples leave nothing in the store of who runs them
unset KLING_STORE
export XDG_STATE_HOME="$tmp/state-of-the-user"

fail () {
  echo "check-examples: $*" >&2
  [ ! -s log ] || tail -n 30 log >&2
  exit 1
}

# run EXAMPLE ARGUMENT...
run () {
  example=$1
  shift
  "$examples/$example" --no-install --build "$build" "$@" >log 2>&1
}

# --- voices.sh: the list

env -i PATH="$PATH" "$examples/voices.sh" >list || fail "it does not list"
[ "$(wc -l <list)" = 46 ] || fail "not 46 voices"
grep -q '^chengshu_jiejie  *en, zh  *Grace, 优雅贵妇$' list ||
  fail "no line for chengshu_jiejie"
grep -q '^diyinnansang_DB_CN_M_04-v2  *zh  *新闻播报男$' list ||
  fail "no line for diyinnansang_DB_CN_M_04-v2"

# --- voices.sh: what it refuses, before it builds anything

# refuses WORDS ARGUMENT...
refuses () {
  words=$1
  shift
  run voices.sh "$@" && fail "voices.sh $* was accepted"
  grep -q "$words" log || fail "voices.sh $* does not say: $words"
  ! grep -q Building log || fail "voices.sh $* was built for"
}

refuses '"calm_story1"' calm_story
refuses '"oversea_male1"' Anchor
refuses '"you_pingjing"' yuo_pinjing
refuses '"reader_en_m-v1"' reader
refuses 'oversea_male1 speaks en, and the text is zh' oversea_male1 "你好。"
refuses 'zhuxi_speech02 speaks zh, and the text is en' zhuxi_speech02 "Hello."
refuses 'nothing to say' oversea_male1 " "
refuses 'needs a value' oversea_male1 --output
refuses 'nothing can be written' oversea_male1 --output nowhere/a.wav
run voices.sh qqqqqqqqqqqqqqqqqqqqqqqqqqqq && fail "a voice of q was accepted"
! grep -q Like log || fail "something is like a row of q"

# --- voices.sh: what it makes

run voices.sh PeppaPig_platform --output "a b.wav" || fail "no sample"
# without a sound server and a sound card
(
  export PULSE_SERVER=unix:/nowhere ALSA_CONFIG_PATH=/dev/null
  run voices.sh ai_laoguowang_712
) || fail "no sample"
grep -q 'nothing here to play it on' log || fail "it was played"
run voices.sh ai_laoguowang_712 "你好。我说中文，你听见了吗？" --output "$tmp/c.wav" ||
  fail "no Chinese sample"

# Seconds, loudness (16 bits) and the pitch in Hz of a WAV file: a voice is
# periodic, so its samples are most like themselves one period later.
measure () {
  /usr/bin/python3 - "$1" <<'EOT'
import array, sys, wave
with wave.open(sys.argv[1]) as file:
    assert file.getsampwidth() == 2, "not 16 bits"
    rate, step = file.getframerate(), file.getnchannels()
    samples = array.array("h", file.readframes(file.getnframes()))[::step]
loudness = int((sum(s * s for s in samples) / len(samples)) ** 0.5)
size = rate // 20
frames = [samples[i:i + size] for i in range(0, len(samples) - size, size)]
frames.sort(key=lambda frame: -sum(s * s for s in frame))
def pitch(frame):
    lags = range(rate // 500, rate // 60)
    return rate / max(lags, key=lambda lag: sum(
        a * b for a, b in zip(frame, frame[lag:])) / (size - lag))
pitches = sorted(pitch(frame) for frame in frames[:9])
print(f"{len(samples) / rate:.1f} {loudness} {int(pitches[4])}")
EOT
}

# check_sound FILE: sets hertz
check_sound () {
  measure "$1" >measured || fail "$1 cannot be measured"
  read -r seconds loudness hertz <measured
  echo "$1: $seconds s, loudness $loudness, $hertz Hz"
  [ "${seconds%.*}" -ge 1 ] || fail "$1 is too short"
  [ "$loudness" -ge 300 ] || fail "$1 is silent"
}

check_sound "a b.wav"
high=$hertz
check_sound ai_laoguowang_712.wav
low=$hertz
check_sound c.wav
[ "$high" -ge $((low * 3 / 2)) ] || fail "two voices sound alike"

# --- hello.sh

run hello.sh --say "Good evening." || fail "no video"
grep -q 'text="Good evening."' log || fail "the line was not shown"
[ "$(dd if=hello.mp4 bs=1 skip=4 count=4 2>/dev/null)" = ftyp ] ||
  fail "hello.mp4 is no MP4"
run hello.sh --audio c.wav || fail "no video of a recording"

# --- choose-face

"$build/examples/sandbox/kling-sandbox" --port 0 --port-file port --latency 0.5 \
  --state sandbox >sandbox.log 2>&1 &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null; rm -rf "$tmp"' EXIT INT TERM
for _ in $(seq 600); do [ -e port ] || sleep 0.1; done
service=http://127.0.0.1:$(cat port)

# choose ANSWER DIALECT OUTPUT
choose () {
  echo "$1" | env GST_PLUGIN_PATH="$build/gst/klinglipsync" \
    GST_REGISTRY="$tmp/registry.bin" KLING_BASE_URL="$service" KLING_STORE= \
    KLING_API_KEY=sandbox KLING_DIALECT="$2" timeout 120 \
    "$build/examples/choose-face" "$service/sandbox/faces.mp4" \
    "Thank you all for coming here tonight." you_pingjing en "$3" >log 2>&1
}

choose 0 official face.mp4 || fail "no video of the chosen face"
grep -q 'Who speaks?' log || fail "nobody was asked"
grep -q '^  2  seen from 9.0 s to 10.5 s  http' log || fail "no third face"
grep -q 'Face 0 speaks' log || fail "face 0 was not taken"
[ "$(dd if=face.mp4 bs=1 skip=4 count=4 2>/dev/null)" = ftyp ] ||
  fail "face.mp4 is no MP4"
choose 7 relay none.mp4 && fail "a face was chosen that is not there"
grep -q '7, which is none of the faces' log || fail "it is not said which faces are there"
choose 0 gateway any.mp4 || fail "no video where nothing can be chosen"
! grep -q 'Who speaks?' log || fail "somebody was asked for nothing"
kill "$sandbox"
rm -rf port sandbox sandbox.log registry.bin face.mp4 none.mp4 any.mp4

# --- nothing else is left

left=$(find . -mindepth 1 | LC_ALL=C sort | tr '\n' ' ')
[ "$left" = "./a b.wav ./ai_laoguowang_712.wav ./c.wav ./hello.mp4 ./list ./log \
./measured " ] ||
  fail "this was left: $left"
