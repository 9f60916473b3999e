#!/bin/sh
# Runs a real S3-speaking server that checks signatures: see usage() below.
set -u

program=swift-s3.sh
port=8090

usage () {
  cat <<EOT
usage: tests/swift-s3.sh [--port N]

OpenStack Swift with its S3 interface, in one process on the loopback interface,
for a look at uploads to s3:// that takes nothing of ours on trust. It checks
each request's Signature V4, in the Authorization header and in presigned URLs.
It is not a part of tests/run.sh.

Debian's package python3-swift and what it needs are fetched and unpacked into
a temporary directory; nothing is installed. Objects are kept in memory. Prints
the environment and the address for the element's property "upload", and runs
until it is interrupted (Ctrl-C).

  --port N      listen on this port (default $port)
EOT
}

die () {
  echo "$program: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --port) port=${2:?"--port needs a number"}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

tmp=$(mktemp -d) || die "there is no room for temporary files"
child=

clean_up () {
  trap - EXIT INT TERM HUP
  [ -z "$child" ] || kill "$child" 2>/dev/null
  rm -rf "$tmp"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

command -v apt-get >/dev/null 2>&1 || die "this takes Debian's apt-get"

# fetch: what is installed already is not fetched, and is used where it is.
fetch () {
  mkdir -p "$tmp/debs/partial" "$tmp/root" || return 1
  apt-get -y -qq -o Dir::Cache::archives="$tmp/debs/" \
    -o Debug::NoLocking=1 --download-only --no-install-recommends \
    install python3-swift || return 1
  for deb in "$tmp"/debs/*.deb; do
    [ ! -e "$deb" ] || dpkg -x "$deb" "$tmp/root" || return 1
  done
}

fetch >"$tmp/fetch.log" 2>&1 || {
  tail -n 15 "$tmp/fetch.log" >&2
  die "python3-swift cannot be fetched; try apt-get update first"
}

cat >"$tmp/swift.conf" <<'EOT'
[swift-hash]
swift_hash_path_suffix = sandbox

[storage-policy:0]
name = one
default = yes
EOT

cat >"$tmp/proxy.conf" <<'EOT'
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth proxy-server

[app:proxy-server]
use = call:klingswift:proxy
account_autocreate = true

[filter:catch_errors]
use = call:swift.common.middleware.catch_errors:filter_factory

[filter:gatekeeper]
use = call:swift.common.middleware.gatekeeper:filter_factory

[filter:cache]
use = call:klingswift:cache

[filter:listing_formats]
use = call:swift.common.middleware.listing_formats:filter_factory

[filter:s3api]
use = call:swift.common.middleware.s3api.s3api:filter_factory
allow_multipart_uploads = false
location = us-east-1

[filter:tempauth]
use = call:swift.common.middleware.tempauth:filter_factory
user_test_tester = testing .admin
EOT

# Accounts, containers and objects are servers behind the proxy; each is found
# through a ring, which here has one place only.
cat >"$tmp/klingswift.py" <<'EOT'
import array
import eventlet
eventlet.patcher.monkey_patch(os=False)

import logging
import os
import sys

from eventlet import wsgi
from swift.common import utils
tmp, port = sys.argv[1], int(sys.argv[2])
utils.set_swift_dir(tmp)
utils.validate_hash_conf()
from swift.account.server import AccountController
from swift.common.ring import RingData
from swift.common.storage_policy import reload_storage_policies
from swift.common.swob import Request
from swift.container.server import ContainerController
from swift.obj.mem_server import ObjectController
from swift.proxy.server import Application

silent = logging.getLogger("silent")
silent.addHandler(logging.NullHandler())
silent.propagate = False


class Memory:
    """As much of memcached as is needed."""

    def __init__(self):
        self.values = {}

    def get(self, key, raise_on_error=False):
        return self.values.get(key)

    def set(self, key, value, **kwargs):
        self.values[key] = value

    def delete(self, key, server_key=None):
        self.values.pop(key, None)

    def incr(self, key, delta=1, time=0):
        self.values[key] = int(self.values.get(key, 0)) + delta
        return self.values[key]


def cache(global_conf, **local_conf):
    memory = Memory()

    def wrap(app):
        def call(env, start_response):
            env["swift.cache"] = memory
            return app(env, start_response)
        return call
    return wrap


def proxy(global_conf, **local_conf):
    conf = dict(global_conf, **local_conf, swift_dir=tmp)
    app = Application(conf)
    app.check_config()
    return app


def start(kind, controller):
    devices = os.path.join(tmp, "devices")
    os.makedirs(os.path.join(devices, "disk"), exist_ok=True)
    conf = {"devices": devices, "swift_dir": tmp, "mount_check": "false",
            "allowed_sync_hosts": "127.0.0.1"}
    sock = eventlet.listen(("127.0.0.1", 0))
    place = {"id": 0, "zone": 0, "region": 1, "device": "disk",
             "ip": "127.0.0.1", "port": sock.getsockname()[1]}
    RingData([array.array("H", [0, 0])], [place], 31).save(
        os.path.join(tmp, kind + ".ring.gz"))
    eventlet.spawn(wsgi.server, sock, controller(conf), silent)


def make_bucket(app):
    request = Request.blank("/v1/AUTH_test/klinglipsync", environ={
        "REQUEST_METHOD": "PUT", "swift.authorize_override": True,
        "swift.authorize": lambda request: None})
    answer = request.get_response(app)
    if not answer.is_success:
        sys.exit("the bucket: " + answer.status)


def main():
    from paste.deploy import loadapp
    reload_storage_policies()
    start("account", AccountController)
    start("container", ContainerController)
    start("object", ObjectController)
    app = loadapp("config:" + os.path.join(tmp, "proxy.conf"))
    make_bucket(app)
    wsgi.server(eventlet.listen(("127.0.0.1", port)), app, silent)


if __name__ == "__main__":
    sys.modules["klingswift"] = sys.modules["__main__"]
    main()
EOT

library=$(dirname "$(find "$tmp/root" -name 'liberasurecode.so*' | head -n 1)")
PYTHONPATH="$tmp/root/usr/lib/python3/dist-packages" \
  LD_LIBRARY_PATH="$library" \
  /usr/bin/python3 "$tmp/klingswift.py" "$tmp" "$port" >"$tmp/log" 2>&1 &
child=$!

tries=0
until curl -s -o /dev/null "http://127.0.0.1:$port/"; do
  if [ $tries = 60 ] || ! kill -0 "$child" 2>/dev/null; then
    tail -n 30 "$tmp/log" >&2
    die "Swift does not start"
  fi
  tries=$((tries + 1))
  sleep 0.5
done

cat <<EOT
Swift listens. To upload to it:

export AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
upload='s3://klinglipsync?endpoint=http://127.0.0.1:$port&region=us-east-1'
EOT
wait "$child"
