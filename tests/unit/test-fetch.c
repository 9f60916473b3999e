/* klinglipsync: tests of the download
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-clock.h"
#include "kling-error.h"
#include "kling-http.h"
#include "kling-testserver.h"

#define AT_ONCE (5 * G_USEC_PER_SEC)
#define PATIENT (30 * KLING_SECOND)

#define START_SERVER(steps) \
  kling_test_server_start (steps, G_N_ELEMENTS (steps))

/* --- a sink that notes what comes --- */

typedef struct
{
  KlingHttp *http;
  GCancellable *cancellable;
  gint64 timeout;
  gint64 deadline;
  const gchar *allowed;         /* part of the URLs that may be asked */
  gsize fail_at;                /* bytes at which write fails; 0: never */
  gboolean fail_begin;

  KlingHttpPart rest;           /* asked for, when it has an offset */

  guint begun;
  goffset length;
  goffset offset;
  gchar *validator;
  GByteArray *body;
  guint urls;
  guint status;
  GError *error;
  gint64 took;
} Fetch;

static gboolean
sink_check_url (const gchar * url, gpointer user_data, GError ** error)
{
  Fetch *fetch = user_data;

  fetch->urls++;
  if (fetch->allowed == NULL || strstr (url, fetch->allowed))
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT, "not there");
  return FALSE;
}

static gboolean
sink_begin (const KlingHttpPart * part, gpointer user_data, GError ** error)
{
  Fetch *fetch = user_data;

  fetch->begun++;
  fetch->length = part->length;
  fetch->offset = part->offset;
  g_free (fetch->validator);
  fetch->validator = g_strdup (part->validator);
  if (!fetch->fail_begin)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL, "no room");
  return FALSE;
}

static gboolean
sink_write (const guint8 * data, gsize size, gpointer user_data,
    GError ** error)
{
  Fetch *fetch = user_data;

  fail_unless (size > 0 && size <= KLING_HTTP_BLOCK);
  g_byte_array_append (fetch->body, data, size);
  if (fetch->fail_at == 0 || fetch->body->len < fetch->fail_at)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL, "disk full");
  return FALSE;
}

static Fetch *
fetch_new (void)
{
  Fetch *fetch = g_new0 (Fetch, 1);

  fetch->http = kling_http_new (NULL, NULL, "kling-test/1", NULL);
  fetch->cancellable = g_cancellable_new ();
  fetch->timeout = PATIENT;
  fetch->deadline = KLING_NEVER;
  fetch->body = g_byte_array_new ();
  return fetch;
}

static gboolean
fetch_run (Fetch * fetch, KlingTestServer * server, const gchar * path)
{
  static const KlingHttpSink sink = { sink_check_url, sink_begin, sink_write };
  g_autofree gchar *url = kling_test_server_url (server, path);
  gint64 begun = g_get_monotonic_time ();
  gboolean done = kling_http_fetch (fetch->http, url, &fetch->rest,
      fetch->timeout, fetch->deadline, fetch->cancellable, &sink, fetch,
      &fetch->status,
      &fetch->error);

  fetch->took = g_get_monotonic_time () - begun;
  fail_unless (done == (fetch->error == NULL));
  return done;
}

static void
fetch_free (Fetch * fetch)
{
  kling_http_unref (fetch->http);
  g_object_unref (fetch->cancellable);
  g_byte_array_unref (fetch->body);
  g_free (fetch->validator);
  g_clear_error (&fetch->error);
  g_free (fetch);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fetch, fetch_free);

static void
check_error (const Fetch * fetch, KlingError code, const gchar * words)
{
  fail_unless (g_error_matches (fetch->error, KLING_ERROR, code), "%s",
      fetch->error ? fetch->error->message : "no error");
  fail_unless (strstr (fetch->error->message, words), "%s",
      fetch->error->message);
  fail_if (strstr (fetch->error->message, "planted"));
}

static gchar *
make_body (gsize size)
{
  gchar *body = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    body[i] = (gchar) (i * 7 % 251);
  return body;
}

/* --- whole bodies --- */

static const gsize sizes[] = {
  0, 1, KLING_HTTP_BLOCK - 1, KLING_HTTP_BLOCK, KLING_HTTP_BLOCK + 1,
  3 * 1024 * 1024 + 5,
};

GST_START_TEST (test_sizes)
{
  gsize size = sizes[__i__];
  g_autofree gchar *body = make_body (size);
  KlingTestStep steps[] = {
    {.path = "/known",.body = body,.size = size},
    {.path = "/unknown",.body = body,.size = size,.length = -1},
  };
  g_autoptr (KlingTestServer) server = NULL;
  static const gchar *const paths[] = { "/known?sig=planted", "/unknown" };

  body[size] = '\0';
  server = START_SERVER (steps);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (Fetch) fetch = fetch_new ();
    const KlingTestCall *seen;

    fail_unless (fetch_run (fetch, server, paths[i]), "%s",
        fetch->error ? fetch->error->message : "");
    fail_unless_equals_int (fetch->status, 200);
    fail_unless_equals_int (fetch->begun, 1);
    fail_unless_equals_int64 (fetch->length, i ? -1 : (goffset) size);
    fail_unless_equals_int (fetch->body->len, size);
    fail_unless (memcmp (fetch->body->data ? (gchar *) fetch->body->data : "",
            body, size) == 0);

    seen = kling_test_server_call (server, i);
    fail_unless_equals_string (seen->path, paths[i]);
    fail_unless (seen->authorization == NULL);
    fail_if (strstr (seen->head, "Cookie"));
    fail_if (strstr (seen->head, "Range"));
    fail_unless (strstr (seen->head, "Accept-Encoding: identity\r\n"));
    fail_unless (strstr (seen->head, "User-Agent: kling-test/1\r\n"));
  }
}

GST_END_TEST;

GST_START_TEST (test_chunked)
{
  static const KlingTestStep steps[] = {
    {.path = "/whole",.act = KLING_TEST_RAW,
        .body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"},
    {.path = "/cut",.act = KLING_TEST_RAW,
        .body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n9\r\nwo"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) whole = fetch_new ();
  g_autoptr (Fetch) cut = fetch_new ();

  fail_unless (fetch_run (whole, server, "/whole"));
  fail_unless_equals_int (whole->body->len, 6);
  fail_unless_equals_int64 (whole->length, -1);
  fail_if (fetch_run (cut, server, "/cut"));
  check_error (cut, KLING_ERROR_NETWORK, "ended too early");
}

GST_END_TEST;

/* What comes is what was sent, also when it is said to be packed. */
GST_START_TEST (test_not_unpacked)
{
  static const KlingTestStep steps[] = {
    {.body = "\x1f\x8b packed",.headers = "Content-Encoding: gzip\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) fetch = fetch_new ();

  fail_unless (fetch_run (fetch, server, "/"));
  fail_unless_equals_int (fetch->body->len, 9);
}

GST_END_TEST;

/* --- what is not whole --- */

static const struct
{
  gsize send;
  const gchar *words;
} cuts[] = {
  {1, "ended after 1 of 600000 bytes"},
  {300000, "ended after 300000 of 600000 bytes"},
  {599999, "ended after 599999 of 600000 bytes"},
};

GST_START_TEST (test_cut)
{
  g_autofree gchar *body = make_body (600000);
  KlingTestStep step = {.body = body,.size = 600000,.send = cuts[__i__].send };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) fetch = fetch_new ();

  fail_if (fetch_run (fetch, server, "/v.mp4?sig=planted"));
  check_error (fetch, KLING_ERROR_NETWORK, cuts[__i__].words);
  fail_unless_equals_int (fetch->status, 200);
  fail_unless_equals_int64 (fetch->length, 600000);
  fail_unless_equals_int (fetch->body->len, cuts[__i__].send);
}

GST_END_TEST;

static const guint statuses[] = {
  201, 204, 206, 300, 304, 305, 400, 401, 403, 404, 410, 429, 500, 503,
};

GST_START_TEST (test_statuses)
{
  KlingTestStep step = {.status = statuses[__i__],
    .headers = "Location: /x\r\nWWW-Authenticate: Basic realm=x\r\n"
  };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) fetch = fetch_new ();
  g_autofree gchar *words = g_strdup_printf ("answers %u", statuses[__i__]);

  fail_if (fetch_run (fetch, server, "/v.mp4?sig=planted"));
  check_error (fetch, KLING_ERROR_SERVICE, words);
  fail_unless_equals_int (fetch->status, statuses[__i__]);
  fail_unless_equals_int (fetch->begun, 0);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

GST_START_TEST (test_unreachable)
{
  KlingTestServer *server = kling_test_server_start (NULL, 0);
  g_autofree gchar *url = kling_test_server_url (server, "/");
  static const KlingHttpSink sink = { sink_check_url, sink_begin, sink_write };
  g_autoptr (Fetch) fetch = fetch_new ();

  kling_test_server_stop (server);
  fail_if (kling_http_fetch (fetch->http, url, NULL, PATIENT, KLING_NEVER, NULL,
          &sink, fetch, &fetch->status, &fetch->error));
  check_error (fetch, KLING_ERROR_NETWORK, "nothing accepts connections");
  fail_unless_equals_int (fetch->status, 0);
}

GST_END_TEST;

/* --- redirects --- */

static const guint redirects[] = { 301, 302, 303, 307, 308 };

GST_START_TEST (test_redirect)
{
  KlingTestStep steps[] = {
    {.path = "/a",.status = redirects[__i__],
        .headers = "Location: b/c?d=e\r\n"},
    {.path = "/b/c?d=e",.body = "there"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) fetch = fetch_new ();

  fail_unless (fetch_run (fetch, server, "/a"));
  fail_unless_equals_int (fetch->body->len, 5);
  fail_unless_equals_int (fetch->urls, 2);
  fail_unless_equals_int (fetch->status, 200);
  fail_unless_equals_string (kling_test_server_call (server, 1)->method, "GET");
}

GST_END_TEST;

GST_START_TEST (test_redirect_count)
{
  static const KlingTestStep steps[] = {
    {.path = "/0",.status = 302,.headers = "Location: /1\r\n"},
    {.path = "/1",.status = 302,.headers = "Location: /2\r\n"},
    {.path = "/2",.status = 302,.headers = "Location: /3\r\n"},
    {.path = "/3",.status = 302,.headers = "Location: /4\r\n"},
    {.path = "/4",.status = 302,.headers = "Location: /5\r\n"},
    {.path = "/5",.body = "there"},
    {.path = "/loop",.status = 302,.headers = "Location: /loop\r\n"},
    {.path = "/nowhere",.status = 302},
    {.path = "/odd",.status = 302,.headers = "Location: http://[\r\n"},
  };
  static const gchar *const bad[] = { "/loop", "/nowhere", "/odd" };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) five = fetch_new ();

  fail_unless (fetch_run (five, server, "/0"));
  fail_unless_equals_int (five->body->len, 5);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Fetch) fetch = fetch_new ();

    fail_if (fetch_run (fetch, server, bad[i]));
    check_error (fetch, KLING_ERROR_SERVICE, "sends us elsewhere");
    fail_unless_equals_int (fetch->status, 302);
  }
  fail_unless_equals_int (kling_test_server_count (server, NULL, "/loop"), 6);
}

GST_END_TEST;

/* Each address is judged before it is asked. */
GST_START_TEST (test_forbidden)
{
  g_autoptr (KlingTestServer) other = kling_test_server_start (NULL, 0);
  g_autofree gchar *url = kling_test_server_url (other, "/secret");
  g_autofree gchar *headers = g_strdup_printf ("Location: %s\r\n", url);
  KlingTestStep step = {.status = 302,.headers = headers };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) fetch = fetch_new ();
  g_autoptr (Fetch) direct = fetch_new ();

  fetch->allowed = "/v.mp4";
  fail_if (fetch_run (fetch, server, "/v.mp4"));
  check_error (fetch, KLING_ERROR_RESULT, "not there");
  fail_unless_equals_int (fetch->urls, 2);
  fail_unless_equals_int (kling_test_server_count_connections (other), 0);

  direct->allowed = "nothing";
  fail_if (fetch_run (direct, server, "/v.mp4"));
  check_error (direct, KLING_ERROR_RESULT, "not there");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

/* --- going on --- */

#define WHOLE 600000
#define ETAG "\"v1\""

static void
ask_rest (Fetch * fetch, goffset offset, goffset length,
    const gchar * validator)
{
  fetch->rest = (KlingHttpPart) {
  offset, length, validator};
}

static void
check_body (const Fetch * fetch, const gchar * body, gsize offset)
{
  fail_unless_equals_int64 (fetch->offset, offset);
  fail_unless_equals_int64 (fetch->length, WHOLE);
  fail_unless_equals_int (fetch->body->len, WHOLE - offset);
  fail_unless (memcmp (fetch->body->data, body + offset, WHOLE - offset) == 0);
}

static void
check_asked (KlingTestServer * server, guint index, const gchar * range,
    const gchar * validator)
{
  const KlingTestCall *call = kling_test_server_call (server, index);
  g_autofree gchar *lines = g_strdup_printf ("Range: bytes=%s\r\n", range);
  g_autofree gchar *condition = g_strdup_printf ("If-Range: %s\r\n", validator);

  fail_unless (strstr (call->head, lines), "%s", call->head);
  fail_unless (strstr (call->head, condition), "%s", call->head);
  fail_unless (strstr (call->head, "Accept-Encoding: identity\r\n"));
}

/* Cut off, and gone on with: also within the first and the last block. */
static const gsize offsets[] = {
  1, KLING_HTTP_BLOCK - 1, KLING_HTTP_BLOCK, KLING_HTTP_BLOCK + 1, 300000,
  WHOLE - 1,
};

GST_START_TEST (test_rest)
{
  gsize offset = offsets[__i__];
  g_autofree gchar *body = make_body (WHOLE);
  g_autofree gchar *range = g_strdup_printf ("%" G_GSIZE_FORMAT "-", offset);
  KlingTestStep steps[] = {
    {.times = 1,.body = body,.size = WHOLE,.send = offset,.etag = ETAG},
    {.body = body,.size = WHOLE,.etag = ETAG},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) fetch = fetch_new ();

  fail_if (fetch_run (fetch, server, "/"));
  check_error (fetch, KLING_ERROR_NETWORK, "ended after");
  fail_unless_equals_int (fetch->body->len, offset);
  fail_unless_equals_string (fetch->validator, ETAG);
  g_clear_error (&fetch->error);

  ask_rest (fetch, offset, fetch->length, ETAG);
  fail_unless (fetch_run (fetch, server, "/"), "%s",
      fetch->error ? fetch->error->message : "");
  fail_unless_equals_int (fetch->status, 206);
  fail_unless_equals_string (fetch->validator, ETAG);
  fail_unless_equals_int64 (fetch->offset, offset);
  fail_unless_equals_int (fetch->body->len, WHOLE);
  fail_unless (memcmp (fetch->body->data, body, WHOLE) == 0);
  check_asked (server, 1, range, ETAG);
  fail_unless_equals_int (kling_test_server_sent (server, NULL), WHOLE);
}

GST_END_TEST;

/* What is sent instead of the rest: the file has changed, the server knows of no
 * parts, or has nothing there. */
static const struct
{
  KlingTestStep steps[2];
  guint calls;
} instead[] = {
  {{{.etag = "\"v2\""}}, 1},
  {{{.headers = "ETag: " ETAG "\r\nAccept-Ranges: none\r\n"}}, 1},
  {{{.times = 1,.status = 416,.body = "",
              .headers = "Content-Range: bytes */7\r\n"}, {.etag = ETAG}}, 2},
  {{{.times = 1,.status = 416,.body = "no"}, {.etag = "\"v2\""}}, 2},
};

GST_START_TEST (test_all_instead)
{
  g_autofree gchar *body = make_body (WHOLE);
  KlingTestStep steps[2];
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Fetch) fetch = fetch_new ();

  for (guint i = 0; i < 2; i++) {
    steps[i] = instead[__i__].steps[i];
    if (steps[i].body)
      continue;
    steps[i].body = body;
    steps[i].size = WHOLE;
  }
  server = START_SERVER (steps);
  ask_rest (fetch, 1000, WHOLE, ETAG);
  fail_unless (fetch_run (fetch, server, "/"), "%s",
      fetch->error ? fetch->error->message : "");
  check_asked (server, 0, "1000-", ETAG);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL),
      instead[__i__].calls);
  if (instead[__i__].calls == 2)
    fail_if (strstr (kling_test_server_call (server, 1)->head, "Range:"));
  fail_unless_equals_int (fetch->status, 200);
  fail_unless_equals_int (fetch->begun, 1);
  check_body (fetch, body, 0);
}

GST_END_TEST;

/* A 416 to a question for the whole file is an error, not a loop. */
GST_START_TEST (test_416_for_ever)
{
  static const KlingTestStep steps[] = { {.status = 416} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) fetch = fetch_new ();

  ask_rest (fetch, 1000, WHOLE, ETAG);
  fail_if (fetch_run (fetch, server, "/"));
  check_error (fetch, KLING_ERROR_SERVICE, "answers 416");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 2);
}

GST_END_TEST;

/* A 206 that is not the rest of the same file, @size bytes of it */
static const struct
{
  const gchar *headers;
  gsize size;
} misfits[] = {
  {"Content-Range: bytes 999-599999/600000\r\n", 599001},
  {"Content-Range: bytes 1001-599999/600000\r\n", 598999},
  {"Content-Range: bytes 0-599999/600000\r\n", 600000},
  {"Content-Range: bytes 1000-599999/599999\r\n", 599000},
  {"Content-Range: bytes 1000-599999/700000\r\n", 599000},
  {"Content-Range: bytes 1000-599998/599999\r\n", 598999},
  {"Content-Range: bytes 1000-599999/600000\r\n", 598000},
  {"Content-Range: bytes 1000-999/600000\r\n", 1},
  {"Content-Range: bytes 1000-18446744073709551615/600000\r\n", 599000},
  {"Content-Range: bytes */600000\r\n", 599000},
  {"Content-Range: words 1000-599999/600000\r\n", 599000},
  {"Content-Range: bytes 1000-599999/600000\r\nETag: \"v2\"\r\n", 599000},
  {"Content-Range: bytes 1000-599999/600000\r\nETag: W/" ETAG "\r\n", 599000},
  {"Content-Type: multipart/byteranges; boundary=x\r\n", 599000},
};

GST_START_TEST (test_misfit)
{
  g_autofree gchar *body = make_body (WHOLE);
  KlingTestStep step = {.status = 206,.body = body,
    .size = misfits[__i__].size,.headers = misfits[__i__].headers
  };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) fetch = fetch_new ();

  ask_rest (fetch, 1000, WHOLE, ETAG);
  fail_if (fetch_run (fetch, server, "/v.mp4?sig=planted"));
  check_error (fetch, KLING_ERROR_SERVICE, "sends something else");
  fail_unless_equals_int (fetch->status, 206);
  fail_unless_equals_int (fetch->begun, 0);
  fail_unless_equals_int (fetch->body->len, 0);
}

GST_END_TEST;

/* The length may be known from one side only, and the rest come in chunks or in
 * several parts. */
GST_START_TEST (test_unknown_lengths)
{
  g_autofree gchar *body = make_body (WHOLE);
  KlingTestStep steps[] = {
    {.path = "/open",.status = 206,.body = body + 1000,.size = WHOLE - 1000,
        .headers = "Content-Range: bytes 1000-599999/*\r\n"},
    {.path = "/less",.status = 206,.body = body + 1000,.size = 9000,
        .headers = "Content-Range: bytes 1000-9999/600000\r\n"},
    {.path = "/bare",.status = 206,.body = body + 1000,.size = WHOLE - 1000,
        .length = -1,.headers = "Content-Range: bytes 1000-599999/600000\r\n"},
    {.path = "/more",.status = 206,.body = body + 1000,.size = WHOLE - 1000,
        .length = -1,.headers = "Content-Range: bytes 1000-599998/599999\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  static const struct
  {
    const gchar *path;
    goffset length;
    const gchar *words;
  } rows[] = {
    {"/open", WHOLE, NULL},
    {"/open", -1, "sends something else"},
    {"/less", WHOLE, "ended after 10000 of 600000 bytes"},
    {"/bare", -1, NULL},
    {"/more", -1, "sends more than the 599999 bytes"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Fetch) fetch = fetch_new ();

    ask_rest (fetch, 1000, rows[i].length, ETAG);
    if (fetch_run (fetch, server, rows[i].path)) {
      fail_unless (rows[i].words == NULL, "%s", rows[i].path);
      check_body (fetch, body, 1000);
    } else {
      fail_unless (rows[i].words != NULL, "%s", fetch->error->message);
      fail_unless (strstr (fetch->error->message, rows[i].words), "%s",
          fetch->error->message);
    }
  }
}

GST_END_TEST;

#define LONG32 "0123456789abcdef0123456789abcdef"
#define LONG256 LONG32 LONG32 LONG32 LONG32 LONG32 LONG32 LONG32 LONG32
#define OLD "Last-Modified: Mon, 06 Jul 2026 10:00:00 GMT\r\n"
#define OLD_DATE "Mon, 06 Jul 2026 10:00:00 GMT"

/* By what a file is known again */
static const struct
{
  const gchar *headers;
  const gchar *validator;
} validators[] = {
  {"", NULL},
  {"ETag: \"\"\r\n", "\"\""},
  {"ETag: \"a!#~-1\"\r\n", "\"a!#~-1\""},
  {"ETag: W/\"a\"\r\n", NULL},
  {"ETag: w/\"a\"\r\n", NULL},
  {"ETag: a\r\n", NULL},
  {"ETag: \"\r\n", NULL},
  {"ETag: \"a\r\n", NULL},
  {"ETag: \"a\"b\"\r\n", NULL},
  {"ETag: \"a b\"\r\n", NULL},
  {"ETag: \"a\x01\"\r\n", NULL},
  {"ETag: \"\xc3\xa4\"\r\n", NULL},
  {"ETag: \"" LONG256 "\"\r\n", NULL},
  {OLD "Date: Mon, 06 Jul 2026 10:00:01 GMT\r\n", OLD_DATE},
  {OLD "Date: Mon, 06 Jul 2026 10:00:00 GMT\r\n", NULL},
  {OLD "Date: Mon, 06 Jul 2026 09:00:00 GMT\r\n", NULL},
  {OLD, NULL},
  {OLD "Date: today\r\n", NULL},
  {"Last-Modified: long ago\r\nDate: Mon, 06 Jul 2026 10:00:01 GMT\r\n", NULL},
  {OLD "Date: Mon, 06 Jul 2026 10:00:01 GMT\r\nETag: W/\"a\"\r\n", NULL},
  {OLD "Date: Mon, 06 Jul 2026 10:00:01 GMT\r\nETag: \"a\"\r\n", "\"a\""},
};

GST_START_TEST (test_validator)
{
  KlingTestStep step = {.body = "whole",.headers = validators[__i__].headers };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) fetch = fetch_new ();

  fail_unless (fetch_run (fetch, server, "/"));
  fail_unless_equals_string (fetch->validator, validators[__i__].validator);
}

GST_END_TEST;

/* A date asks as well, and is looked for in what comes. */
GST_START_TEST (test_rest_by_date)
{
  g_autofree gchar *body = make_body (WHOLE);
  KlingTestStep steps[] = {
    {.times = 1,.status = 206,.body = body + 1000,.size = WHOLE - 1000,
        .headers = OLD "Content-Range: bytes 1000-599999/600000\r\n"},
    {.status = 206,.body = body + 1000,.size = WHOLE - 1000,
        .headers = "Last-Modified: Mon, 06 Jul 2026 10:00:09 GMT\r\n"
          "Content-Range: bytes 1000-599999/600000\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) same = fetch_new ();
  g_autoptr (Fetch) changed = fetch_new ();

  ask_rest (same, 1000, WHOLE, OLD_DATE);
  fail_unless (fetch_run (same, server, "/"));
  check_asked (server, 0, "1000-", OLD_DATE);
  check_body (same, body, 1000);
  ask_rest (changed, 1000, WHOLE, OLD_DATE);
  fail_if (fetch_run (changed, server, "/"));
  check_error (changed, KLING_ERROR_SERVICE, "sends something else");
}

GST_END_TEST;

/* What was kept by an earlier run may be anything: then all is asked for. */
static const struct
{
  goffset offset;
  const gchar *validator;
} unusable[] = {
  {1000, NULL},
  {1000, ""},
  {1000, "W/" ETAG},
  {1000, "v1"},
  {1000, "\"v1\"\r\nX-Planted: 1"},
  {1000, "\"" LONG256 "\""},
  {0, ETAG},
  {-5, ETAG},
};

GST_START_TEST (test_unusable_rest)
{
  g_autofree gchar *body = make_body (WHOLE);
  KlingTestStep step = {.body = body,.size = WHOLE,.etag = ETAG };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) fetch = fetch_new ();

  ask_rest (fetch, unusable[__i__].offset, WHOLE, unusable[__i__].validator);
  fail_unless (fetch_run (fetch, server, "/"));
  fail_if (strstr (kling_test_server_call (server, 0)->head, "Range"));
  fail_if (strstr (kling_test_server_call (server, 0)->head, "Planted"));
  check_body (fetch, body, 0);
}

GST_END_TEST;

GST_START_TEST (test_rest_redirected)
{
  g_autofree gchar *body = make_body (WHOLE);
  KlingTestStep steps[] = {
    {.path = "/a",.status = 302,.headers = "Location: /b\r\n"},
    {.path = "/b",.body = body,.size = WHOLE,.etag = ETAG},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) fetch = fetch_new ();

  ask_rest (fetch, 1000, WHOLE, ETAG);
  fail_unless (fetch_run (fetch, server, "/a"));
  fail_unless_equals_int (fetch->status, 206);
  check_asked (server, 0, "1000-", ETAG);
  check_asked (server, 1, "1000-", ETAG);
  check_body (fetch, body, 1000);
}

GST_END_TEST;

/* --- the sink says no --- */

GST_START_TEST (test_sink_fails)
{
  g_autofree gchar *body = make_body (4 * KLING_HTTP_BLOCK);
  KlingTestStep step = {.body = body,.size = 4 * KLING_HTTP_BLOCK };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (Fetch) begin = fetch_new ();
  g_autoptr (Fetch) full = fetch_new ();

  begin->fail_begin = TRUE;
  fail_if (fetch_run (begin, server, "/"));
  check_error (begin, KLING_ERROR_LOCAL, "no room");
  full->fail_at = 2 * KLING_HTTP_BLOCK;
  fail_if (fetch_run (full, server, "/"));
  check_error (full, KLING_ERROR_LOCAL, "disk full");
  fail_unless_equals_int (full->body->len, 2 * KLING_HTTP_BLOCK);
}

GST_END_TEST;

/* --- stopping and waiting --- */

static const KlingTestStep slow[] = {
  {.act = KLING_TEST_HANG},
  {.body = "0123456789012345678901234567890123456789",.drip = 200,.block = 1},
  {.act = KLING_TEST_RAW,.body = "HTTP/1.1 200 OK\r\n\r\n.....................",
      .drip = 200,.block = 1},
};

static gpointer
cancel_later (gpointer user_data)
{
  g_usleep (500000);
  g_cancellable_cancel (user_data);
  return NULL;
}

GST_START_TEST (test_cancel)
{
  g_autoptr (KlingTestServer) server =
      kling_test_server_start (&slow[__i__], 1);
  g_autoptr (Fetch) fetch = fetch_new ();
  GThread *thread = g_thread_new ("cancel", cancel_later, fetch->cancellable);

  fail_if (fetch_run (fetch, server, "/"));
  g_thread_join (thread);
  check_error (fetch, KLING_ERROR_CANCELLED, "stopped");
  fail_unless (fetch->took >= 400000 && fetch->took < 500000 + AT_ONCE);
}

GST_END_TEST;

/* The socket is never silent for a second, and still the deadline holds. */
GST_START_TEST (test_deadline)
{
  g_autoptr (KlingTestServer) server = kling_test_server_start (&slow[1], 1);
  g_autoptr (Fetch) fetch = fetch_new ();

  fetch->deadline = kling_clock_after (3 * KLING_SECOND);
  fail_if (fetch_run (fetch, server, "/"));
  check_error (fetch, KLING_ERROR_TIMED_OUT, "in time");
  fail_unless (fetch->took < 3 * G_USEC_PER_SEC + AT_ONCE);
  fail_unless_equals_int (fetch->status, 200);
}

GST_END_TEST;

GST_START_TEST (test_silence)
{
  static const KlingTestStep steps[] = { {.act = KLING_TEST_HANG} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Fetch) timeout = fetch_new ();
  g_autoptr (Fetch) deadline = fetch_new ();

  timeout->timeout = KLING_SECOND / 2;
  fail_if (fetch_run (timeout, server, "/"));
  check_error (timeout, KLING_ERROR_TIMED_OUT, "in time");
  fail_unless (timeout->took < AT_ONCE);

  deadline->deadline = kling_clock_after (KLING_SECOND / 2);
  fail_if (fetch_run (deadline, server, "/"));
  check_error (deadline, KLING_ERROR_TIMED_OUT, "in time");
  fail_unless (deadline->took < AT_ONCE);
}

GST_END_TEST;

GST_START_TEST (test_not_even_begun)
{
  g_autoptr (KlingTestServer) server = kling_test_server_start (NULL, 0);
  g_autoptr (Fetch) late = fetch_new ();
  g_autoptr (Fetch) cancelled = fetch_new ();

  late->deadline = kling_clock_now () - 1;
  fail_if (fetch_run (late, server, "/"));
  check_error (late, KLING_ERROR_TIMED_OUT, "in time");
  g_cancellable_cancel (cancelled->cancellable);
  fail_if (fetch_run (cancelled, server, "/"));
  check_error (cancelled, KLING_ERROR_CANCELLED, "stopped");
  fail_unless_equals_int (kling_test_server_count_connections (server), 0);
}

GST_END_TEST;

static Suite *
fetch_suite (void)
{
  Suite *suite = suite_create ("fetch");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_sizes, 0, G_N_ELEMENTS (sizes));
  tcase_add_test (tc, test_chunked);
  tcase_add_test (tc, test_not_unpacked);
  tcase_add_loop_test (tc, test_cut, 0, G_N_ELEMENTS (cuts));
  tcase_add_loop_test (tc, test_statuses, 0, G_N_ELEMENTS (statuses));
  tcase_add_test (tc, test_unreachable);
  tcase_add_loop_test (tc, test_redirect, 0, G_N_ELEMENTS (redirects));
  tcase_add_test (tc, test_redirect_count);
  tcase_add_test (tc, test_forbidden);
  tcase_add_loop_test (tc, test_rest, 0, G_N_ELEMENTS (offsets));
  tcase_add_loop_test (tc, test_all_instead, 0, G_N_ELEMENTS (instead));
  tcase_add_test (tc, test_416_for_ever);
  tcase_add_loop_test (tc, test_misfit, 0, G_N_ELEMENTS (misfits));
  tcase_add_test (tc, test_unknown_lengths);
  tcase_add_loop_test (tc, test_validator, 0, G_N_ELEMENTS (validators));
  tcase_add_test (tc, test_rest_by_date);
  tcase_add_loop_test (tc, test_unusable_rest, 0, G_N_ELEMENTS (unusable));
  tcase_add_test (tc, test_rest_redirected);
  tcase_add_test (tc, test_sink_fails);
  tcase_add_loop_test (tc, test_cancel, 0, G_N_ELEMENTS (slow));
  tcase_add_test (tc, test_deadline);
  tcase_add_test (tc, test_silence);
  tcase_add_test (tc, test_not_even_begun);
  return suite;
}

GST_CHECK_MAIN (fetch);
