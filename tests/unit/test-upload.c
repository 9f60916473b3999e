/* klinglipsync: tests of what all upload places have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "upload-case.h"

#include <sys/socket.h>
#include "kling-log.h"

/* --- tries --- */

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
  g_autoptr (Case) c = case_new (5000);
  g_autofree gchar *base = NULL;

  steps[0].status = refusals[__i__].status;
  server = START_SERVER (steps);
  base = kling_test_server_url (server, "");
  fail_if (case_put_at (c, server, "", "/dir/{name}?sig=planted"));
  case_check_unpaid (c, refusals[__i__].code, refusals[__i__].words);
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
  g_autoptr (Case) c = case_new (300000);

  fail_unless (case_put_at (c, server, "", "/{name}"), "%s",
      c->error ? c->error->message : "");
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 5);
  for (guint i = 0; i < 5; i++) {
    case_check_body (c, kling_test_server_call (server, i));
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
  g_autoptr (Case) c = case_new (10);

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
  g_autoptr (Case) c = case_new (100);

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
  g_autoptr (Case) c = case_new (12 * 1024 * 1024);
  g_autofree gchar *address = g_strdup_printf ("%shttp://127.0.0.1:%u/x",
      befores[__i__], breaker->port);

  fail_if (case_put (c, address));
  case_check_unpaid (c, KLING_ERROR_NETWORK, "in 5 tries");
  fail_unless (c->sent < c->told_size);
  fail_unless_equals_int (g_atomic_int_get (&breaker->connections), 5);
  breaker_stop (breaker);
}

GST_END_TEST;

GST_START_TEST (test_nobody_there)
{
  KlingTestServer *server = kling_test_server_start (NULL, 0);
  g_autoptr (Case) c = case_new (100);
  g_autofree gchar *address = kling_test_server_url (server, "/{name}");

  kling_test_server_stop (server);
  fail_if (case_put (c, address));
  case_check_unpaid (c, KLING_ERROR_NETWORK,
      "nothing accepts connections there");
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
  case_check_error (c, KLING_ERROR_CANCELLED, "stopped");
  fail_unless (g_get_monotonic_time () - begun < 10 * G_USEC_PER_SEC);
  g_thread_join (thread);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    g_free (addresses[i]);
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
  g_autoptr (Case) c = case_new (10);

  steps[1] = publics[__i__].step;
  server = START_SERVER (steps);
  fail_unless (case_put_at (c, server, "", "/planted/{name}"));
  fail_if (case_check (c));
  case_check_unpaid (c, publics[__i__].code, publics[__i__].words);
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
  g_autoptr (Case) c = case_new (10);

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
  g_autoptr (Case) c = case_new (10);

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
    case_check_error (c, c->error->code, removals[__i__].words);
    fail_if (strstr (c->error->message, "nothing was paid"));
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

/* However a text is cut, at most so much of a secret is left that it is still
 * one. */
static void
check_cuts (const Case * c, const gchar * text, const gchar * secret)
{
  const gchar *begin = strstr (text, secret);

  fail_unless (begin != NULL);
  for (gsize i = begin - text + 8; i <= strlen (text); i++) {
    g_autofree gchar *start = g_strndup (text, i);
    g_autofree gchar *cut = g_strconcat (start, "...", NULL);
    g_autofree gchar *quote = g_strdup_printf ("\"%s\" is bad", start);
    g_autofree gchar *told = kling_uploaded_redact (c->uploaded, cut);
    g_autofree gchar *quoted = kling_uploaded_redact (c->uploaded, quote);

    fail_unless (g_regex_match_simple ("^\\(the uploaded file\\)\\.+$", told,
            0, 0), "%s", told);
    fail_unless_equals_string (quoted, "\"(the uploaded file)\" is bad");
  }
}

GST_START_TEST (test_cut_words)
{
  static const KlingTestStep steps[] = { {"PUT"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *base = kling_test_server_url (server, "");
  g_autofree gchar *other = g_strconcat (base, "/v1/videos/none", NULL);
  g_autofree gchar *redacted = NULL;
  g_autofree gchar *name = NULL;
  const gchar *url, *token;

  c->cleanup = __i__ == 0;
  fail_unless (case_put_at (c, server, "", "/v1/videos/{name}?sig=planted"));
  url = kling_uploaded_get_url (c->uploaded);
  name = g_strndup (strrchr (url, '/') + 1, strcspn (strrchr (url, '/'), ".")
      - 1);
  token = c->cleanup ? strchr (name, '-') + 1 : name;
  check_cuts (c, url, token);
  check_cuts (c, url + strlen (base), token);
  check_cuts (c, name, token);
  check_cuts (c, token, token);
  redacted = kling_uploaded_redact (c->uploaded, other);
  fail_unless_equals_string (redacted, other);
}

GST_END_TEST;

/* The name that a form gives to a file is not ours: all of the path may be a
 * secret. */
GST_START_TEST (test_cut_words_of_others)
{
  static const KlingTestStep steps[] = { {"POST",
      .body = "{\"url\":\"https://media.example/v1/files/secret/a.wav\"}"}
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *post = kling_test_server_url (server, "/up#url=/url");
  g_autofree gchar *address = g_strconcat ("post+", post, NULL);
  g_autofree gchar *redacted = NULL;

  fail_unless (case_put (c, address), "%s", c->error ? c->error->message : "");
  check_cuts (c, kling_uploaded_get_url (c->uploaded), "v1/files");
  check_cuts (c, "/v1/files/secret/a.wav", "v1/files");
  redacted = kling_uploaded_redact (c->uploaded,
      "no https://media.example/v1/files/new");
  fail_unless_equals_string (redacted, "no https://media.example/v1/files/new");
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

  case_set_aws (FALSE);
  g_setenv ("AWS_REGION", "us-east-1", TRUE);
  c->public_url = wrong[__i__].public_url;
  fail_if (case_open (c, wrong[__i__].address));
  case_check_error (c, KLING_ERROR_SETTINGS, wrong[__i__].words);
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
  case_check_error (c, KLING_ERROR_SETTINGS, "upload-headers");
  c->headers = type;
  fail_if (case_open (c, "post+https://a/"));
  case_check_error (c, KLING_ERROR_SETTINGS, "how the form is written");
  fail_if (case_open (c, "serve:0"));
  case_check_error (c, KLING_ERROR_SETTINGS, "no meaning for serve:");
}

GST_END_TEST;

/* --- the log --- */

static GMutex log_mutex;
static GString *log_text;

static void
G_GNUC_PRINTF (5, 0)
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
  g_autoptr (Case) c = case_new (10);

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
  tcase_add_loop_test (tc, test_refused, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tc, test_repeated);
  tcase_add_test (tc, test_not_taken_back);
  tcase_add_test (tc, test_retry_after);
  tcase_add_loop_test (tc, test_reset_within_body, 0, 2);
  tcase_add_test (tc, test_nobody_there);
  tcase_add_loop_test (tc, test_stop, 0, 3);
  tcase_add_loop_test (tc, test_check_refused, 0, G_N_ELEMENTS (publics));
  tcase_add_test (tc, test_check_accepted);
  tcase_add_test (tc, test_check_stops_at_headers);
  tcase_add_loop_test (tc, test_remove, 0, G_N_ELEMENTS (removals));
  tcase_add_test (tc, test_words);
  tcase_add_loop_test (tc, test_cut_words, 0, 2);
  tcase_add_test (tc, test_cut_words_of_others);
  tcase_add_loop_test (tc, test_wrong_address, 0, G_N_ELEMENTS (wrong));
  tcase_add_loop_test (tc, test_wrong_headers, 0, G_N_ELEMENTS (wrong_headers));
  tcase_add_test (tc, test_log);
  return s;
}

int
main (int argc, char **argv)
{
  g_setenv ("KLING_TEST_SPEED", CASE_SPEED, TRUE);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (upload_suite (), "upload", __FILE__);
}
