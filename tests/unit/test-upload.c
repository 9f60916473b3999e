/* klinglipsync: tests of the upload places
 *
 * Places that serve are in test-serve.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <stdlib.h>
#include <sys/socket.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"
#include "kling-sigv4.h"
#include "kling-testserver.h"
#include "kling-upload.h"

#define DIGEST \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UNPAID "Nothing was sent to the service yet, and nothing was paid."
#define PATIENT (30 * KLING_SECOND)

#define START_SERVER(steps) \
  kling_test_server_start (steps, G_N_ELEMENTS (steps))

/* --- a file and the way --- */

typedef struct
{
  KlingHttp *http;
  KlingSpool *spool;
  guint8 *bytes;
  gsize size;
  GCancellable *stop;
  gint64 timeout;
  gint64 life;
  gboolean cleanup;
  const gchar *public_url;
  const gchar *const *headers;

  KlingUpload *upload;
  KlingUploaded *uploaded;
  GError *error;
  goffset sent, told_size;
  guint told;
} Case;

static Case *
case_new (gsize size)
{
  Case *c = g_new0 (Case, 1);

  c->http = kling_http_new (NULL, NULL, "kling-test/1", NULL);
  c->spool = kling_spool_new ("speech");
  c->size = size;
  c->bytes = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++)
    c->bytes[i] = (guint8) (i * 7 % 251);
  fail_unless (kling_spool_write (c->spool, c->bytes, size, NULL));
  fail_unless (kling_spool_finish (c->spool, NULL));
  c->stop = g_cancellable_new ();
  c->timeout = PATIENT;
  c->life = 7200 * KLING_SECOND;
  c->cleanup = TRUE;
  return c;
}

static void
case_free (Case * c)
{
  g_clear_pointer (&c->uploaded, kling_uploaded_free);
  g_clear_pointer (&c->upload, kling_upload_unref);
  kling_http_unref (c->http);
  kling_spool_unref (c->spool);
  g_object_unref (c->stop);
  g_clear_error (&c->error);
  g_free (c->bytes);
  g_free (c);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free);

static void
note_progress (goffset sent, goffset size, gpointer user_data)
{
  Case *c = user_data;

  fail_unless (sent <= size);
  c->sent = sent;
  c->told_size = size;
  c->told++;
}

static KlingUploadWay
case_way (Case * c)
{
  KlingUploadWay way = { c->http, c->timeout, c->life, c->stop, note_progress,
    c
  };

  return way;
}

static gboolean
case_open (Case * c, const gchar * address)
{
  KlingUploadConfig config = { address, c->public_url, c->headers, c->cleanup };

  g_clear_pointer (&c->upload, kling_upload_unref);
  g_clear_error (&c->error);
  c->upload = kling_upload_new (&config, &c->error);
  fail_unless ((c->upload == NULL) == (c->error != NULL));
  return c->upload != NULL;
}

static gboolean
case_put (Case * c, const gchar * address)
{
  KlingUploadFile file = { c->spool, DIGEST, "wav", "audio/wav" };
  KlingUploadWay way = case_way (c);

  fail_unless (case_open (c, address), "%s", c->error ? c->error->message : "");
  g_clear_pointer (&c->uploaded, kling_uploaded_free);
  c->uploaded = kling_upload_put (c->upload, &file, &way, &c->error);
  fail_unless ((c->uploaded == NULL) == (c->error != NULL));
  return c->uploaded != NULL;
}

static gboolean
case_put_at (Case * c, KlingTestServer * server, const gchar * before,
    const gchar * path)
{
  g_autofree gchar *url = kling_test_server_url (server, path);
  g_autofree gchar *address = g_strconcat (before, url, NULL);

  return case_put (c, address);
}

static gboolean
case_check (Case * c)
{
  KlingUploadWay way = case_way (c);

  return kling_uploaded_check (c->uploaded, &way, &c->error);
}

static gboolean
case_remove (Case * c)
{
  KlingUploadWay way = case_way (c);

  return kling_uploaded_remove (c->uploaded, &way, &c->error);
}

static void
check_error (const Case * c, KlingError code, const gchar * words)
{
  fail_unless (g_error_matches (c->error, KLING_ERROR, code), "%s",
      c->error ? c->error->message : "no error");
  fail_unless (strstr (c->error->message, words), "%s", c->error->message);
  fail_if (strstr (c->error->message, "planted"), "%s", c->error->message);
}

static void
check_unpaid (const Case * c, KlingError code, const gchar * words)
{
  check_error (c, code, words);
  fail_unless (g_str_has_suffix (c->error->message, UNPAID), "%s",
      c->error->message);
}

static void
check_call_body (const Case * c, const KlingTestCall * call)
{
  g_autofree gchar *length = g_strdup_printf ("\r\nContent-Length: %"
      G_GSIZE_FORMAT "\r\n", c->size);

  fail_unless (strstr (call->head, length), "%s", call->head);
  fail_if (strstr (call->head, "Transfer-Encoding"));
  fail_unless_equals_int (g_bytes_get_size (call->body), c->size);
  fail_unless (c->size == 0
      || memcmp (g_bytes_get_data (call->body, NULL), c->bytes, c->size) == 0);
}

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
  check_call_body (c, call);
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
      "/" DIGEST ".wav");
  fail_if (kling_uploaded_is_owed (c->uploaded));
  c->public_url = "https://cdn.example/x/{name}?v=1";
  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless_equals_string (kling_uploaded_get_url (c->uploaded),
      "https://cdn.example/x/" DIGEST ".wav?v=1");
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

/* --- tries --- */

/* The waits between tries are drawn from up to 15 seconds: the clock runs so
 * fast that they do not count, and the timeouts are made so long that they do
 * not either. */
static Case *
fast_case_new (gsize size)
{
  Case *c;

  g_setenv ("KLING_TEST_SPEED", "30", TRUE);
  c = case_new (size);
  c->timeout = 600 * KLING_SECOND;
  return c;
}

static const struct
{
  guint status;
  guint tries;
  guint taken_back;
  KlingError code;
  const gchar *words;
} refusals[] = {
  {500, 5, 1, KLING_ERROR_SERVICE, "when the directory is not there"},
  {503, 5, 1, KLING_ERROR_SERVICE, "in 5 tries"},
  {408, 5, 1, KLING_ERROR_SERVICE, "try again later"},
  {429, 5, 0, KLING_ERROR_SERVICE, "HTTP 429"},
  {401, 1, 0, KLING_ERROR_NOT_AUTHORIZED, "not those of the service"},
  {403, 1, 0, KLING_ERROR_NOT_AUTHORIZED, "credentials of the upload place"},
  {404, 1, 0, KLING_ERROR_SETTINGS, "directory is not there"},
  {409, 1, 0, KLING_ERROR_SETTINGS, "directory is not there"},
  {413, 1, 0, KLING_ERROR_SETTINGS, "5000 bytes"},
  {400, 1, 0, KLING_ERROR_SETTINGS, "HTTP 400"},
  {301, 1, 0, KLING_ERROR_SETTINGS, "final address"},
  {307, 1, 0, KLING_ERROR_SETTINGS, "final address"},
};

GST_START_TEST (test_refused)
{
  KlingTestStep steps[] = {
    {"PUT",.headers = "Location: /elsewhere\r\n",.body = "planted"},
  };
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Case) c = fast_case_new (5000);
  g_autofree gchar *base = NULL;

  steps[0].status = refusals[__i__].status;
  server = START_SERVER (steps);
  base = kling_test_server_url (server, "");
  fail_if (case_put_at (c, server, "", "/dir/{name}?sig=planted"));
  check_unpaid (c, refusals[__i__].code, refusals[__i__].words);
  fail_unless (strstr (c->error->message, base));
  fail_unless_equals_int (kling_test_server_count (server, "PUT", NULL),
      refusals[__i__].tries);
  fail_unless_equals_int (kling_test_server_count (server, "DELETE", NULL),
      refusals[__i__].taken_back);
}

GST_END_TEST;

GST_START_TEST (test_repeated)
{
  static const KlingTestStep steps[] = {
    {"PUT",.times = 1,.status = 500},
    {"PUT",.times = 1,.act = KLING_TEST_RESET},
    {"PUT",.times = 1,.act = KLING_TEST_CLOSE},
    {"PUT",.times = 1,.status = 429},
    {"PUT"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = fast_case_new (300000);

  fail_unless (case_put_at (c, server, "", "/{name}"), "%s",
      c->error ? c->error->message : "");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 5);
  for (guint i = 0; i < 5; i++) {
    check_call_body (c, kling_test_server_call (server, i));
    fail_unless_equals_string (kling_test_server_call (server, i)->path,
        kling_test_server_call (server, 0)->path);
  }
}

GST_END_TEST;

/* What stays under a name of its own is not taken back. */
GST_START_TEST (test_not_taken_back)
{
  static const KlingTestStep steps[] = { {NULL,.status = 500} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = fast_case_new (10);

  c->cleanup = FALSE;
  fail_if (case_put_at (c, server, "", "/{name}"));
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 5);
}

GST_END_TEST;

/* The least wait, two seconds and more of the machine's, is kept. */
GST_START_TEST (test_retry_after)
{
  static const KlingTestStep steps[] = {
    {"PUT",.times = 1,.status = 503,.headers = "Retry-After: 90\r\n"}, {"PUT"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = fast_case_new (100);

  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless (kling_test_server_call (server, 1)->time
      - kling_test_server_call (server, 0)->time >= 3 * G_USEC_PER_SEC);
}

GST_END_TEST;

/* Reads a part of each request, then resets: what kling-testserver, which reads
 * it all, cannot do. */
typedef struct
{
  GSocketListener *listener;
  GThread *thread;
  GCancellable *stopping;
  guint16 port;
  gint connections;
} Breaker;

static gpointer
breaker_run (gpointer user_data)
{
  Breaker *breaker = user_data;

  for (;;) {
    g_autoptr (GSocket) socket = g_socket_listener_accept_socket
        (breaker->listener, NULL, breaker->stopping, NULL);
    struct linger linger = { 1, 0 };
    gchar block[4096];
    gsize got = 0;
    gssize n = 1;

    if (socket == NULL)
      return NULL;
    g_atomic_int_inc (&breaker->connections);
    while (got < 300000 && n > 0) {
      n = g_socket_receive (socket, block, sizeof block, breaker->stopping,
          NULL);
      got += MAX (n, 0);
    }
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger,
        sizeof linger);
  }
}

static Breaker *
breaker_start (void)
{
  Breaker *breaker = g_new0 (Breaker, 1);

  breaker->stopping = g_cancellable_new ();
  breaker->listener = g_socket_listener_new ();
  breaker->port = g_socket_listener_add_any_inet_port (breaker->listener, NULL,
      NULL);
  breaker->thread = g_thread_new ("breaker", breaker_run, breaker);
  return breaker;
}

static void
breaker_stop (Breaker * breaker)
{
  g_cancellable_cancel (breaker->stopping);
  g_thread_join (breaker->thread);
  g_object_unref (breaker->listener);
  g_object_unref (breaker->stopping);
  g_free (breaker);
}

/* No form arrives when it is cut off: it may be sent again. */
GST_START_TEST (test_reset_within_body)
{
  static const gchar *const befores[] = { "", "post+" };
  Breaker *breaker = breaker_start ();
  g_autoptr (Case) c = fast_case_new (12 * 1024 * 1024);
  g_autofree gchar *address = g_strdup_printf ("%shttp://127.0.0.1:%u/x",
      befores[__i__], breaker->port);

  fail_if (case_put (c, address));
  check_unpaid (c, KLING_ERROR_NETWORK, "in 5 tries");
  fail_unless (c->sent < c->told_size);
  fail_unless_equals_int (g_atomic_int_get (&breaker->connections), 5);
  breaker_stop (breaker);
}

GST_END_TEST;

GST_START_TEST (test_nobody_there)
{
  KlingTestServer *server = kling_test_server_start (NULL, 0);
  g_autoptr (Case) c = fast_case_new (100);
  g_autofree gchar *address = kling_test_server_url (server, "/{name}");

  kling_test_server_stop (server);
  fail_if (case_put (c, address));
  check_unpaid (c, KLING_ERROR_NETWORK, "nothing accepts connections there");
}

GST_END_TEST;

static gpointer
cancel_later (gpointer user_data)
{
  Case *c = user_data;

  g_usleep (G_USEC_PER_SEC / 2);
  g_cancellable_cancel (c->stop);
  return NULL;
}

/* A server that is silent, one that asks to wait for an hour, and one that does
 * not read */
GST_START_TEST (test_stop)
{
  static const KlingTestStep steps[] = {
    {"PUT", "/hang",.act = KLING_TEST_HANG},
    {"PUT", "/wait",.status = 503,.headers = "Retry-After: 3600\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (GSocketListener) deaf = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (deaf, NULL, NULL);
  gchar *addresses[] = {
    kling_test_server_url (server, "/hang"),
    kling_test_server_url (server, "/wait"),
    g_strdup_printf ("http://127.0.0.1:%u/", port),
  };
  g_autoptr (Case) c = case_new (20 * 1024 * 1024);
  GThread *thread = g_thread_new ("cancel", cancel_later, c);
  gint64 begun = g_get_monotonic_time ();

  fail_if (case_put (c, addresses[__i__]));
  check_error (c, KLING_ERROR_CANCELLED, "stopped");
  fail_unless (g_get_monotonic_time () - begun < 10 * G_USEC_PER_SEC);
  g_thread_join (thread);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    g_free (addresses[i]);
}

GST_END_TEST;

/* An answer that drips never meets the timeout of the socket. */
GST_START_TEST (test_drip)
{
  static const KlingTestStep steps[] = {
    {"PUT",.act = KLING_TEST_RAW,.drip = 500,.block = 1,
        .body = "HTTP/1.1 200 OK with a reason that takes more than a minute,"
          " because there is no end to what it says, and it says it slowly"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = NULL;
  gint64 begun = g_get_monotonic_time ();
  KlingHttpParcel parcel = { "PUT" };
  g_auto (KlingHttpAnswer) answer = { 0 };
  g_autofree gchar *url = kling_test_server_url (server, "/secret?planted");

  c = case_new (10);
  parcel.url = url;
  parcel.timeout = PATIENT;
  parcel.deadline = kling_clock_after (3 * KLING_SECOND);
  fail_if (kling_http_send (c->http, &parcel, NULL, &answer, &c->error));
  check_error (c, KLING_ERROR_TIMED_OUT, "in time");
  fail_if (strstr (c->error->message, "secret"));
  fail_unless (answer.sent && answer.sent_all);
  fail_unless (g_get_monotonic_time () - begun < 20 * G_USEC_PER_SEC);
}

GST_END_TEST;

/* --- kling_http_send() itself --- */

GST_START_TEST (test_send_answers)
{
  g_autofree gchar *large = g_strnfill (KLING_HTTP_MAX_ANSWER + 1, 'x');
  KlingTestStep steps[] = {
    {"POST", "/ok",.status = 202,.body = "fine",
        .headers = "Retry-After: 7\r\nSet-Cookie: a=b\r\n"},
    {"POST", "/large",.body = large},
    {"POST", "/hang",.act = KLING_TEST_HANG},
    {"POST", "/moved",.status = 308,.headers = "Location: /ok\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (0);
  g_autofree gchar *ok = kling_test_server_url (server, "/ok");
  g_autofree gchar *too_large = kling_test_server_url (server, "/large");
  g_autofree gchar *hang = kling_test_server_url (server, "/hang");
  g_autofree gchar *moved = kling_test_server_url (server, "/moved");
  g_autoptr (GBytes) one = g_bytes_new_static ("one,", 4);
  g_autoptr (GBytes) none = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) two = g_bytes_new_static ("two", 3);
  GBytes *body[] = { one, none, two, NULL };
  KlingHttpParcel parcel = { "POST", ok, NULL, "text/plain", body, PATIENT,
    KLING_NEVER
  };
  g_auto (KlingHttpAnswer) answer = { 0 };
  const KlingTestCall *call;

  fail_unless (kling_http_send (c->http, &parcel, NULL, &answer, NULL));
  fail_unless_equals_int (answer.status, 202);
  fail_unless_equals_int64 (answer.retry_after, 7 * KLING_SECOND);
  fail_unless_equals_int (g_bytes_get_size (answer.body), 4);
  fail_unless (answer.sent && answer.sent_all);
  call = kling_test_server_call (server, 0);
  fail_unless_equals_string (g_bytes_get_data (call->body, NULL), "one,two");
  fail_unless (strstr (call->head, "Content-Length: 7\r\n"));
  fail_unless (strstr (call->head, "HTTP/1.1\r\n"));
  kling_http_answer_clear (&answer);

  parcel.url = moved;
  fail_unless (kling_http_send (c->http, &parcel, NULL, &answer, NULL));
  fail_unless_equals_int (answer.status, 308);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 2);
  fail_if (strstr (kling_test_server_call (server, 1)->head, "Cookie"));
  kling_http_answer_clear (&answer);

  parcel.url = too_large;
  fail_if (kling_http_send (c->http, &parcel, NULL, &answer, &c->error));
  check_error (c, KLING_ERROR_SERVICE, "more than 1048576 bytes");
  g_clear_error (&c->error);

  parcel.url = hang;
  parcel.timeout = KLING_SECOND;
  fail_if (kling_http_send (c->http, &parcel, NULL, &answer, &c->error));
  check_error (c, KLING_ERROR_TIMED_OUT, "does not answer in time");
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
  fail_if (kling_uploaded_is_owed (c->uploaded));

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
  check_error (c, KLING_ERROR_SETTINGS, "no way to delete");
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
  check_unpaid (c, KLING_ERROR_SETTINGS, answers[__i__].words);
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
  g_autoptr (Case) c = fast_case_new (5000);

  fail_if (case_put_at (c, server, "post+", paths[__i__]));
  check_unpaid (c, __i__ == 2 ? KLING_ERROR_NETWORK : KLING_ERROR_SERVICE,
      "could not be uploaded");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

/* --- S3 --- */

static void
set_aws (gboolean token)
{
  g_setenv ("AWS_ACCESS_KEY_ID", "AKPLAIN", TRUE);
  g_setenv ("AWS_SECRET_ACCESS_KEY", "planted-secret", TRUE);
  g_unsetenv ("AWS_SESSION_TOKEN");
  if (token)
    g_setenv ("AWS_SESSION_TOKEN", "plant/ed+token", TRUE);
  g_unsetenv ("AWS_REGION");
  g_unsetenv ("AWS_DEFAULT_REGION");
  g_unsetenv ("AWS_ENDPOINT_URL");
  g_unsetenv ("AWS_ENDPOINT_URL_S3");
}

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
  g_autoptr (Case) c = fast_case_new (10);
  g_autofree gchar *address = s3_address (server, "&region=eu-west-3");
  g_autofree gchar *sha256 = NULL;
  const gchar *url;
  const KlingTestCall *put, *get, *removed;

  set_aws (TRUE);
  fail_unless (case_put (c, address), "%s", c->error ? c->error->message : "");
  put = kling_test_server_call (server, 1);
  check_call_body (c, put);
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

  set_aws (FALSE);
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

  set_aws (FALSE);
  fail_if (case_open (c, "s3://buck/"));
  check_error (c, KLING_ERROR_SETTINGS, "AWS_REGION");
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
  check_error (c, KLING_ERROR_SETTINGS, ": AWS_SECRET_ACCESS_KEY not set");
  g_setenv ("AWS_ACCESS_KEY_ID", "", TRUE);
  fail_if (case_open (c, "s3://buck"));
  check_error (c, KLING_ERROR_SETTINGS,
      ": AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set");
  g_setenv ("AWS_ACCESS_KEY_ID", "plan\nted", TRUE);
  fail_if (case_open (c, "s3://buck"));
  check_error (c, KLING_ERROR_SETTINGS, "AWS_ACCESS_KEY_ID has a blank");
}

GST_END_TEST;

/* --- the public URL --- */

static const struct
{
  KlingTestStep step;
  KlingError code;
  const gchar *words;
  guint reads;
} publics[] = {
  {{"GET",.status = 403}, KLING_ERROR_SETTINGS, "answers HTTP 403", 1},
  {{"GET",.status = 404}, KLING_ERROR_SETTINGS, "is private", 1},
  {{"GET",.body = "123456789"}, KLING_ERROR_SETTINGS,
      "9 bytes instead of 10", 1},
  {{"GET",.body = "0123456789A"}, KLING_ERROR_SETTINGS,
      "11 bytes instead of 10", 1},
  {{"GET",.body = "0123456789A",.length = -1}, KLING_ERROR_SETTINGS,
      "11 bytes instead of 10", 1},
  {{"GET",.body = "012345678",.length = -1}, KLING_ERROR_SETTINGS,
      "9 bytes instead of 10", 1},
  {{"GET",.status = 302,.headers = "Location: http://example.com/p\r\n"},
      KLING_ERROR_SETTINGS, "must be https", 1},
  {{"GET",.status = 500}, KLING_ERROR_SERVICE, "answers 500", 4},
  {{"GET",.act = KLING_TEST_RESET}, KLING_ERROR_NETWORK, "was closed", 4},
};

GST_START_TEST (test_check_refused)
{
  KlingTestStep steps[2] = { {"PUT"} };
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Case) c = fast_case_new (10);

  steps[1] = publics[__i__].step;
  server = START_SERVER (steps);
  fail_unless (case_put_at (c, server, "", "/planted/{name}"));
  fail_if (case_check (c));
  check_unpaid (c, publics[__i__].code, publics[__i__].words);
  fail_if (strstr (c->error->message, "0123456789abcdef-"));
  fail_unless_equals_int (kling_test_server_count (server, "GET", NULL),
      publics[__i__].reads);
}

GST_END_TEST;

GST_START_TEST (test_check_accepted)
{
  static const KlingTestStep steps[] = {
    {"PUT"},
    {"GET",.times = 1,.status = 503},
    {"GET",.times = 1,.status = 302,.headers = "Location: /moved\r\n"},
    {"GET", "/moved",.times = 1,.body = "0123456789"},
    {"GET",.times = 1,.body = "0123456789",.length = -1},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = fast_case_new (10);

  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless (case_check (c), "%s", c->error ? c->error->message : "");
  fail_unless (case_check (c), "%s", c->error ? c->error->message : "");
  fail_unless_equals_int (kling_test_server_count (server, "GET", NULL), 4);
}

GST_END_TEST;

/* The headers say it all: a body that comes for an hour is not waited for. */
GST_START_TEST (test_check_stops_at_headers)
{
  static const KlingTestStep steps[] = {
    {"PUT"}, {"GET",.body = "0123456789",.drip = 60000},
    {"DELETE"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  gint64 begun;

  fail_unless (case_put_at (c, server, "", "/{name}"));
  begun = g_get_monotonic_time ();
  fail_unless (case_check (c), "%s", c->error ? c->error->message : "");
  fail_unless (g_get_monotonic_time () - begun < 10 * G_USEC_PER_SEC);
}

GST_END_TEST;

/* --- deleting --- */

static const struct
{
  guint status;
  guint tries;
  gboolean gone;
  const gchar *words;
} removals[] = {
  {200, 1, TRUE, NULL},
  {204, 1, TRUE, NULL},
  {404, 1, TRUE, NULL},
  {410, 1, TRUE, NULL},
  {403, 1, FALSE, "delete it by hand"},
  {405, 1, FALSE, "delete it by hand"},
  {500, 5, FALSE, "in 5 tries"},
};

GST_START_TEST (test_remove)
{
  KlingTestStep steps[] = { {"PUT"}, {"DELETE"} };
  g_autoptr (KlingTestServer) server = NULL;
  g_autoptr (Case) c = fast_case_new (10);

  steps[1].status = removals[__i__].status;
  server = START_SERVER (steps);
  fail_unless (case_put_at (c, server, "", "/{name}?sig=planted"));
  fail_unless (case_remove (c) == removals[__i__].gone);
  fail_unless (kling_uploaded_is_owed (c->uploaded) != removals[__i__].gone);
  fail_unless_equals_int (kling_test_server_count (server, "DELETE", NULL),
      removals[__i__].tries);
  fail_unless_equals_string (kling_test_server_call (server, 1)->path,
      kling_test_server_call (server, 0)->path);
  if (!removals[__i__].gone) {
    check_error (c, c->error->code, removals[__i__].words);
    fail_if (strstr (c->error->message, UNPAID));
  }
}

GST_END_TEST;

/* --- words --- */

GST_START_TEST (test_words)
{
  static const KlingTestStep steps[] = { {"PUT"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *public_url =
      kling_test_server_url (server, "/dir/{name}?sig=planted");
  g_autofree gchar *base = kling_test_server_url (server, "");
  g_autofree gchar *words = NULL;
  g_autofree gchar *expected = NULL;
  g_autofree gchar *text = NULL;
  g_autofree gchar *redacted = NULL;
  const gchar *url, *path, *name;

  c->public_url = public_url;
  fail_unless (case_put_at (c, server, "", "/{name}"));
  words = kling_uploaded_describe (c->uploaded);
  expected = g_strdup_printf ("the file 0123....wav at %s", base);
  fail_unless_equals_string (words, expected);

  url = kling_uploaded_get_url (c->uploaded);
  path = url + strlen (base);
  name = path + strlen ("/dir/");
  text = g_strdup_printf ("Bad %s, %s; %.60s %.*s!", url, path, path,
      (gint) strcspn (name, "."), name);
  redacted = kling_uploaded_redact (c->uploaded, text);
  fail_unless_equals_string (redacted, "Bad (the uploaded file), (the uploaded"
      " file); (the uploaded file) (the uploaded file)!");
  fail_unless (kling_uploaded_redact (c->uploaded, NULL) == NULL);
  g_free (redacted);
  redacted = kling_uploaded_redact (c->uploaded, "as 0123456789abcdef-0 \xff");
  fail_unless_equals_string (redacted, "as 0123456789abcdef-0 \xff");
}

GST_END_TEST;

/* --- addresses --- */

static const struct
{
  const gchar *address;
  const gchar *public_url;
  const gchar *words;
} wrong[] = {
  {"", NULL, "none of the places"},
  {"ftp://host/planted", NULL, "ftp://host, is none of the places"},
  {"httpx://planted@host/?planted", NULL, "s3://bucket/prefix"},
  {"http://example.com/{name}?planted", NULL, "http://example.com, cannot"},
  {"https://u:planted@example.com/{name}", NULL, "user name or password"},
  {"https://example.com/{name}#planted", NULL, "fragment"},
  {"https:///planted", NULL, "not a URL with a host"},
  {"https://example.com/pla nted", NULL, "not a URL with a host"},
  {"https://{name}.example.com/{name}", NULL, "in its host"},
  {"https://example.com/?n={name}", NULL, "upload-public-url to"},
  {"https://example.com/{name}", "https://a/planted", "upload-public-url to"},
  {"https://example.com/x", "https://a/{name}", "has not"},
  {"https://example.com/{name}", "http://a.example/{name}", "must be https"},
  {"https://example.com/{name}", "https://{name}/", "in its host"},
  {"post+http://example.com/planted", NULL, "must be https"},
  {"post+https://e/#field=", NULL, "field=file"},
  {"post+https://e/#field=a%22b", NULL, "field=file"},
  {"post+https://e/#field=a%0D%0Aplanted", NULL, "field=file"},
  {"post+https://e/#url=x", NULL, "JSON"},
  {"post+https://e/#planted", NULL, "name=value"},
  {"post+https://e/#name=planted", NULL, "option \"name\""},
  {"post+https://e/", "https://a/{name}", "no meaning for post+https:"},
  {"s3://", NULL, "names no bucket"},
  {"s3://buc%20ket/", NULL, "names no bucket"},
  {"s3://../", NULL, "names no bucket"},
  {"s3://buck/a/../b", NULL, "names no bucket"},
  {"s3://buck/a//b", NULL, "names no bucket"},
  {"s3://planted:planted@buck/", NULL, "names no bucket"},
  {"s3://buck/?region=a/b", NULL, "looks like eu-central-1"},
  {"s3://buck/?region=", NULL, "looks like eu-central-1"},
  {"s3://buck/?expires=0", NULL, "1 to 604800"},
  {"s3://buck/?expires=604801", NULL, "1 to 604800"},
  {"s3://buck/?expires=5m", NULL, "1 to 604800"},
  {"s3://buck/?endpoint=http://a.example/", NULL, "must be https"},
  {"s3://buck/?endpoint=https://a%3Fplanted", NULL, "must not have a query"},
  {"s3://buck/?key=planted", NULL, "option \"key\""},
  {"s3://buck/", "https://a/{name}", "no meaning for s3:"},
  {"serve:", NULL, "from 0 to 65535"},
  {"serve:65536", NULL, "from 0 to 65535"},
  {"serve:-1", NULL, "from 0 to 65535"},
  {"serve:80/planted", NULL, "from 0 to 65535"},
  {"serve:0?public=http://a.example/", NULL, "must be https"},
  {"serve:0?public=https://a/?planted", NULL, "must not have a query"},
  {"serve:0?path=planted", NULL, "option \"path\""},
};

GST_START_TEST (test_wrong_address)
{
  g_autoptr (Case) c = case_new (1);

  set_aws (FALSE);
  g_setenv ("AWS_REGION", "us-east-1", TRUE);
  c->public_url = wrong[__i__].public_url;
  fail_if (case_open (c, wrong[__i__].address));
  check_error (c, KLING_ERROR_SETTINGS, wrong[__i__].words);
}

GST_END_TEST;

static const gchar *const wrong_headers[][3] = {
  {"Host", "planted"},
  {"content-length", "3"},
  {"Transfer-Encoding", "chunked"},
  {"X y", "planted"},
  {"X", "planted\r\nY: z"},
  {"", "planted"},
};

GST_START_TEST (test_wrong_headers)
{
  static const gchar *const type[] = { "content-type", "planted", NULL };
  g_autoptr (Case) c = case_new (1);

  c->headers = wrong_headers[__i__];
  fail_if (case_open (c, "https://a/{name}"));
  check_error (c, KLING_ERROR_SETTINGS, "upload-headers");
  c->headers = type;
  fail_if (case_open (c, "post+https://a/"));
  check_error (c, KLING_ERROR_SETTINGS, "how the form is written");
  fail_if (case_open (c, "serve:0"));
  check_error (c, KLING_ERROR_SETTINGS, "no meaning for serve:");
}

GST_END_TEST;

/* --- the log --- */

static GMutex log_mutex;
static GString *log_text;

static void
keep_line (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
  g_mutex_lock (&log_mutex);
  g_string_append_vprintf (log_text, format, args);
  g_string_append_c (log_text, '\n');
  g_mutex_unlock (&log_mutex);
}

GST_START_TEST (test_log)
{
  static const gchar *const headers[] = { "X-Key", "planted", NULL };
  static const KlingTestStep steps[] = {
    {"PUT",.times = 1,.status = 500,.body = "planted"}, {"PUT"},
    {"GET",.times = 1,.status = 500,.body = "planted"},
    {"GET",.body = "0123456789"}, {"DELETE"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = fast_case_new (10);

  log_text = g_string_new (NULL);
  kling_log_attach (keep_line);
  c->headers = headers;
  fail_unless (case_put_at (c, server, "", "/{name}?sig=planted"));
  fail_unless (case_check (c));
  fail_unless (case_remove (c));
  kling_log_detach ();
  fail_unless (strstr (log_text->str, "PUT http://127.0.0.1:"));
  fail_unless (strstr (log_text->str, "DELETE http://127.0.0.1:"));
  fail_if (strstr (log_text->str, "planted"), "%s", log_text->str);
  fail_if (strstr (log_text->str, "0123456789abcdef-"), "%s", log_text->str);
  g_string_free (log_text, TRUE);
}

GST_END_TEST;

static Suite *
upload_suite (void)
{
  Suite *s = suite_create ("upload");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_put, 0, G_N_ELEMENTS (sizes));
  tcase_add_test (tc, test_put_names);
  tcase_add_test (tc, test_put_ready);
  tcase_add_test (tc, test_put_headers);
  tcase_add_loop_test (tc, test_refused, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tc, test_repeated);
  tcase_add_test (tc, test_not_taken_back);
  tcase_add_test (tc, test_retry_after);
  tcase_add_loop_test (tc, test_reset_within_body, 0, 2);
  tcase_add_test (tc, test_nobody_there);
  tcase_add_loop_test (tc, test_stop, 0, 3);
  tcase_add_test (tc, test_drip);
  tcase_add_test (tc, test_send_answers);
  tcase_add_test (tc, test_post);
  tcase_add_loop_test (tc, test_post_answers, 0, G_N_ELEMENTS (answers));
  tcase_add_loop_test (tc, test_post_pointers, 0, G_N_ELEMENTS (pointers));
  tcase_add_loop_test (tc, test_post_once, 0, 3);
  tcase_add_test (tc, test_s3);
  tcase_add_loop_test (tc, test_s3_life, 0, G_N_ELEMENTS (lives));
  tcase_add_test (tc, test_s3_environment);
  tcase_add_loop_test (tc, test_check_refused, 0, G_N_ELEMENTS (publics));
  tcase_add_test (tc, test_check_accepted);
  tcase_add_test (tc, test_check_stops_at_headers);
  tcase_add_loop_test (tc, test_remove, 0, G_N_ELEMENTS (removals));
  tcase_add_test (tc, test_words);
  tcase_add_loop_test (tc, test_wrong_address, 0, G_N_ELEMENTS (wrong));
  tcase_add_loop_test (tc, test_wrong_headers, 0, G_N_ELEMENTS (wrong_headers));
  tcase_add_test (tc, test_log);
  return s;
}

GST_CHECK_MAIN (upload);
