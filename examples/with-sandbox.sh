# What examples have in common that run a pipeline against the sandbox. To be
# sourced, with program, repo and install set:
#
#   enter DIRECTORY      makes temporary places, one of them in DIRECTORY, which
#                        is where the result is going to be
#   build_all            installs what is missing, or says what is, and builds
#   start_sandbox        on a port that is free; sets url
#   show_command WORD... prints the line and what it needs
#   run_it WORD...       runs it, in $part
#
# Everything that is started or made goes again, however the example ends.
#
# shellcheck shell=sh

: "${program:?}" "${repo:?}" "${install:?}"
build=$repo/build

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

# Chinese characters in UTF-8 begin with one of these bytes.
has_chinese () {
  printf %s "$1" | LC_ALL=C grep -q "$(printf '[\344-\351]')"
}

has_words () {
  case $1 in
    *[![:space:]]*) ;;
    *) return 1 ;;
  esac
}

# set_build DIRECTORY
set_build () {
  build=$(cd "$1" 2>/dev/null && pwd) || die "there is no directory $1"
}

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

# For what is usual in names of directories
percent_encode () {
  printf '%s\n' "$1" | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g'
}

# print_line WORD...: a line that can be copied into a shell
print_line () {
  line=
  for word in "$@"; do
    case $word in
      !) line="$line !" ;;
      *) line="$line${line:+ }$(shell_quote "$word")" ;;
    esac
  done
  printf '  %s\n' "$line"
}

show_command () {
  cat <<EOT

A sandbox listens at $url. With

  export KLING_BASE_URL=$url
  export KLING_API_KEY=sandbox
  export GST_PLUGIN_PATH=$(shell_quote "$build/gst/klinglipsync")

this line is run:

$(print_line "$@")

EOT
}

# ---------------------------------------------------------------------------
# Coming and going

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

enter () {
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  tmp=$(mktemp -d) || die "there is no room for temporary files"
  # what libraries write for later, in whatever place, goes too
  export TMPDIR="$tmp" XDG_CACHE_HOME="$tmp/cache" XDG_CONFIG_HOME="$tmp/config"
  # our own plugin is not to get into anybody's registry of plugins
  export GST_REGISTRY="$tmp/registry.bin"
  part=$(mktemp -d "$1/.klinglipsync.XXXXXX" 2>/dev/null) ||
    die "nothing can be written here: $1"
}

build_it () {
  [ -f "$build/build.ninja" ] || meson setup "$build" "$repo" || return 1
  meson compile -C "$build" gstklinglipsync \
    ./examples/sandbox/kling-sandbox:executable
}

build_all () {
  # shellcheck source=packages.sh
  . "$repo/examples/packages.sh"
  packages_for build run
  if [ "$install" = no ] && [ -n "$packages_missing" ]; then
    die "missing (names of Debian 12):$packages_missing"
  fi
  packages_install "$program" || exit 1

  [ -w "$repo" ] || [ -w "$build" ] || die "it cannot be built in $repo"
  echo "Building in $build"
  if ! build_it >"$tmp/build.log" 2>&1; then
    tail -n 30 "$tmp/build.log" >&2
    die "the build failed; the lines above say why"
  fi
}

# ---------------------------------------------------------------------------
# The sandbox, and what is run against it

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

start_sandbox () {
  # a proxy is for other machines
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
}

run_it () (
  # what you have set for the real service is not for the sandbox, and what the
  # sandbox makes is not for the store of what you have paid for
  unset KLING_UPLOAD KLING_DIALECT KLING_ACCESS_KEY KLING_SECRET_KEY \
    KLING_URI_MAY_PAY
  export KLING_STORE="$tmp/store"
  export KLING_BASE_URL="$url"
  export KLING_API_KEY=sandbox
  export GST_PLUGIN_PATH="$build/gst/klinglipsync${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
  cd "$part" && exec "$@"
)
