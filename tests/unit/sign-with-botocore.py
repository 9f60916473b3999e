#!/usr/bin/python3
"""Signs the requests of test-sigv4.c with botocore, a signer of another hand.

Reads from the environment: SIGN_KEY, SIGN_SECRET, SIGN_TOKEN (may be empty),
SIGN_REGION, SIGN_ENDPOINT, SIGN_BUCKET, SIGN_OBJECT, SIGN_EXPIRES, SIGN_TIME
(seconds since 1970), SIGN_BODY. Prints the presigned URL of a GET, then the URL
and the headers of a PUT, each header as "name: value".
"""
import datetime
import os
import sys

try:
    import boto3
    import botocore.auth
    import botocore.awsrequest
    from botocore.config import Config
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

env = os.environ
now = datetime.datetime.utcfromtimestamp(int(env["SIGN_TIME"]))


class FixedClock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return now


class FixedModule:
    datetime = FixedClock


class Seen(Exception):
    pass


botocore.auth.datetime = FixedModule
client = boto3.client(
    "s3",
    endpoint_url=env["SIGN_ENDPOINT"],
    region_name=env["SIGN_REGION"],
    aws_access_key_id=env["SIGN_KEY"],
    aws_secret_access_key=env["SIGN_SECRET"],
    aws_session_token=env["SIGN_TOKEN"] or None,
    config=Config(
        signature_version="s3v4",
        s3={"addressing_style": "path", "payload_signing_enabled": True},
        retries={"total_max_attempts": 1},
    ),
)
print(
    client.generate_presigned_url(
        "get_object",
        Params={"Bucket": env["SIGN_BUCKET"], "Key": env["SIGN_OBJECT"]},
        ExpiresIn=int(env["SIGN_EXPIRES"]),
    )
)


def show(request, **kwargs):
    print(request.url)
    for name, value in request.headers.items():
        value = value.decode() if isinstance(value, bytes) else value
        print(f"{name.lower()}: {value}")
    raise Seen


client.meta.events.register("before-send.s3.PutObject", show)
try:
    client.put_object(
        Bucket=env["SIGN_BUCKET"],
        Key=env["SIGN_OBJECT"],
        Body=env["SIGN_BODY"].encode(),
    )
except Seen:
    pass
