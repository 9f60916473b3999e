/* klinglipsync: tests of the kinds of upload places, but for those in test-serve.c
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "upload-case.h"

#include "kling-sigv4.h"

/* --- PUT --- */

static const gsize sizes[] = { 0, 1, 300000, KLING_SPOOL_MEMORY + 12345 };

GST_START_TEST (test_put)
{
  static const KlingTestStep steps[] = { {"PUT",.status = 201} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (sizes[__i__]);
  const KlingTestCall *call;
  g_autofree gchar *base = kling_test_server_url (server, "");
  g_autofree gchar *url = NULL;

  fail_unless (case_put_at (c, server, "", "/dir/{name}?sig=planted"), "%s",
      c->error ? c->error->message : "");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
  call = kling_test_server_call (server, 0);
  case_check_body (c, call);
  fail_unless (strstr (call->head, "\r\nContent-Type: audio/wav\r\n"));
  fail_unless (strstr (call->head, "User-Agent: kling-test/1\r\n"));
  fail_if (call->authorization);
  fail_if (strstr (call->head, "Cookie"));
  fail_unless (g_regex_match_simple
      ("^/dir/0123456789abcdef-[0-9a-f]{32}\\.wav\\?sig=planted$",
          call->path, 0, 0), "%s", call->path);

  url = g_strndup (call->path, strcspn (call->path, "?"));
  fail_unless_equals_string (kling_uploaded_get_url (c->uploaded) +
      strlen (base), url);
  fail_unless (kling_uploaded_is_owed (c->uploaded));
  fail_unless (kling_upload_is_loopback (c->upload));
  fail_unless_equals_string (kling_upload_get_shown (c->upload), base);
  if (c->size > 0) {
    fail_unless (c->told > 0);
    fail_unless_equals_int64 (c->sent, c->size);
    fail_unless_equals_int64 (c->told_size, c->size);
  }
}

GST_END_TEST;

GST_START_TEST (test_put_names)
{
  static const KlingTestStep steps[] = { {"PUT"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);

  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_if (g_str_equal (kling_test_server_call (server, 0)->path,
          kling_test_server_call (server, 1)->path));
  c->cleanup = FALSE;
  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless_equals_string (kling_test_server_call (server, 2)->path,
      "/" CASE_DIGEST ".wav");
  fail_if (kling_uploaded_is_owed (c->uploaded));
  c->public_url = "https://cdn.example/x/{name}?v=1";
  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless_equals_string (kling_uploaded_get_url (c->uploaded),
      "https://cdn.example/x/" CASE_DIGEST ".wav?v=1");
  fail_if (kling_upload_is_loopback (c->upload));
}

GST_END_TEST;

/* A presigned URL is used as it is. */
GST_START_TEST (test_put_ready)
{
  static const KlingTestStep steps[] = { {"PUT"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *url = kling_test_server_url (server, "/a%20b.wav");
  g_autofree gchar *words = NULL;

  fail_unless (case_put_at (c, server, "", "/a%20b.wav?s=%2Bplanted"));
  fail_unless_equals_string (kling_test_server_call (server, 0)->path,
      "/a%20b.wav?s=%2Bplanted");
  fail_unless_equals_string (kling_uploaded_get_url (c->uploaded), url);
  words = kling_uploaded_describe (c->uploaded);
  fail_unless (g_str_has_prefix (words, "the file at http://127.0.0.1:"));
}

GST_END_TEST;

/* Credentials of the place go to the place, not to whoever reads. */
GST_START_TEST (test_put_headers)
{
  static const gchar *const headers[] = { "Authorization", "Bearer planted",
    "X-Amz-Acl", "private", "Content-Type", "audio/x-own", NULL
  };
  static const KlingTestStep steps[] = {
    {"PUT"}, {"GET",.body = "0123456789"}, {"DELETE",.status = 204},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  const KlingTestCall *call;

  c->headers = headers;
  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless (case_check (c));
  fail_unless (case_remove (c));
  fail_if (kling_uploaded_is_owed (c->uploaded));
  for (guint i = 0; i < 3; i++) {
    call = kling_test_server_call (server, i);
    fail_unless ((call->authorization != NULL) == (i != 1));
    fail_unless ((strstr (call->head, "X-Amz-Acl: private") != NULL) ==
        (i != 1));
  }
  call = kling_test_server_call (server, 0);
  fail_unless_equals_string (call->authorization, "Bearer planted");
  fail_unless (strstr (call->head, "Content-Type: audio/x-own\r\n"));
  fail_if (strstr (call->head, "audio/wav"));
}

GST_END_TEST;

/* --- forms --- */

GST_START_TEST (test_post)
{
  static const gchar *const headers[] = { "Authorization", "Bearer planted",
    NULL
  };
  g_autofree gchar *answer = NULL;
  KlingTestStep steps[] = {
    {"POST"}, {"GET",.body = "0123456789"},
  };
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Case) c = case_new (10);
  const KlingTestCall *call;
  const gchar *type, *body;
  g_autofree gchar *boundary = NULL;
  g_autofree gchar *expected = NULL;
  gsize size;

  answer = g_strdup ("{\"data\":{\"a/b\":[7,{\"~u\":"
      "\"http://127.0.0.1:1/made-by-them\"}]}}");
  steps[0].body = answer;
  server = START_SERVER (steps);
  c->headers = headers;
  fail_unless (case_put_at (c, server, "post+",
          "/up?k=v#field=my%20file&url=/data/a~1b/1/~0u"), "%s",
      c->error ? c->error->message : "");
  fail_unless_equals_string (kling_uploaded_get_url (c->uploaded),
      "http://127.0.0.1:1/made-by-them");
  fail_unless (kling_uploaded_is_owed (c->uploaded));

  call = kling_test_server_call (server, 0);
  fail_unless_equals_string (call->path, "/up?k=v");
  fail_unless_equals_string (call->authorization, "Bearer planted");
  type = strstr (call->head, "Content-Type: multipart/form-data; boundary=");
  fail_unless (type != NULL, "%s", call->head);
  boundary = g_strndup (strchr (type, '=') + 1,
      strcspn (strchr (type, '=') + 1, "\r"));
  expected = g_strdup_printf ("^--%s\r\nContent-Disposition: form-data;"
      " name=\"my file\"; filename=\"0123456789abcdef-[0-9a-f]{32}\\.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\n", boundary);
  body = g_bytes_get_data (call->body, &size);
  fail_unless (g_regex_match_simple (expected, body, G_REGEX_RAW, 0));
  body = strstr (body, "\r\n\r\n") + 4;
  fail_unless (memcmp (body, c->bytes, c->size) == 0);
  g_free (expected);
  expected = g_strdup_printf ("\r\n--%s--\r\n", boundary);
  fail_unless_equals_string (body + c->size, expected);

  fail_if (case_remove (c));
  case_check_error (c, KLING_ERROR_SETTINGS, "no way to delete");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

static const struct
{
  const gchar *fragment;
  const gchar *body;
  const gchar *words;
} answers[] = {
  {"", "{\"url\":7}", "no URL at /url"},
  {"", "{\"url\":\"\"}", "no URL at /url"},
  {"", "{\"other\":\"https://planted/\"}", "no URL at /url"},
  {"", "planted", "no URL at /url"},
  {"", "[\"https://planted/\"]", "no URL at /url"},
  {"#url=/0", "{\"url\":\"https://planted/\"}", "no URL at /0"},
  {"#url=/00", "[\"https://planted/\"]", "no URL at /00"},
  {"#url=/1", "[\"https://planted/\"]", "no URL at /1"},
  {"#url=/-1", "[\"https://planted/\"]", "no URL at /-1"},
  {"#url=/url/x", "{\"url\":\"https://planted/\"}", "no URL at /url/x"},
  {"", "{\"url\":\"http://example.com/planted\"}", "must be https"},
  {"", "{\"url\":\"ftp://example.com/planted\"}", "must be https"},
  {"", "{\"url\":\"https://u:planted@example.com/\"}", "user name"},
  {"", "{\"url\":\"/planted\"}", "not a URL with a host"},
  {"", "{\"url\":\"https://a b/planted\"}", "not a URL with a host"},
};

GST_START_TEST (test_post_answers)
{
  KlingTestStep steps[] = { {"POST"} };
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *path = g_strconcat ("/up", answers[__i__].fragment, NULL);

  steps[0].body = answers[__i__].body;
  server = START_SERVER (steps);
  fail_if (case_put_at (c, server, "post+", path));
  case_check_unpaid (c, KLING_ERROR_SETTINGS, answers[__i__].words);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

static const struct
{
  const gchar *fragment;
  const gchar *body;
} pointers[] = {
  {"", "{\"url\":\"https://a/\"}"},
  {"#field=f", "{\"url\":\"https://a/\"}"},
  {"#url=/0", "[\"https://a/\"]"},
  {"#url=/", "{\"\":\"https://a/\"}"},
  {"#url=/a/", "{\"a\":{\"\":\"https://a/\"}}"},
  {"#url=/~01", "{\"~1\":\"https://a/\"}"},
  {"#url=/%C3%BC%26/0/x", "{\"\303\274&\":[{\"x\":\"https://a/\"}]}"},
};

GST_START_TEST (test_post_pointers)
{
  KlingTestStep steps[] = { {"POST"} };
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *path = g_strconcat ("/up", pointers[__i__].fragment, NULL);

  steps[0].body = pointers[__i__].body;
  server = START_SERVER (steps);
  fail_unless (case_put_at (c, server, "post+", path), "%s",
      c->error ? c->error->message : "");
  fail_unless_equals_string (kling_uploaded_get_url (c->uploaded),
      "https://a/");
}

GST_END_TEST;

/* Each form that arrives makes a file, whatever is answered. */
GST_START_TEST (test_post_once)
{
  static const KlingTestStep steps[] = {
    {"POST", "/500",.status = 500},
    {"POST", "/429",.status = 429},
    {"POST", "/reset",.act = KLING_TEST_RESET},
  };
  static const gchar *const paths[] = { "/500", "/429", "/reset" };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (5000);

  fail_if (case_put_at (c, server, "post+", paths[__i__]));
  case_check_unpaid (c, __i__ == 2 ? KLING_ERROR_NETWORK : KLING_ERROR_SERVICE,
      "could not be uploaded");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

/* --- S3 --- */

static gchar *
s3_address (KlingTestServer * server, const gchar * rest)
{
  g_autofree gchar *endpoint = kling_test_server_url (server, "/s3/");

  return g_strdup_printf ("s3://buck/a%%20b+c?endpoint=%s%s", endpoint, rest);
}

static gchar *
find_header (const KlingTestCall * call, const gchar * name)
{
  g_auto (GStrv) lines = g_strsplit (call->head, "\r\n", -1);
  gsize n = strlen (name);

  for (gchar ** line = lines; *line != NULL; line++) {
    if (g_ascii_strncasecmp (*line, name, n) == 0 && (*line)[n] == ':')
      return g_strdup (*line + n + 2);
  }
  fail ("no %s in %s", name, call->head);
  return NULL;
}

static KlingSigv4
make_sigv4 (const gchar * date)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (date, NULL);
  KlingSigv4 sigv4 = { "AKPLAIN", "planted-secret", "plant/ed+token",
    "eu-west-3", "s3", 0
  };

  fail_unless (time != NULL, "%s", date);
  sigv4.wall_seconds = g_date_time_to_unix (time);
  return sigv4;
}

/* As the server does it: from what has arrived */
static void
check_signed_call (const KlingTestCall * call)
{
  g_autofree gchar *host = find_header (call, "Host");
  g_autofree gchar *date = find_header (call, "x-amz-date");
  g_autofree gchar *token = find_header (call, "x-amz-security-token");
  g_autofree gchar *claimed = find_header (call, "x-amz-content-sha256");
  g_autofree gchar *sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256,
      call->body);
  const gchar *headers[] = { "host", host, "x-amz-date", date,
    "x-amz-security-token", token, "x-amz-content-sha256", sha256, NULL
  };
  KlingSigv4 sigv4 = make_sigv4 (date);
  g_autofree gchar *expected = kling_sigv4_sign (&sigv4, call->method,
      call->path, headers, sha256);

  fail_unless_equals_string (claimed, sha256);
  fail_unless_equals_string (call->authorization, expected);
}

static void
check_presigned_call (const KlingTestCall * call)
{
  g_autofree gchar *host = find_header (call, "Host");
  g_autofree gchar *path = g_strndup (call->path, strcspn (call->path, "?"));
  g_autofree gchar *date = g_strndup (strstr (call->path, "X-Amz-Date=") + 11,
      16);
  KlingSigv4 sigv4 = make_sigv4 (date);
  g_autofree gchar *expected = kling_sigv4_presign (&sigv4, "GET", host, path,
      7200);

  fail_unless_equals_string (call->path + strlen (path) + 1, expected);
}

GST_START_TEST (test_s3)
{
  static const KlingTestStep steps[] = {
    {"PUT",.times = 1,.status = 503}, {"PUT"}, {"DELETE",.status = 204},
    {"GET",.body = "0123456789"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *address = s3_address (server, "&region=eu-west-3");
  g_autofree gchar *sha256 = NULL;
  const gchar *url;
  const KlingTestCall *put, *get, *removed;

  case_set_aws (TRUE);
  fail_unless (case_put (c, address), "%s", c->error ? c->error->message : "");
  put = kling_test_server_call (server, 1);
  case_check_body (c, put);
  fail_unless (g_regex_match_simple ("^/s3/buck/a%20b%2Bc/"
          "0123456789abcdef-[0-9a-f]{32}\\.wav$", put->path, 0, 0), "%s",
      put->path);
  sha256 = g_strdup_printf ("x-amz-content-sha256: %s\r\n",
      kling_spool_get_sha256 (c->spool));
  fail_unless (strstr (put->head, sha256), "%s", put->head);
  fail_unless (strstr (put->head, "x-amz-security-token: plant/ed+token\r\n"));
  fail_unless (g_regex_match_simple ("^AWS4-HMAC-SHA256 Credential=AKPLAIN/"
          "[0-9]{8}/eu-west-3/s3/aws4_request,SignedHeaders=host;"
          "x-amz-content-sha256;x-amz-date;x-amz-security-token,"
          "Signature=[0-9a-f]{64}$", put->authorization, 0, 0), "%s",
      put->authorization);

  url = kling_uploaded_get_url (c->uploaded);
  fail_unless (strstr (url, put->path));
  fail_unless (strstr (url, "&X-Amz-Expires=7200&"), "%s", url);
  fail_unless (strstr (url, "&X-Amz-Security-Token=plant%2Fed%2Btoken&"));
  fail_if (strstr (url, "planted-secret"));
  fail_unless (case_check (c));
  /* it is made anew, because it expires */
  url = kling_uploaded_get_url (c->uploaded);
  get = kling_test_server_call (server, 2);
  fail_unless (g_str_has_suffix (url, get->path));
  fail_if (get->authorization);
  fail_if (strstr (get->head, "x-amz-"));
  check_presigned_call (get);

  fail_unless (kling_uploaded_is_owed (c->uploaded));
  fail_unless (case_remove (c));
  removed = kling_test_server_call (server, 3);
  fail_unless_equals_string (removed->path, put->path);
  check_signed_call (put);
  check_signed_call (removed);
  fail_if (strstr (removed->head, "planted-secret"));
}

GST_END_TEST;

/* Readers of the URL write Host in lower case. */
GST_START_TEST (test_s3_host)
{
  static const KlingTestStep steps[] = { {"PUT"}, {"GET",.body = "0123456789"}
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *base = kling_test_server_url (server, "");
  const gchar *port = strrchr (base, ':');
  g_autofree gchar *address = g_strdup_printf ("s3://buck?region=eu-west-3&"
      "endpoint=HTTP://LocalHost%s/S3", port);
  g_autofree gchar *expected = g_strdup_printf ("http://localhost%s/S3/buck/",
      port);
  g_autofree gchar *host = NULL;

  case_set_aws (TRUE);
  fail_unless (case_put (c, address), "%s", c->error ? c->error->message : "");
  fail_unless (g_str_has_prefix (kling_uploaded_get_url (c->uploaded),
          expected), "%s", kling_uploaded_get_url (c->uploaded));
  fail_unless (case_check (c));
  host = find_header (kling_test_server_call (server, 0), "Host");
  fail_unless (g_str_has_prefix (host, "localhost:"), "%s", host);
  check_signed_call (kling_test_server_call (server, 0));
  check_presigned_call (kling_test_server_call (server, 1));

  fail_unless (case_open (c, "s3://buck?region=r&endpoint=https://B\xc3\x9c"
          "cher.Example:443/"));
  fail_unless_equals_string (kling_upload_get_shown (c->upload),
      "https://xn--bcher-kva.example");
}

GST_END_TEST;

static const struct
{
  const gchar *rest;
  gint64 life;
  const gchar *words;
} lives[] = {
  {"&expires=60", 7200 * KLING_SECOND, "&X-Amz-Expires=60&"},
  {"", KLING_NEVER, "&X-Amz-Expires=604800&"},
  {"", 0, "&X-Amz-Expires=1&"},
};

GST_START_TEST (test_s3_life)
{
  static const KlingTestStep steps[] = { {"PUT"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *address = s3_address (server, lives[__i__].rest);

  case_set_aws (FALSE);
  g_setenv ("AWS_DEFAULT_REGION", "us-west-9", TRUE);
  c->life = lives[__i__].life;
  fail_unless (case_put (c, address));
  fail_unless (strstr (kling_uploaded_get_url (c->uploaded),
          lives[__i__].words));
  fail_unless (strstr (kling_uploaded_get_url (c->uploaded),
          "%2Fus-west-9%2F"));
  fail_if (strstr (kling_uploaded_get_url (c->uploaded), "Token"));
}

GST_END_TEST;

GST_START_TEST (test_s3_environment)
{
  g_autoptr (Case) c = case_new (10);

  case_set_aws (FALSE);
  fail_if (case_open (c, "s3://buck/"));
  case_check_error (c, KLING_ERROR_SETTINGS, "AWS_REGION");
  g_setenv ("AWS_DEFAULT_REGION", "eu-one", TRUE);
  fail_unless (case_open (c, "s3://buck/"));
  fail_unless_equals_string (kling_upload_get_shown (c->upload),
      "https://s3.eu-one.amazonaws.com");
  fail_if (kling_upload_is_loopback (c->upload));
  g_setenv ("AWS_REGION", "eu-two", TRUE);
  fail_unless (case_open (c, "s3://buck"));
  fail_unless_equals_string (kling_upload_get_shown (c->upload),
      "https://s3.eu-two.amazonaws.com");
  g_setenv ("AWS_ENDPOINT_URL", "http://localhost:9", TRUE);
  fail_unless (case_open (c, "s3://buck"));
  fail_unless (kling_upload_is_loopback (c->upload));
  g_setenv ("AWS_ENDPOINT_URL_S3", "https://minio.example:9000/x", TRUE);
  fail_unless (case_open (c, "s3://buck"));
  fail_unless_equals_string (kling_upload_get_shown (c->upload),
      "https://minio.example:9000");

  g_unsetenv ("AWS_SECRET_ACCESS_KEY");
  fail_if (case_open (c, "s3://buck"));
  case_check_error (c, KLING_ERROR_SETTINGS, ": AWS_SECRET_ACCESS_KEY not set");
  g_setenv ("AWS_ACCESS_KEY_ID", "", TRUE);
  fail_if (case_open (c, "s3://buck"));
  case_check_error (c, KLING_ERROR_SETTINGS,
      ": AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set");
  g_setenv ("AWS_ACCESS_KEY_ID", "plan\nted", TRUE);
  fail_if (case_open (c, "s3://buck"));
  case_check_error (c, KLING_ERROR_SETTINGS, "AWS_ACCESS_KEY_ID has a blank");
}

GST_END_TEST;

static Suite *
upload_kinds_suite (void)
{
  Suite *s = suite_create ("upload-kinds");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_put, 0, G_N_ELEMENTS (sizes));
  tcase_add_test (tc, test_put_names);
  tcase_add_test (tc, test_put_ready);
  tcase_add_test (tc, test_put_headers);
  tcase_add_test (tc, test_post);
  tcase_add_loop_test (tc, test_post_answers, 0, G_N_ELEMENTS (answers));
  tcase_add_loop_test (tc, test_post_pointers, 0, G_N_ELEMENTS (pointers));
  tcase_add_loop_test (tc, test_post_once, 0, 3);
  tcase_add_test (tc, test_s3);
  tcase_add_test (tc, test_s3_host);
  tcase_add_loop_test (tc, test_s3_life, 0, G_N_ELEMENTS (lives));
  tcase_add_test (tc, test_s3_environment);
  return s;
}

int
main (int argc, char **argv)
{
  g_setenv ("KLING_TEST_SPEED", CASE_SPEED, TRUE);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (upload_kinds_suite (), "upload-kinds", __FILE__);
}
