#!/usr/bin/python3
# klinglipsync tests: a server that speaks enough of S3
#
#   s3-server.py --fd N --directory DIR --access-key KEY --secret-key KEY
#                [--token TOKEN] [--region REGION] [--bucket BUCKET]
#
# PUT, GET, HEAD and DELETE of objects in one bucket, path style, on a listening
# socket that it inherits as descriptor N. Each request has to be signed with
# Signature V4, in the Authorization header or in the URL, and the signature is
# computed anew by botocore, which is not ours: a mistake of our signer cannot
# hide behind the same mistake here. What is wrong is refused as S3 does it.
#
# Objects are files in DIR/files, by their percent-encoded key. DIR/log has one
# line of JSON per request: method, path (decoded, without the query), status,
# credential ("none", "upload": a header signed with the right key, "presigned":
# a URL, "other"), error (S3's code, or null), size and type of the body.
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import argparse
import calendar
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import sys
import time
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

MAX_OBJECT = 200 * 1024 * 1024
MAX_SKEW = 15 * 60
MAX_EXPIRES = 7 * 24 * 60 * 60
ALGORITHM = "AWS4-HMAC-SHA256"
SIGNED_URL = "X-Amz-Algorithm"
HEX_SHA256 = re.compile("[0-9a-f]{64}")


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.code = code


def refuse_unless(condition, status, code, message):
    if not condition:
        raise Refusal(status, code, message)


def parse_time(text, status, code):
    try:
        return calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
    except (TypeError, ValueError):
        raise Refusal(status, code, "X-Amz-Date is missing or wrong") from None


def canonical_url(host, path, query):
    """The URL as S3 spells it before it signs, whatever the client wrote."""
    pairs = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}"
                     for k, v in query)
    return f"http://{host}{quote(path, safe='/-_.~')}?{pairs}"


class Signature:
    """What a request says about how it was signed."""

    def __init__(self, credential, headers, value, wrong):
        parts = credential.split("/")
        refuse_unless(len(parts) == 5, *wrong, "the credential is malformed")
        self.key, self.date, self.region, self.service, end = parts
        refuse_unless((self.service, end) == ("s3", "aws4_request"), *wrong,
                      "the credential is not for s3/aws4_request")
        self.headers = headers.split(";")
        self.value = value


def read_authorization(text):
    wrong = (400, "AuthorizationHeaderMalformed")
    refuse_unless(text.startswith(ALGORITHM + " "), 400, "InvalidArgument",
                  "Unsupported Authorization Type")
    fields = dict(part.strip().partition("=")[::2]
                  for part in text[len(ALGORITHM):].split(","))
    refuse_unless(set(fields) == {"Credential", "SignedHeaders", "Signature"},
                  *wrong, "the header is malformed")
    return Signature(fields["Credential"], fields["SignedHeaders"],
                     fields["Signature"], wrong)


def read_signed_url(query):
    wrong = (400, "AuthorizationQueryParametersError")
    names = ["X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature",
             "X-Amz-Date", "X-Amz-Expires"]
    refuse_unless(all(name in query for name in names)
                  and query[SIGNED_URL] == ALGORITHM, *wrong,
                  "a query parameter of the signature is missing or wrong")
    return Signature(query["X-Amz-Credential"], query["X-Amz-SignedHeaders"],
                     query["X-Amz-Signature"], wrong)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "s3-server"
    timeout = 60

    # ----------------------------------------------------------------- checks

    def check_key(self, signature, wrong):
        options = self.server.options
        refuse_unless(signature.key == options.access_key, 403,
                      "InvalidAccessKeyId", "the access key id is not known")
        refuse_unless(signature.region == options.region, *wrong,
                      f"the region {signature.region} is wrong; "
                      f"expecting {options.region}")

    def check_signed_headers(self, signature):
        """All x-amz- headers and the host have to be among the signed ones."""
        needed = {"host"} | {name.lower() for name in self.headers
                             if name.lower().startswith("x-amz-")}
        refuse_unless(needed <= set(signature.headers), 403, "AccessDenied",
                      "There were headers present in the request which were "
                      "not signed")

    def check_signature(self, signer, signature, query, stamp):
        """Computes the signature again, from what arrived."""
        refuse_unless(stamp.startswith(signature.date), 403,
                      "SignatureDoesNotMatch", "the dates differ")
        request = AWSRequest(
            method=self.command,
            url=canonical_url(self.headers["Host"], self.object_path, query),
            headers={name: self.headers.get(name, "")
                     for name in signature.headers})
        request.context["timestamp"] = stamp
        text = signer.string_to_sign(request, signer.canonical_request(request))
        refuse_unless(hmac.compare_digest(signer.signature(text, request),
                                          signature.value),
                      403, "SignatureDoesNotMatch",
                      "The request signature we calculated does not match the "
                      "signature you provided")

    def check_token(self, token):
        refuse_unless(token == self.server.options.token, 403, "InvalidToken",
                      "the session token is missing or wrong")

    def check_payload(self):
        """Over plain HTTP the hash of the body is what protects it."""
        told = self.headers.get("X-Amz-Content-SHA256", "")
        refuse_unless(HEX_SHA256.fullmatch(told), 400, "InvalidArgument",
                      "x-amz-content-sha256 has to be the hash of the body")
        refuse_unless(told == hashlib.sha256(self.body).hexdigest(), 400,
                      "XAmzContentSHA256Mismatch",
                      "The provided 'x-amz-content-sha256' header does not "
                      "match what was computed")

    def check_header(self, query):
        signature = read_authorization(self.headers["Authorization"])
        stamp = self.headers.get("X-Amz-Date")
        self.credential = "other"
        self.check_key(signature, (400, "AuthorizationHeaderMalformed"))
        at = parse_time(stamp, 403, "AccessDenied")
        refuse_unless(abs(time.time() - at) <= MAX_SKEW, 403,
                      "RequestTimeTooSkewed", "the clocks differ too much")
        self.check_signed_headers(signature)
        self.check_signature(
            S3SigV4Auth(self.server.credentials, "s3", signature.region),
            signature, query, stamp)
        self.check_token(self.headers.get("X-Amz-Security-Token"))
        self.credential = "upload"
        self.check_payload()

    def check_url(self, query):
        values = dict(query)
        wrong = (400, "AuthorizationQueryParametersError")
        signature = read_signed_url(values)
        self.credential = "other"
        refuse_unless("Authorization" not in self.headers, 400,
                      "InvalidArgument", "Only one auth mechanism allowed")
        self.check_key(signature, wrong)
        at = parse_time(values["X-Amz-Date"], *wrong)
        expires = values["X-Amz-Expires"]
        refuse_unless(re.fullmatch("[0-9]{1,6}", expires)
                      and 1 <= int(expires) <= MAX_EXPIRES, *wrong,
                      "X-Amz-Expires must be 1 to 604800 seconds")
        refuse_unless(at <= time.time() + MAX_SKEW, 403, "AccessDenied",
                      "Request is not yet valid")
        self.check_signed_headers(signature)
        self.check_signature(
            S3SigV4QueryAuth(self.server.credentials, "s3", signature.region),
            signature, [p for p in query if p[0] != "X-Amz-Signature"],
            values["X-Amz-Date"])
        self.check_token(values.get("X-Amz-Security-Token"))
        self.credential = "presigned"
        refuse_unless(time.time() < at + int(expires), 403, "AccessDenied",
                      "Request has expired")

    def check_request(self, query):
        if any(name == SIGNED_URL for name, _ in query):
            self.check_url(query)
        elif "Authorization" in self.headers:
            self.credential = "other"
            self.check_header(query)
        else:
            raise Refusal(403, "AccessDenied", "Access Denied")

    # --------------------------------------------------------------- requests

    def read_body(self):
        """S3 takes no body without a length."""
        refuse_unless("Transfer-Encoding" not in self.headers, 501,
                      "NotImplemented", "Transfer-Encoding is not supported")
        text = self.headers.get("Content-Length")
        refuse_unless(text is not None or self.command != "PUT", 411,
                      "MissingContentLength", "Content-Length is missing")
        length = int(text or 0)
        refuse_unless(0 <= length <= MAX_OBJECT, 400, "EntityTooLarge",
                      "Your proposed upload exceeds the maximum")
        self.body = self.rfile.read(length)
        if len(self.body) != length:
            raise ConnectionError("the body ended early")

    def find_object(self):
        """The file of the object that the path names."""
        bucket, _, key = self.object_path.lstrip("/").partition("/")
        refuse_unless(bucket == self.server.options.bucket, 404,
                      "NoSuchBucket", "The specified bucket does not exist")
        refuse_unless(0 < len(quote(key, safe="")) <= 250, 400,
                      "InvalidArgument", "this server has no such keys")
        return os.path.join(self.server.files, quote(key, safe=""))

    def do_put(self, path):
        part = path + ".part"
        with open(part, "wb") as file:
            file.write(self.body)
        os.replace(part, path)
        self.server.types[path] = self.headers.get("Content-Type")
        self.answer(200, b"", {"ETag": self.etag(self.body)})

    def do_get(self, path):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            raise Refusal(404, "NoSuchKey",
                          "The specified key does not exist.") from None
        headers = {"ETag": self.etag(data), "Accept-Ranges": "bytes",
                   "Content-Type": self.server.types.get(path)
                   or "binary/octet-stream"}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if part is None:
            self.answer(200, data, headers)
            return
        first, last = int(part[1]), min(int(part[2] or len(data)), len(data) - 1)
        refuse_unless(first <= last, 416, "InvalidRange",
                      "The requested range is not satisfiable")
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self.answer(206, data[first:last + 1], headers)

    def do_delete(self, path):
        if os.path.exists(path):
            os.unlink(path)
        self.answer(204, b"", {})

    def handle_request(self):
        parts = urlsplit(self.path)
        query = parse_qsl(parts.query, keep_blank_values=True)
        self.object_path = unquote(parts.path)
        self.credential = "none"
        self.body = b""
        try:
            self.read_body()
            self.check_request(query)
            action = {"PUT": self.do_put, "GET": self.do_get,
                      "HEAD": self.do_get, "DELETE": self.do_delete}
            refuse_unless(self.command in action, 405, "MethodNotAllowed",
                          "The specified method is not allowed")
            action[self.command](self.find_object())
        except Refusal as refusal:
            self.refuse(refusal)

    do_PUT = do_GET = do_HEAD = do_DELETE = do_POST = handle_request

    # ---------------------------------------------------------------- answers

    @staticmethod
    def etag(data):
        return f'"{hashlib.md5(data).hexdigest()}"'

    def refuse(self, refusal):
        text = ('<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{refusal.code}</Code>"
                f"<Message>{escape(str(refusal))}</Message></Error>")
        # what is left of a body would be taken for the next request
        self.close_connection = True
        self.answer(refusal.status, text.encode(),
                    {"Content-Type": "application/xml"}, refusal.code)

    def answer(self, status, body, headers, error=None):
        """The log knows of a request before its client does."""
        line = {"method": self.command, "path": self.object_path,
                "status": status, "credential": self.credential,
                "error": error, "size": len(self.body),
                "type": self.headers.get("Content-Type")}
        os.write(self.server.log, (json.dumps(line) + "\n").encode())
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        """Nothing on the terminal: a signed URL is a key."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=options.fd)
        self.options = options
        self.credentials = Credentials(options.access_key, options.secret_key,
                                       options.token)
        self.files = os.path.join(options.directory, "files")
        self.types = {}
        os.makedirs(self.files, exist_ok=True)
        self.log = os.open(os.path.join(options.directory, "log"),
                           os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def handle_error(self, request, client_address):
        """A client that goes away is none of ours; a mistake of ours is."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--access-key", required=True)
    parser.add_argument("--secret-key", required=True)
    parser.add_argument("--token")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--bucket", default="klinglipsync")
    Server(parser.parse_args()).serve_forever()


if __name__ == "__main__":
    main()
