#!/usr/bin/python3
"""Computes what test-digest.c expects, from the layout in docs/architecture.md
("What a request is") and from nothing else.

    digest-from-layout.py ATTEMPT NAME=VALUE...

The names are those of the properties, in the units of the layout; audio and
video are the digests of what came to these pads, cues is what came to the pad
text, account is who pays. Prints the digest of the request, the external id of
the attempt, and the keys of its session, its speech and its task.
"""
import base64
import hashlib
import sys
from urllib.parse import urlsplit

# What the dialects send beyond what all of them do
CHOOSES = (
    "session-id face-id voice-speed audio-id audio-start audio-end insert-time"
    " audio-volume original-audio-volume watermark"
).split()
SENT = {
    "gateway": "session-id face-image-url".split(),
    "official": CHOOSES,
    "relay": CHOOSES,
    "legacy": ["voice-speed"],
}
SENT_BY_ALL = (
    "video-id video-url video text voice-id voice-language audio-url audio take"
).split()
# What the other records are about; the request itself is about all of it
SESSION = "dialect service video-id video-url video account".split()
SPEECH = (
    "dialect service text voice-id voice-language voice-speed account"
).split()
TASK = "dialect service task-id".split()
URLS = "video-url audio-url face-image-url".split()
DEFAULTS = {
    "voice-speed": "100",
    "audio-start": "0",
    "audio-volume": "100",
    "original-audio-volume": "100",
    "watermark": "false",
}
AZURE = (
    "sig se st sp sv sr ss srt si sip spr skoid sktid skt ske sks skv saoid"
    " suoid scid sdd ses"
).split()


def signature(name, names):
    return (
        ("x-amz-signature" in names and name.startswith("x-amz-"))
        or ("x-goog-signature" in names and name.startswith("x-goog-"))
        or ("sig" in names and "se" in names and name in AZURE)
    )


def identity(url):
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    pairs = [p for p in parts.query.split("&") if p]
    names = [p.split("=")[0].lower() for p in pairs]
    kept = [p for p, n in zip(pairs, names) if not signature(n, names)]
    query = "?" + "&".join(kept) if kept else ""
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path or '/'}{query}"


def fields(request):
    yield "dialect", request["dialect"]
    yield "service", identity(request["base-url"].rstrip("/"))
    request = dict(DEFAULTS, **request)
    request["text"] = request.get("text") or request.get("cues", "")
    for name in SENT_BY_ALL + SENT[request["dialect"]]:
        value = request.get(name, "")
        if name == "voice-speed" and not request["text"]:
            continue
        if value:
            yield name, identity(value) if name in URLS else value


def digest_of(kind, fields):
    layout = b"klinglipsync-%s-1\n" % kind.encode()
    for name, value in sorted(fields.items()):
        value = value.encode()
        layout += b"%s %d:%s\n" % (name.encode(), len(value), value)
    return hashlib.sha256(layout).hexdigest()


def part(request, names, *others):
    there = dict(fields(request))
    there.update({n: request[n] for n in others if request.get(n)})
    return {n: v for n, v in there.items() if n in names}


attempt = sys.argv[1]
request = dict(word.split("=", 1) for word in sys.argv[2:])
digest = digest_of("request", dict(fields(request)))
name = hashlib.sha256(f"{digest}/{attempt}".encode()).digest()
print(digest)
print("kl1-" + base64.b32encode(name[:20]).decode().lower())
print(digest_of("session", part(request, SESSION, "account")))
print(digest_of("speech", part(request, SPEECH, "account")))
print(digest_of("task", part(request, TASK, "task-id")))
