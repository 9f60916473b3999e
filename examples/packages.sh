# Installs what is missing, for hello.sh and tests/run.sh. To be sourced:
#
#   packages_for build run tests     what is needed for what
#   packages_install PROGRAM         installs what is missing, or says what is
#
# What is there is found out by asking for it (a program, a library, an
# element), so that things that were not installed as Debian packages count too.
# The names are those of Debian 12.
#
# shellcheck shell=sh

packages_missing=

packages_add () {
  case " $packages_missing " in
    *" $1 "*) ;;
    *) packages_missing="$packages_missing $1" ;;
  esac
}

packages_say () {
  echo "$packages_program: $*" >&2
}

# need_program PROGRAM PACKAGE
need_program () {
  command -v "$1" >/dev/null 2>&1 || packages_add "$2"
}

# need_library PC-FILE VERSION PACKAGE
need_library () {
  pkg-config --atleast-version="$2" "$1" 2>/dev/null || packages_add "$3"
}

# need_element ELEMENT PACKAGE
need_element () {
  gst-inspect-1.0 --exists "$1" >/dev/null 2>&1 || packages_add "$2"
}

# need_module MODULE PACKAGE: of the system's own Python
need_module () {
  /usr/bin/python3 -c "import $1" >/dev/null 2>&1 || packages_add "$2"
}

# need_compile FLAG PACKAGE [COMPILER]: a program compiles and links with FLAG
need_compile () {
  echo 'int main (void) { return 0; }' |
    "${3:-cc}" -x c -o /dev/null "$1" - >/dev/null 2>&1 || packages_add "$2"
}

need_to_build () {
  need_program cc gcc
  need_compile -g libc6-dev
  need_program pkg-config pkg-config
  need_program meson meson
  need_program ninja ninja-build
  need_library gstreamer-1.0 1.22 libgstreamer1.0-dev
  need_library gstreamer-check-1.0 1.22 libgstreamer1.0-dev
  need_library gstreamer-pbutils-1.0 1.22 libgstreamer-plugins-base1.0-dev
  need_library libsoup-3.0 3.2 libsoup-3.0-dev
  need_library json-glib-1.0 1.6 libjson-glib-dev
}

# TLS is a module that GIO loads; libsoup says that it has to be there.
need_tls () {
  for module in "$(pkg-config --variable=giomoduledir gio-2.0 2>/dev/null)" \
    /usr/lib/*/gio/modules; do
    for file in "$module"/libgiognutls.so "$module"/libgioopenssl.so; do
      [ -e "$file" ] && return
    done
  done
  packages_add glib-networking
}

need_to_run () {
  need_program gst-launch-1.0 gstreamer1.0-tools
  need_element decodebin gstreamer1.0-plugins-base
  need_element mp4mux gstreamer1.0-plugins-good
  need_element x264enc gstreamer1.0-plugins-ugly
  need_element avenc_aac gstreamer1.0-libav
  need_program espeak-ng espeak-ng
  need_tls
}

need_to_test () {
  need_program gst-discoverer-1.0 gstreamer1.0-plugins-base-apps
  need_program ges-launch-1.0 ges1.0-tools
  need_program indent indent
  need_program clang clang
  need_program shellcheck shellcheck
  need_compile -fsanitize=address,undefined gcc
  # where it is, not everybody looks for programs
  [ -x /usr/sbin/nginx ] || need_program nginx nginx
  need_module boto3 python3-boto3
}

# packages_for WHAT...
packages_for () {
  packages_missing=
  for what in "$@"; do "need_to_$what"; done
}

# Without the right to install, the names are all that can be given.
packages_refuse () {
  packages_say "$1 Missing (names of Debian 12):$packages_missing"
  return 1
}

packages_apt () {
  DEBIAN_FRONTEND=noninteractive $packages_root apt-get \
    -o DPkg::Lock::Timeout=120 "$@" >"$packages_log" 2>&1
}

# The lists of what there is may be missing or old: fetched only if that shows.
packages_get () {
  # shellcheck disable=SC2086 # a list of names
  packages_apt install -y --no-install-recommends $packages_missing ||
    { packages_apt update &&
      packages_apt install -y --no-install-recommends $packages_missing; }
}

# packages_install PROGRAM: PROGRAM is who asks. Returns 1 when something is
# still missing.
packages_install () {
  packages_program=$1
  [ -n "$packages_missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    packages_refuse "this is not Debian, so please install what is missing." ||
    return 1
  packages_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || packages_refuse \
      "neither root nor sudo, so please install what is missing." || return 1
    packages_root="sudo env DEBIAN_FRONTEND=noninteractive"
  fi
  packages_say "installing from Debian's packages${packages_root:+ with sudo}:$packages_missing"
  packages_log=$(mktemp) || return 1
  if packages_get; then
    rm -f "$packages_log"
    return 0
  fi
  tail -n 15 "$packages_log" >&2
  rm -f "$packages_log"
  packages_refuse "the installation failed."
}
