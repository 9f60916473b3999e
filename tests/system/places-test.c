/* klinglipsync tests: the real places to upload to do what they promise
 *
 * Plain requests, made by hand or signed by botocore, which is not ours either:
 * other tests rely on what is refused here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>
#include <gst/check/gstcheck.h>
#include <libsoup/soup.h>

#include "kling-testplaces.h"

#define BUCKET "/" KLING_TEST_PLACE_BUCKET "/"

/* Prints the headers that sign a request, or the URL if it is to expire. */
static const gchar signer[] =
    "import sys\n"
    "from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth\n"
    "from botocore.awsrequest import AWSRequest\n"
    "from botocore.credentials import Credentials\n"
    "method, url, body, key, secret, token, region, expires = sys.argv[1:]\n"
    "request = AWSRequest(method=method, url=url, data=body.encode())\n"
    "credentials = Credentials(key, secret, token or None)\n"
    "if int(expires):\n"
    "    S3SigV4QueryAuth(credentials, 's3', region,\n"
    "                     expires=int(expires)).add_auth(request)\n"
    "    print(request.url)\n"
    "else:\n"
    "    S3SigV4Auth(credentials, 's3', region).add_auth(request)\n"
    "    for name, value in request.headers.items():\n"
    "        print(name + ': ' + value)\n";

/* Who signs, and what. */
typedef struct
{
  const gchar *key;
  const gchar *secret;
  const gchar *token;
  const gchar *region;
  guint expires;                /* seconds; 0: signed by headers */
} Signer;

static const Signer good = { KLING_TEST_PLACE_ACCESS_KEY,
  KLING_TEST_PLACE_SECRET_KEY, "", KLING_TEST_PLACE_REGION, 0
};

static gchar *
run_signer (const Signer * who, const gchar * method, const gchar * url,
    const gchar * body)
{
  g_autofree gchar *expires = g_strdup_printf ("%u", who->expires);
  const gchar *command[] = { "/usr/bin/python3", "-c", signer, method, url,
    body, who->key, who->secret, who->token, who->region, expires, NULL
  };
  g_autoptr (GError) error = NULL;
  gchar *output = NULL;
  gint status;

  g_spawn_sync (NULL, (gchar **) command, NULL, 0, NULL, NULL, &output, NULL,
      &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  return g_strchomp (output);
}

/* @headers: (nullable): lines of "Name: value" */
static guint
ask (const gchar * method, const gchar * url, const gchar * body,
    const gchar * headers, gchar ** answer)
{
  g_autoptr (SoupSession) session =
      soup_session_new_with_options ("timeout", 60, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (method, url);
  g_auto (GStrv) lines = g_strsplit (headers ? headers : "", "\n", -1);
  g_autoptr (GBytes) bytes = body ? g_bytes_new (body, strlen (body)) : NULL;
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GError) error = NULL;

  if (body)
    soup_message_set_request_body_from_bytes (message, NULL, bytes);
  for (guint i = 0; lines[i] && *lines[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (lines[i], ": ", 2);

    soup_message_headers_replace (soup_message_get_request_headers (message),
        pair[0], pair[1]);
  }
  got = soup_session_send_and_read (session, message, NULL, &error);
  g_assert_no_error (error);
  if (answer)
    *answer = g_strndup (g_bytes_get_data (got, NULL), g_bytes_get_size (got));
  return soup_message_get_status (message);
}

static void
assert_line (KlingTestPlace * place, guint index, const gchar * method,
    const gchar * path, guint status, const gchar * credential)
{
  g_autoptr (JsonArray) log = kling_test_place_get_log (place);
  JsonObject *line;

  g_assert_cmpuint (json_array_get_length (log), ==, index + 1);
  line = json_array_get_object_element (log, index);
  g_assert_cmpstr (json_object_get_string_member (line, "method"), ==, method);
  g_assert_cmpstr (json_object_get_string_member (line, "path"), ==, path);
  g_assert_cmpuint (json_object_get_int_member (line, "status"), ==, status);
  g_assert_cmpstr (json_object_get_string_member (line, "credential"), ==,
      credential);
}

static void
assert_files (KlingTestPlace * place, const gchar * expected)
{
  g_auto (GStrv) names = kling_test_place_list_files (place);
  g_autofree gchar *list = g_strjoinv (" ", names);

  g_assert_cmpstr (list, ==, expected);
}

static void
assert_file (KlingTestPlace * place, const gchar * name, const gchar * text)
{
  g_autoptr (GBytes) bytes = kling_test_place_get_file (place, name);

  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
      text, strlen (text));
}

/* What is asked of nginx, in order, and what it answers. */
static const struct
{
  const gchar *method;
  const gchar *path;
  const gchar *body;
  const gchar *authorization;
  guint status;
  const gchar *credential;
} dav_steps[] = {
  {"PUT", "/files/a.wav", "first", NULL, 401, "none"},
  {"PUT", "/files/a.wav", "first", "Bearer x", 401, "other"},
  {"PUT", "/files/a.wav", "first", "basic A2xpbmc6dXBsb2Fk", 401, "other"},
  {"GET", "/public/a.wav", NULL, NULL, 404, "none"},
  {"PUT", "/files/a.wav", "first", KLING_TEST_PLACE_AUTHORIZATION, 201,
      "upload"},
  {"PUT", "/files/a.wav", "second", KLING_TEST_PLACE_AUTHORIZATION, 204,
      "upload"},
  {"GET", "/public/a.wav", NULL, NULL, 200, "none"},
  {"GET", "/files/a.wav", NULL, NULL, 401, "none"},
  {"PUT", "/public/b.wav", "third", KLING_TEST_PLACE_AUTHORIZATION, 405,
      "upload"},
  {"DELETE", "/files/a.wav", NULL, NULL, 401, "none"},
};

GST_START_TEST (test_nginx)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_nginx ();
  g_autofree gchar *url = NULL;
  guint n = G_N_ELEMENTS (dav_steps);

  g_assert_nonnull (place);
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *target =
        g_strconcat (kling_test_place_get_url (place), dav_steps[i].path,
        "?a=b", NULL);
    g_autofree gchar *header = dav_steps[i].authorization ?
        g_strconcat ("Authorization: ", dav_steps[i].authorization, NULL)
        : NULL;

    g_assert_cmpuint (ask (dav_steps[i].method, target, dav_steps[i].body,
            header, NULL), ==, dav_steps[i].status);
    assert_line (place, i, dav_steps[i].method, dav_steps[i].path,
        dav_steps[i].status, dav_steps[i].credential);
  }
  assert_files (place, "a.wav");
  assert_file (place, "a.wav", "second");
  url = g_strconcat (kling_test_place_get_url (place), "/files/a.wav", NULL);
  g_assert_cmpuint (ask ("DELETE", url, NULL, "Authorization: "
          KLING_TEST_PLACE_AUTHORIZATION, NULL), ==, 204);
  assert_files (place, "");
}

GST_END_TEST;

/* A large body that is refused: the log waits until all of it is gone. */
GST_START_TEST (test_nginx_refuses_large)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_nginx ();
  g_autofree gchar *body = g_strnfill (8 * 1024 * 1024, 'x');
  g_autofree gchar *url = NULL;

  g_assert_nonnull (place);
  url = g_strconcat (kling_test_place_get_url (place), "/files/a", NULL);
  for (guint i = 0; i < 5; i++) {
    g_assert_cmpuint (ask ("PUT", url, body, NULL, NULL), ==, 401);
    assert_line (place, i, "PUT", "/files/a", 401, "none");
  }
  assert_files (place, "");
}

GST_END_TEST;

static gchar *
object_url (KlingTestPlace * place, const gchar * key)
{
  return g_strconcat (kling_test_place_get_url (place), BUCKET, key, NULL);
}

/* Signs one request and sends another body, if they are to differ. */
static guint
send_signed (KlingTestPlace * place, const Signer * who, const gchar * method,
    const gchar * key, const gchar * signed_body, const gchar * body,
    gchar ** answer)
{
  g_autofree gchar *url = object_url (place, key);
  g_autofree gchar *headers = run_signer (who, method, url, signed_body);

  return ask (method, url, body, headers, answer);
}

GST_START_TEST (test_s3_headers)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_s3 (NULL);
  const gchar *key = "dir/speech%20%241~%2B.wav";
  const gchar *path = BUCKET "dir/speech $1~+.wav";

  g_assert_nonnull (place);
  g_assert_cmpuint (send_signed (place, &good, "PUT", key, "one", "one", NULL),
      ==, 200);
  assert_line (place, 0, "PUT", path, 200, "upload");
  assert_files (place, "dir/speech $1~+.wav");
  assert_file (place, "dir/speech $1~+.wav", "one");
  g_assert_cmpuint (send_signed (place, &good, "DELETE", key, "", NULL, NULL),
      ==, 204);
  assert_line (place, 1, "DELETE", path, 204, "upload");
  assert_files (place, "");
}

GST_END_TEST;

/* What is wrong with a signature, and how S3 calls it. */
static const struct
{
  Signer who;
  const gchar *body;            /* that is sent; "one" is signed */
  guint status;
  const gchar *code;
} bad_signers[] = {
  {{KLING_TEST_PLACE_ACCESS_KEY, "wrong", "", KLING_TEST_PLACE_REGION, 0},
      "one", 403, "SignatureDoesNotMatch"},
  {{"AKIDOTHER", KLING_TEST_PLACE_SECRET_KEY, "", KLING_TEST_PLACE_REGION, 0},
      "one", 403, "InvalidAccessKeyId"},
  {{KLING_TEST_PLACE_ACCESS_KEY, KLING_TEST_PLACE_SECRET_KEY, "",
          "us-east-1", 0}, "one", 400, "AuthorizationHeaderMalformed"},
  {{KLING_TEST_PLACE_ACCESS_KEY, KLING_TEST_PLACE_SECRET_KEY, "a-token",
          KLING_TEST_PLACE_REGION, 0}, "one", 403, "InvalidToken"},
  {{KLING_TEST_PLACE_ACCESS_KEY, KLING_TEST_PLACE_SECRET_KEY, "",
          KLING_TEST_PLACE_REGION, 0}, "two", 400, "XAmzContentSHA256Mismatch"},
};

GST_START_TEST (test_s3_refuses)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_s3 (NULL);
  g_autofree gchar *url = NULL;
  g_autofree gchar *xml = NULL;

  g_assert_nonnull (place);
  for (guint i = 0; i < G_N_ELEMENTS (bad_signers); i++) {
    g_autofree gchar *answer = NULL;
    g_autofree gchar *code =
        g_strdup_printf ("<Code>%s</Code>", bad_signers[i].code);

    g_assert_cmpuint (send_signed (place, &bad_signers[i].who, "PUT", "x",
            "one", bad_signers[i].body, &answer), ==, bad_signers[i].status);
    g_assert_nonnull (strstr (answer, code));
  }
  url = object_url (place, "x");
  g_assert_cmpuint (ask ("PUT", url, "one", NULL, &xml), ==, 403);
  g_assert_nonnull (strstr (xml, "AccessDenied"));
  assert_line (place, G_N_ELEMENTS (bad_signers), "PUT", BUCKET "x", 403,
      "none");
  g_assert_cmpuint (ask ("PUT", url, "one", "Authorization: Bearer k", NULL),
      ==, 400);
  assert_files (place, "");
}

GST_END_TEST;

/* The signature of one request is no good for another. */
GST_START_TEST (test_s3_other_request)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_s3 (NULL);
  g_autofree gchar *url = NULL;
  g_autofree gchar *other = NULL;
  g_autofree gchar *headers = NULL;
  g_autofree gchar *more = NULL;

  g_assert_nonnull (place);
  url = object_url (place, "x");
  other = object_url (place, "y");
  headers = run_signer (&good, "PUT", url, "one");
  more = g_strconcat (headers, "\nx-amz-acl: public-read", NULL);
  g_assert_cmpuint (ask ("PUT", other, "one", headers, NULL), ==, 403);
  g_assert_cmpuint (ask ("DELETE", url, "one", headers, NULL), ==, 403);
  g_assert_cmpuint (ask ("PUT", url, "one", more, NULL), ==, 403);
  assert_files (place, "");
  g_assert_cmpuint (ask ("PUT", url, "one", headers, NULL), ==, 200);
  assert_files (place, "x");
}

GST_END_TEST;

GST_START_TEST (test_s3_presigned)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_s3 (NULL);
  Signer who = good, thief = good;
  g_autofree gchar *url = NULL, *signed_url = NULL, *forged = NULL;
  g_autofree gchar *brief = NULL, *answer = NULL, *late = NULL;
  g_autofree gchar *part = NULL;

  g_assert_nonnull (place);
  url = object_url (place, "x.wav");
  g_assert_cmpuint (send_signed (place, &good, "PUT", "x.wav", "speech",
          "speech", NULL), ==, 200);
  who.expires = 1;
  brief = run_signer (&who, "GET", url, "");
  who.expires = thief.expires = 600;
  thief.secret = "wrong";
  signed_url = run_signer (&who, "GET", url, "");
  forged = run_signer (&thief, "GET", url, "");
  g_assert_cmpuint (ask ("GET", url, NULL, NULL, NULL), ==, 403);
  g_assert_cmpuint (ask ("GET", forged, NULL, NULL, NULL), ==, 403);
  assert_line (place, 2, "GET", BUCKET "x.wav", 403, "other");
  g_assert_cmpuint (ask ("GET", signed_url, NULL, NULL, &answer), ==, 200);
  assert_line (place, 3, "GET", BUCKET "x.wav", 200, "presigned");
  g_assert_cmpstr (answer, ==, "speech");
  g_assert_cmpuint (ask ("GET", signed_url, NULL, "Range: bytes=2-4", &part),
      ==, 206);
  g_assert_cmpstr (part, ==, "eec");
  /* the method is signed, too */
  g_assert_cmpuint (ask ("HEAD", signed_url, NULL, NULL, NULL), ==, 403);
  g_usleep (2 * G_USEC_PER_SEC);
  g_assert_cmpuint (ask ("GET", brief, NULL, NULL, &late), ==, 403);
  g_assert_nonnull (strstr (late, "Request has expired"));
}

GST_END_TEST;

GST_START_TEST (test_s3_token)
{
  g_autoptr (KlingTestPlace) place = kling_test_place_start_s3 ("a/token+");
  Signer who = good;
  g_autofree gchar *url = NULL;
  g_autofree gchar *signed_url = NULL;

  g_assert_nonnull (place);
  url = object_url (place, "x");
  g_assert_cmpuint (send_signed (place, &who, "PUT", "x", "one", "one", NULL),
      ==, 403);
  who.token = "a/token+";
  g_assert_cmpuint (send_signed (place, &who, "PUT", "x", "one", "one", NULL),
      ==, 200);
  who.expires = 600;
  signed_url = run_signer (&who, "GET", url, "");
  g_assert_cmpuint (ask ("GET", signed_url, NULL, NULL, NULL), ==, 200);
}

GST_END_TEST;

static Suite *
places_suite (void)
{
  Suite *suite = suite_create ("places");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_nginx);
  tcase_add_test (tcase, test_nginx_refuses_large);
  tcase_add_test (tcase, test_s3_headers);
  tcase_add_test (tcase, test_s3_refuses);
  tcase_add_test (tcase, test_s3_other_request);
  tcase_add_test (tcase, test_s3_presigned);
  tcase_add_test (tcase, test_s3_token);
  return suite;
}

static gboolean
places_are_there (void)
{
  g_autoptr (KlingTestPlace) nginx = kling_test_place_start_nginx ();
  g_autoptr (KlingTestPlace) s3 = kling_test_place_start_s3 (NULL);

  return nginx != NULL && s3 != NULL;
}

int
main (int argc, char **argv)
{
  gst_check_init (&argc, &argv);
  /* what meson calls skipped */
  if (!places_are_there ())
    return 77;
  return gst_check_run_suite (places_suite (), "places", __FILE__);
}
