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
      fetch->timeout, fetch->deadline, fetch->cancellable, &sink, fetch, &fetch->status,
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
  tcase_add_test (tc, test_sink_fails);
  tcase_add_loop_test (tc, test_cancel, 0, G_N_ELEMENTS (slow));
  tcase_add_test (tc, test_deadline);
  tcase_add_test (tc, test_silence);
  tcase_add_test (tc, test_not_even_begun);
  return suite;
}

GST_CHECK_MAIN (fetch);
