/* klinglipsync: tests of the HTTP exchange
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>

#include "kling-clock.h"
#include "kling-error.h"
#include "kling-http.h"
#include "kling-log.h"
#include "kling-testserver.h"
#include "test-certificates.h"

/* With the hooks our clock runs so much faster than the machine's. */
#ifdef KLING_TEST_HOOKS
#define SPEED 20
#else
#define SPEED 1
#endif

/* Milliseconds of the machine on our clock */
#define REAL_MS(ms) ((gint64) (ms) * 1000 * SPEED)

/* What "at once" is at most, in microseconds of the machine */
#define AT_ONCE (5 * G_USEC_PER_SEC)

#define KEY "Bearer sk-planted-4711"

/* --- a call in a thread of its own --- */

typedef struct
{
  KlingHttp *http;
  gchar *url;
  const gchar *method;
  const gchar *body;
  gint64 timeout;
  gboolean paid;
  GCancellable *cancellable;
  GThread *thread;

  gboolean answered;
  KlingHttpAnswer answer;
  GError *error;
  gint64 took;                  /* on the machine's clock */
} Call;

static gpointer
call_run (gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GBytes) body = call->body ?
      g_bytes_new_static (call->body, strlen (call->body)) : NULL;
  KlingHttpRequest request = {
    .method = call->method,
    .url = call->url,
    .authorization = KEY,
    .body = body,
    .timeout = call->timeout,
    .paid = call->paid,
  };
  gint64 begun = g_get_monotonic_time ();

  call->answered = kling_http_call (call->http, &request, call->cancellable,
      &call->answer, &call->error);
  call->took = g_get_monotonic_time () - begun;
  fail_unless (call->answered == (call->error == NULL));
  return NULL;
}

static Call *
call_new (KlingHttp * http, gchar * url)
{
  Call *call = g_new0 (Call, 1);

  call->http = kling_http_ref (http);
  call->url = url;
  call->method = "GET";
  call->timeout = REAL_MS (20000);
  call->cancellable = g_cancellable_new ();
  return call;
}

static Call *
call_new_paid (KlingHttp * http, gchar * url)
{
  Call *call = call_new (http, url);

  call->method = "POST";
  call->body = "{\"input\":{}}";
  call->paid = TRUE;
  return call;
}

static void
call_start (Call * call)
{
  call->thread = g_thread_new ("caller", call_run, call);
}

static void
call_join (Call * call)
{
  g_thread_join (call->thread);
}

static void
call_free (Call * call)
{
  kling_http_answer_clear (&call->answer);
  g_clear_error (&call->error);
  g_object_unref (call->cancellable);
  kling_http_unref (call->http);
  g_free (call->url);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free);

static void
check_failed (const Call * call, KlingError code, gboolean sent)
{
  fail_if (call->answered);
  fail_unless (g_error_matches (call->error, KLING_ERROR, code), "%s",
      call->error->message);
  fail_unless_equals_int (call->answer.sent, sent);
  fail_if (strstr (call->error->message, "planted"));
}

static KlingHttp *
new_http (void)
{
  g_autoptr (GError) error = NULL;
  KlingHttp *http = kling_http_new (NULL, NULL, "kling-test/1", &error);

  fail_unless (http != NULL, "%s", error ? error->message : "");
  return http;
}

/* Nothing of ours may be left: the worker ends with its last user. */
static void
teardown (void)
{
  fail_unless (kling_http_wait_for_end (kling_clock_after (REAL_MS (5000))));
}

#define START_SERVER(steps) \
  kling_test_server_start (steps, G_N_ELEMENTS (steps))

/* --- the plain case --- */

GST_START_TEST (test_get)
{
  static const KlingTestStep steps[] = {
    {.body = "{\"code\":0}",.headers = "Set-Cookie: a=b\r\nRetry-After: 7\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new (http, kling_test_server_url (server,
          "/kling/v1/videos/advanced-lip-sync/task_1"));

  for (guint i = 0; i < 2; i++) {
    const KlingTestCall *seen;

    call_run (call);
    fail_unless (call->answered);
    fail_unless_equals_int (call->answer.status, 200);
    fail_unless (call->answer.sent);
    fail_unless (call->answer.retry_after == 7 * KLING_SECOND);
    fail_unless_equals_int (g_bytes_get_size (call->answer.body), 10);
    kling_http_answer_clear (&call->answer);

    seen = kling_test_server_call (server, i);
    fail_unless_equals_string (seen->method, "GET");
    fail_unless_equals_string (seen->path,
        "/kling/v1/videos/advanced-lip-sync/task_1");
    fail_unless_equals_string (seen->authorization, KEY);
    fail_unless (strstr (seen->head, "User-Agent: kling-test/1\r\n"));
    fail_unless (strstr (seen->head, "Accept: application/json\r\n"));
    fail_if (strstr (seen->head, "Cookie"));
    fail_if (strstr (seen->head, "Accept-Encoding"));
  }
  /* polls keep their connection */
  fail_unless_equals_int (kling_test_server_count_connections (server), 1);
}

GST_END_TEST;

GST_START_TEST (test_post)
{
  static const KlingTestStep steps[] = { {.status = 201,.body = "{}"} };
  static const gchar *const headers[] = { "X-Extra", "1", "X-Other", "a b",
    NULL
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  g_autofree gchar *url = kling_test_server_url (server, "/create");
  g_autoptr (GBytes) body = g_bytes_new_static ("{\"text\":\"你好\"}", 17);
  g_auto (KlingHttpAnswer) answer = { 0, };
  KlingHttpRequest request = {
    .method = "POST",.url = url,.headers = headers,.body = body,
    .timeout = REAL_MS (20000),.paid = TRUE,
  };
  const KlingTestCall *seen;

  fail_unless (kling_http_call (http, &request, NULL, &answer, NULL));
  fail_unless_equals_int (answer.status, 201);
  seen = kling_test_server_call (server, 0);
  fail_unless (g_bytes_equal (seen->body, body));
  fail_unless (seen->authorization == NULL);
  fail_unless (strstr (seen->head, "Content-Length: 17\r\n"));
  fail_unless (strstr (seen->head, "Content-Type: application/json\r\n"));
  fail_unless (strstr (seen->head, "X-Extra: 1\r\n"));
  fail_unless (strstr (seen->head, "X-Other: a b\r\n"));
  fail_if (strstr (seen->head, "chunked"));
  fail_if (strstr (seen->head, "Expect"));
}

GST_END_TEST;

static const guint statuses[] = {
  200, 202, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 407, 408, 429,
  500, 502, 503, 504, 599,
};

/* Every status is an answer; nothing is followed, tried again or answered with
 * a password. */
GST_START_TEST (test_statuses)
{
  KlingTestStep step = {
    .status = statuses[__i__],
    .headers = "Location: /elsewhere\r\nWWW-Authenticate: Basic realm=x\r\n",
  };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (KlingHttp) http = new_http ();

  for (guint paid = 0; paid < 2; paid++) {
    gchar *url = kling_test_server_url (server, "/here");
    g_autoptr (Call) call = paid ? call_new_paid (http, url) :
        call_new (http, url);

    call_run (call);
    fail_unless (call->answered, "%s", call->error ? call->error->message : "");
    fail_unless_equals_int (call->answer.status, step.status);
    fail_unless_equals_int (g_bytes_get_size (call->answer.body), 0);
  }
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 2);
  fail_unless_equals_int (kling_test_server_count (server, NULL, "/here"), 2);
}

GST_END_TEST;

/* A kept connection was closed meanwhile: what costs nothing is sent again over
 * a new one. A paid call never uses a kept one. */
GST_START_TEST (test_stale)
{
  static const KlingTestStep steps[] = {
    {.times = 1,.body = "{}"},
    {.times = 1,.act = KLING_TEST_CLOSE},
    {.body = "{}"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();

  for (guint i = 0; i < 2; i++) {
    g_autoptr (Call) call = call_new (http,
        kling_test_server_url (server, "/"));

    call_run (call);
    fail_unless (call->answered, "%s", call->error ? call->error->message : "");
  }
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 3);
  fail_unless_equals_int (kling_test_server_count_connections (server), 2);
}

GST_END_TEST;

/* --- what does not fit --- */

GST_START_TEST (test_size)
{
  gsize size = KLING_HTTP_MAX_ANSWER + __i__;
  g_autofree gchar *body = g_strnfill (size, 'x');
  KlingTestStep steps[] = {
    {.path = "/known",.body = body},
    {.path = "/unknown",.body = body,.length = -1},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  static const gchar *const paths[] = { "/known", "/unknown" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (Call) call = call_new (http,
        kling_test_server_url (server, paths[i]));

    call_run (call);
    fail_unless_equals_int (call->answer.status, 200);
    if (__i__ == 0) {
      fail_unless (call->answered);
      fail_unless_equals_int (g_bytes_get_size (call->answer.body), size);
    } else {
      check_failed (call, KLING_ERROR_SERVICE, TRUE);
      fail_if (call->answer.body);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_endless)
{
  static gchar block[64 * 1024];
  KlingTestStep step = {.body = block,.size = sizeof block,
    .length = G_GINT64_CONSTANT (1) << 40,
    .delay = 0
  };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new (http, kling_test_server_url (server, "/"));

  call_run (call);
  check_failed (call, KLING_ERROR_NETWORK, TRUE);
  fail_unless_equals_int (call->answer.status, 200);
}

GST_END_TEST;

static const KlingTestStep broken[] = {
  {.act = KLING_TEST_CLOSE},
  {.act = KLING_TEST_RESET},
  {.act = KLING_TEST_RAW,.body = "no HTTP at all\r\n\r\n"},
  {.act = KLING_TEST_RAW,.body = "HTTP/1.1 200 OK\r\nContent-Le"},
  {.act = KLING_TEST_RAW,
      .body = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"},
  {.act = KLING_TEST_RAW,
      .body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
};

/* The request has arrived and the answer is lost. A paid one is sent once, also
 * when an earlier connection is at hand. */
GST_START_TEST (test_broken)
{
  KlingTestStep steps[] = { {.path = "/warm",.body = "{}"}, broken[__i__] };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();

  for (guint i = 0; i < 3; i++) {
    g_autoptr (Call) warm = call_new_paid (http,
        kling_test_server_url (server, "/warm"));
    g_autoptr (Call) call = call_new_paid (http,
        kling_test_server_url (server, "/create"));

    call_run (warm);
    fail_unless (warm->answered);
    call_run (call);
    check_failed (call, KLING_ERROR_NETWORK, TRUE);
    fail_unless_equals_int (kling_test_server_count (server, NULL, "/create"),
        i + 1);
  }
  /* each paid call had a connection of its own */
  fail_unless_equals_int (kling_test_server_count_connections (server), 6);
}

GST_END_TEST;

GST_START_TEST (test_bad_requests)
{
  static const gchar *const headers[][3] = {
    {"X\r\nEvil", "1", NULL}, {"X", "1\r\nEvil: 2", NULL}, {"", "1", NULL},
    {"X Y", "1", NULL}, {"X:", "1", NULL}, {"X", "\x01", NULL},
  };
  g_autoptr (KlingHttp) http = new_http ();

  for (guint i = 0; i < G_N_ELEMENTS (headers) + 1; i++) {
    gboolean bad_url = i == G_N_ELEMENTS (headers);
    KlingHttpRequest request = {
      .method = "GET",
      .url = bad_url ? "no url" : "http://127.0.0.1:9/",
      .headers = bad_url ? NULL : headers[i],
      .timeout = REAL_MS (1000),
    };
    g_auto (KlingHttpAnswer) answer = { 0, };
    g_autoptr (GError) error = NULL;

    fail_if (kling_http_call (http, &request, NULL, &answer, &error));
    fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_SETTINGS));
    fail_if (answer.sent);
  }
}

GST_END_TEST;

/* --- not sent --- */

GST_START_TEST (test_refused)
{
  KlingTestServer *server = kling_test_server_start (NULL, 0);
  gchar *url = kling_test_server_url (server, "/create?key=planted");
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new_paid (http, url);

  kling_test_server_stop (server);
  call_run (call);
  check_failed (call, KLING_ERROR_NETWORK, FALSE);
  fail_unless (strstr (call->error->message, "http://127.0.0.1:"));
  fail_unless (strstr (call->error->message, "nothing accepts connections"));
}

GST_END_TEST;

GST_START_TEST (test_no_such_host)
{
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new_paid (http,
      g_strdup ("https://no-such-host.invalid/create"));

  call_run (call);
  check_failed (call, KLING_ERROR_NETWORK, FALSE);
  fail_unless (strstr (call->error->message, "no-such-host.invalid"));
  fail_unless (strstr (call->error->message, "name cannot be resolved"));
}

GST_END_TEST;

/* A server that accepts and never shakes hands: nothing of the request has
 * left, so the call can be taken back. */
GST_START_TEST (test_take_back)
{
  g_autoptr (KlingTestServer) server = kling_test_server_start (NULL, 0);
  g_autofree gchar *plain = kling_test_server_url (server, "/create");
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new_paid (http,
      g_strconcat ("https", plain + strlen ("http"), NULL));
  gboolean by_deadline = __i__;

  if (by_deadline)
    call->timeout = REAL_MS (3000);
  call_start (call);
  g_usleep (200000);
  if (!by_deadline)
    g_cancellable_cancel (call->cancellable);
  call_join (call);
  check_failed (call, by_deadline ? KLING_ERROR_TIMED_OUT :
      KLING_ERROR_CANCELLED, FALSE);
  fail_unless (call->took < (by_deadline ? 3000000 : 0) + AT_ONCE);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 0);
}

GST_END_TEST;

GST_START_TEST (test_cancelled_before)
{
  static const KlingTestStep steps[] = { {.body = "{}"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  gchar *url = kling_test_server_url (server, "/");
  g_autoptr (Call) call = __i__ ? call_new_paid (http, url) :
      call_new (http, url);

  g_cancellable_cancel (call->cancellable);
  call_run (call);
  check_failed (call, KLING_ERROR_CANCELLED, FALSE);
  g_usleep (100000);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 0);
}

GST_END_TEST;

/* --- stopping and waiting --- */

static const KlingTestStep silent[] = {
  {.act = KLING_TEST_HANG},
  {.body = "0123456789",.drip = 1000,.block = 1},
  {.body = "{}",.delay = 60000},
};

static void
check_left (const KlingTestStep * step, gboolean by_deadline)
{
  g_autoptr (KlingTestServer) server = kling_test_server_start (step, 1);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new (http, kling_test_server_url (server, "/"));

  if (by_deadline)
    call->timeout = REAL_MS (3000);
  call_start (call);
  fail_unless (kling_test_server_wait (server, 1, 30000));
  g_usleep (100000);
  if (!by_deadline)
    g_cancellable_cancel (call->cancellable);
  call_join (call);
  check_failed (call, by_deadline ? KLING_ERROR_TIMED_OUT :
      KLING_ERROR_CANCELLED, TRUE);
  fail_unless (call->took < (by_deadline ? 3000000 : 0) + AT_ONCE);
  fail_if (by_deadline && call->took < 3000000);
}

GST_START_TEST (test_leave)
{
  check_left (&silent[__i__], FALSE);
}

GST_END_TEST;

GST_START_TEST (test_time_out)
{
  check_left (&silent[__i__], TRUE);
}

GST_END_TEST;

/* A paid call that is being sent is not taken back: its answer counts. */
GST_START_TEST (test_paid_goes_on)
{
  static const KlingTestStep steps[] = {
    {.body = "{\"task_id\":\"t\"}",.delay = 700},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new_paid (http,
      kling_test_server_url (server, "/create"));

  call_start (call);
  fail_unless (kling_test_server_wait (server, 1, 30000));
  g_cancellable_cancel (call->cancellable);
  call_join (call);
  fail_unless (call->answered);
  fail_unless_equals_int (call->answer.status, 200);
  fail_unless_equals_int (g_bytes_get_size (call->answer.body), 15);
  fail_unless (call->took > 600000);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;

/* Its timeout is no reason to leave either, before the patience is over. */
GST_START_TEST (test_paid_outlives_timeout)
{
  static const KlingTestStep steps[] = { {.body = "{}",.delay = 3500} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new_paid (http,
      kling_test_server_url (server, "/create"));

  call->timeout = REAL_MS (2000);
  call_run (call);
  fail_unless (call->answered);
  fail_unless (call->took > 3000000);
}

GST_END_TEST;

#ifdef KLING_TEST_HOOKS
GST_START_TEST (test_paid_patience)
{
  static const KlingTestStep steps[] = { {.act = KLING_TEST_HANG} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new_paid (http,
      kling_test_server_url (server, "/create"));

  call->timeout = REAL_MS (1800);
  call_start (call);
  fail_unless (kling_test_server_wait (server, 1, 30000));
  g_cancellable_cancel (call->cancellable);
  call_join (call);
  check_failed (call, KLING_ERROR_TIMED_OUT, TRUE);
  fail_unless (call->took >= KLING_HTTP_PAID_PATIENCE / SPEED);
  fail_unless (call->took < KLING_HTTP_PAID_PATIENCE / SPEED + AT_ONCE);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 1);
}

GST_END_TEST;
#endif

/* Two connections to a host are all that libsoup opens of itself: paid calls
 * that take minutes must not keep others from polling or from being sent. */
GST_START_TEST (test_lanes)
{
  static const KlingTestStep steps[] = {
    {.path = "/create",.body = "{}",.delay = 6000},
    {.path = "/query",.body = "{}"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) query = call_new (http,
      kling_test_server_url (server, "/query"));
  Call *creates[5];

  for (guint i = 0; i < G_N_ELEMENTS (creates); i++) {
    creates[i] = call_new_paid (http, kling_test_server_url (server,
            "/create"));
    call_start (creates[i]);
  }
  fail_unless (kling_test_server_wait (server, 5, 5000));
  call_run (query);
  fail_unless (query->answered);
  fail_unless (query->took < 3000000);
  for (guint i = 0; i < G_N_ELEMENTS (creates); i++) {
    call_join (creates[i]);
    fail_unless (creates[i]->answered);
    call_free (creates[i]);
  }
}

GST_END_TEST;

/* --- the worker --- */

static guint
count_workers (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *name;
  guint n = 0;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_strdup_printf ("/proc/self/task/%s/comm", name);
    g_autofree gchar *comm = NULL;

    if (g_file_get_contents (path, &comm, NULL, NULL)
        && g_str_equal (g_strstrip (comm), "kling-http"))
      n++;
  }
  return n;
}

GST_START_TEST (test_worker)
{
  static const KlingTestStep steps[] = { {.body = "{}"} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);

  for (guint i = 0; i < 20; i++) {
    KlingHttp *a = new_http ();
    KlingHttp *b = new_http ();
    KlingHttp *c = kling_http_new (NULL, NULL, "another", NULL);
    KlingHttp *d = kling_http_new ("http://127.0.0.1:9", NULL, "another", NULL);
    g_autoptr (Call) call = call_new (i % 2 ? a : c,
        kling_test_server_url (server, "/"));

    fail_unless (a == b);
    fail_if (a == c || c == d);
    call_run (call);
    fail_unless (call->answered);
    fail_unless_equals_int (count_workers (), 1);
    kling_http_unref (a);
    kling_http_unref (b);
    kling_http_unref (c);
    kling_http_unref (d);
  }
  fail_unless (kling_http_wait_for_end (kling_clock_after (REAL_MS (5000))));
  for (guint i = 0; i < 100 && count_workers () > 0; i++)
    g_usleep (10000);
  fail_unless_equals_int (count_workers (), 0);
}

GST_END_TEST;

/* The last reference is the worker's own: the caller has left a call that is
 * still under way. */
GST_START_TEST (test_last_on_worker)
{
  static const KlingTestStep steps[] = { {.act = KLING_TEST_HANG} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);

  for (guint i = 0; i < 20; i++) {
    KlingHttp *http = new_http ();
    Call *call = call_new (http, kling_test_server_url (server, "/"));

    call_start (call);
    fail_unless (kling_test_server_wait (server, i + 1, 30000));
    g_cancellable_cancel (call->cancellable);
    call_join (call);
    call_free (call);
    kling_http_unref (http);
    if (i % 4 == 0)
      fail_unless (kling_http_wait_for_end (kling_clock_after (REAL_MS
                  (5000))));
  }
}

GST_END_TEST;

static gpointer
cancel_soon (gpointer user_data)
{
  g_usleep (g_random_int_range (0, 4000));
  g_cancellable_cancel (user_data);
  return NULL;
}

static gpointer
call_often (gpointer user_data)
{
  static gint number;
  g_autofree gchar *agent = g_strdup_printf ("agent %d",
      g_atomic_int_add (&number, 1) % 3);

  for (guint i = 0; i < 20; i++) {
    KlingHttp *http = kling_http_new (NULL, NULL, agent, NULL);
    gchar *url = g_strdup (user_data);
    g_autoptr (Call) call = i % 3 ? call_new (http, url) :
        call_new_paid (http, url);
    GThread *thread = g_thread_new ("cancel", cancel_soon, call->cancellable);

    call_run (call);
    fail_unless (call->answered || g_error_matches (call->error, KLING_ERROR,
            KLING_ERROR_CANCELLED), "%s",
        call->error ? call->error->message : "");
    fail_unless (!call->paid || call->answered || !call->answer.sent);
    g_thread_join (thread);
    kling_http_unref (http);
  }
  return NULL;
}

/* Cancelled at any moment: it ends, and a paid call either was not sent or has
 * its answer. */
GST_START_TEST (test_cancel_race)
{
  static const KlingTestStep steps[] = { {.body = "{}",.delay = 1} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autofree gchar *url = kling_test_server_url (server, "/");
  GThread *threads[12];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_often, url);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

GST_END_TEST;

/* --- proxies --- */

GST_START_TEST (test_proxy)
{
  static const KlingTestStep steps[] = {
    {.method = "CONNECT",.act = KLING_TEST_RAW,
        .body = "HTTP/1.1 200 OK\r\n\r\nno TLS"},
    {.body = "{}"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autofree gchar *plain = kling_test_server_url (server, "");
  g_autofree gchar *proxy = g_strconcat ("http://me:planted%21@",
      plain + strlen ("http://"), NULL);
  g_autoptr (KlingHttp) http = kling_http_new (proxy, NULL, NULL, NULL);
  g_autoptr (Call) call = call_new (http,
      g_strdup ("http://service.invalid/query"));
  g_autoptr (Call) tunnel = call_new_paid (http,
      g_strdup ("https://service.invalid/create"));
  g_autofree gchar *expected = g_base64_encode ((guchar *) "me:planted!", 11);
  const KlingTestCall *seen;

  call_run (call);
  fail_unless (call->answered);
  seen = kling_test_server_call (server, 0);
  fail_unless_equals_string (seen->path, "http://service.invalid/query");
  fail_unless (strstr (seen->head, expected));

  /* the tunnel is opened with the proxy's password and without our key; what
   * answers in it is no TLS, so the paid call was not sent */
  call_run (tunnel);
  check_failed (tunnel, KLING_ERROR_NETWORK, FALSE);
  seen = kling_test_server_call (server, 1);
  fail_unless_equals_string (seen->method, "CONNECT");
  fail_unless (strstr (seen->head, expected));
  fail_unless (seen->authorization == NULL);
}

GST_END_TEST;

/* What stays on this machine goes there directly, and without the password. */
GST_START_TEST (test_proxy_is_for_others)
{
  static const gchar *const hosts[] = { "127.0.0.1", "127.0.0.2", "localhost",
    "LOCALHOST", "[::1]"
  };
  static const KlingTestStep steps[] = { {.body = "{}"} };
  g_autoptr (KlingTestServer) relay = START_SERVER (steps);
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autofree gchar *relay_url = kling_test_server_url (relay, "");
  g_autofree gchar *server_url = kling_test_server_url (server, "/query");
  g_autofree gchar *proxy = g_strconcat ("http://me:planted@",
      relay_url + strlen ("http://"), NULL);
  g_autoptr (KlingHttp) http = kling_http_new (proxy, NULL, NULL, NULL);
  g_autoptr (Call) call = call_new (http, g_strconcat ("http://",
          hosts[__i__], strrchr (server_url, ':'), NULL));

  call_run (call);
  fail_unless_equals_int (kling_test_server_count (relay, NULL, NULL), 0);
  /* the server has only one of the addresses */
  fail_unless (call->answered || __i__ == 1 || __i__ == 4);
  if (call->answered)
    fail_if (strstr (kling_test_server_call (server, 0)->head,
            "Proxy-Authorization"));
}

GST_END_TEST;

GST_START_TEST (test_bad_proxy)
{
  static const gchar *const proxies[] = { "planted", "ftp://planted:1",
    "http://", "planted:8080", "http://a:planted@"
  };

  for (guint i = 0; i < G_N_ELEMENTS (proxies); i++) {
    g_autoptr (GError) error = NULL;

    fail_if (kling_http_new (proxies[i], NULL, NULL, &error));
    fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_SETTINGS));
    fail_if (strstr (error->message, "planted"));
  }
}

GST_END_TEST;

/* --- TLS --- */

typedef struct
{
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  SoupServer *server;
  gchar *url;
  guint calls;                  /* only touched by its thread while it runs */
} TlsServer;

static void
tls_server_answer (SoupServer * server, SoupServerMessage * message,
    const gchar * path, GHashTable * query, gpointer user_data)
{
  TlsServer *self = user_data;

  self->calls++;
  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_set_response (message, "application/json",
      SOUP_MEMORY_STATIC, "{}", 2);
}

static gpointer
tls_server_run (gpointer user_data)
{
  TlsServer *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  soup_server_disconnect (self->server);
  g_clear_object (&self->server);
  while (g_main_context_iteration (self->context, FALSE));
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static TlsServer *
tls_server_start (void)
{
  TlsServer *self = g_new0 (TlsServer, 1);
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_pem (TEST_SERVER_PEM, -1, NULL);
  g_autoptr (GSocketAddress) other = NULL;
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_main_context_push_thread_default (self->context);
  self->server = soup_server_new ("tls-certificate", certificate, NULL);
  soup_server_add_handler (self->server, NULL, tls_server_answer, self, NULL);
  fail_unless (soup_server_listen_local (self->server, 0,
          SOUP_SERVER_LISTEN_HTTPS | SOUP_SERVER_LISTEN_IPV4_ONLY, &error));
  uris = soup_server_get_uris (self->server);
  self->url = g_uri_to_string (uris->data);
  other = g_inet_socket_address_new_from_string ("127.0.0.2",
      g_uri_get_port (uris->data));
  fail_unless (soup_server_listen (self->server, other,
          SOUP_SERVER_LISTEN_HTTPS, &error));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  g_main_context_pop_thread_default (self->context);
  self->thread = g_thread_new ("tls-server", tls_server_run, self);
  return self;
}

/* Returns: how many requests it got */
static guint
tls_server_stop (TlsServer * self)
{
  guint calls;

  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  calls = self->calls;
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self->url);
  g_free (self);
  return calls;
}

/* The file is read again for each connection. */
static gchar *
make_authority (const gchar * pem)
{
  gchar *path = NULL;
  gint fd = g_file_open_tmp ("kling-test-XXXXXX", &path, NULL);

  fail_unless (fd >= 0);
  close (fd);
  fail_unless (g_file_set_contents (path, pem, -1, NULL));
  return path;
}

static const struct
{
  const gchar *authority;       /* NULL: the system's */
  const gchar *host;
  const gchar *refusal;         /* NULL: it is trusted */
} trusts[] = {
  {TEST_CA_PEM, "127.0.0.1", NULL},
  {TEST_CA_PEM, "localhost", NULL},
  {TEST_OTHER_CA_PEM, "127.0.0.1", "tls-database"},
  {NULL, "127.0.0.1", "tls-database"},
  {TEST_CA_PEM, "127.0.0.2", "another host"},
};

/* Whom we do not trust gets nothing, not even the request. */
GST_START_TEST (test_tls)
{
  TlsServer *server = tls_server_start ();
  g_autofree gchar *path = trusts[__i__].authority ?
      make_authority (trusts[__i__].authority) : NULL;
  g_autoptr (GTlsDatabase) database = path ?
      g_tls_file_database_new (path, NULL) : NULL;
  g_autoptr (KlingHttp) http = kling_http_new (NULL, database, NULL, NULL);

  for (guint i = 0; i < 4; i++) {
    g_autofree gchar *plain = g_strdup (server->url);
    g_auto (GStrv) parts = g_strsplit (plain, "127.0.0.1", 2);
    gchar *url = g_strjoinv (trusts[__i__].host, parts);
    g_autoptr (Call) call = i % 2 ? call_new_paid (http, url) :
        call_new (http, url);

    call_run (call);
    if (trusts[__i__].refusal == NULL) {
      fail_unless (call->answered, "%s",
          call->error ? call->error->message : "");
      fail_unless_equals_int (call->answer.status, 200);
      continue;
    }
    check_failed (call, KLING_ERROR_NETWORK, FALSE);
    fail_unless (strstr (call->error->message, "certificate"));
    fail_unless (strstr (call->error->message, trusts[__i__].refusal), "%s",
        call->error->message);
  }
  fail_unless_equals_int (tls_server_stop (server),
      trusts[__i__].refusal ? 0 : 4);
  if (path != NULL)
    g_unlink (path);
}

GST_END_TEST;

static gpointer
negotiate (gpointer user_data)
{
  static const gchar *const protocols[] = { "h2", "http/1.1", NULL };
  static const gchar answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  g_autoptr (GSocketConnection) plain =
      g_socket_listener_accept (user_data, NULL, NULL, NULL);
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_pem (TEST_SERVER_PEM, -1, NULL);
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (plain),
      certificate, NULL);
  gchar request[1024];

  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (tls), protocols);
  g_input_stream_read (g_io_stream_get_input_stream (tls), request,
      sizeof request, NULL, NULL);
  g_output_stream_write_all (g_io_stream_get_output_stream (tls), answer,
      strlen (answer), NULL, NULL, NULL);
  g_io_stream_close (tls, NULL, NULL);
  return g_strdup (g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION
          (tls)));
}

/* Over HTTP/2 libsoup would send a paid call again that the server refuses. */
GST_START_TEST (test_http1)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  GThread *thread = g_thread_new ("negotiate", negotiate, listener);
  g_autofree gchar *path = make_authority (TEST_CA_PEM);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, NULL);
  g_autoptr (KlingHttp) http = kling_http_new (NULL, database, NULL, NULL);
  g_autoptr (Call) call = call_new (http,
      g_strdup_printf ("https://127.0.0.1:%u/", port));
  g_autofree gchar *protocol = NULL;

  call_run (call);
  protocol = g_thread_join (thread);
  fail_unless (call->answered, "%s", call->error ? call->error->message : "");
  fail_unless_equals_string (protocol, "http/1.1");
  g_unlink (path);
}

GST_END_TEST;

/* --- what is logged --- */

static GMutex log_lock;
static GString *log_text;

static void
G_GNUC_PRINTF (5, 0)
catch_line (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
  g_mutex_lock (&log_lock);
  g_string_append_vprintf (log_text, format, args);
  g_string_append_c (log_text, '\n');
  g_mutex_unlock (&log_lock);
}

GST_START_TEST (test_log)
{
  static const KlingTestStep steps[] = {
    {.times = 1,.body = "planted body",.headers = "X-Planted: planted\r\n"},
    {.act = KLING_TEST_CLOSE},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (KlingHttp) http = new_http ();

  log_text = g_string_new (NULL);
  kling_log_attach (catch_line);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (Call) call = call_new_paid (http,
        kling_test_server_url (server, "/path?key=planted"));

    call->body = "planted";
    call_run (call);
  }
  kling_log_detach ();
  fail_unless (strstr (log_text->str, "POST http://127.0.0.1:"));
  fail_unless (strstr (log_text->str, "/path: 200, 12 bytes"), "%s",
      log_text->str);
  fail_if (strstr (log_text->str, "planted"), "%s", log_text->str);
  g_string_free (log_text, TRUE);
}

GST_END_TEST;

/* --- Retry-After --- */

#define NOW G_GINT64_CONSTANT (1783344000)      /* 2026-07-06 13:20:00 UTC */

static const struct
{
  const gchar *text;
  gint64 seconds;
} retries[] = {
  {NULL, 0},
  {"", 0},
  {"0", 0},
  {"1", 1},
  {" 120 ", 120},
  {"3600", 3600},
  {"3601", 3600},
  {"99999999999999999999999", 3600},
  {"-5", 0},
  {"+5", 0},
  {"1.5", 0},
  {"5 s", 0},
  {"soon", 0},
  {"0x10", 0},
  {"Mon, 06 Jul 2026 13:21:30 GMT", 90},
  {"Mon, 06 Jul 2026 13:19:59 GMT", 0},
  {"Mon, 06 Jul 2026 13:20:00 GMT", 0},
  {"Wed, 06 Jul 2033 13:20:00 GMT", 3600},
  {"Monday, 06-Jul-26 13:21:30 GMT", 90},
  {"Mon Jul  6 13:21:30 2026", 90},
  {"Mon, 99 Foo 2026 13:21:30 GMT", 0},
};

GST_START_TEST (test_retry_after)
{
  gint64 span = kling_http_parse_retry_after (retries[__i__].text, NOW);

  fail_unless (span == retries[__i__].seconds * KLING_SECOND,
      "%s: %" G_GINT64_FORMAT, retries[__i__].text, span);
}

GST_END_TEST;

/* --- Date --- */

static const struct
{
  const gchar *headers;
  gint64 date;
} dates[] = {
  {NULL, 0},
  {"Date: Mon, 06 Jul 2026 13:20:00 GMT\r\n", NOW},
  {"date: Mon, 06 Jul 2026 13:20:01 GMT\r\n", NOW + 1},
  {"Date: Monday, 06-Jul-26 13:20:00 GMT\r\n", NOW},
  {"Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n", 1},
  {"Date: yesterday\r\n", 0},
  {"Date: \r\n", 0},
  {"Date: 1783344000\r\n", 0},
  {"Date: Mon, 99 Foo 2026 13:21:30 GMT\r\n", 0},
};

GST_START_TEST (test_date)
{
  const KlingTestStep step = {.status = 401,.headers = dates[__i__].headers };
  g_autoptr (KlingTestServer) server = kling_test_server_start (&step, 1);
  g_autoptr (KlingHttp) http = new_http ();
  g_autoptr (Call) call = call_new (http, kling_test_server_url (server, "/"));

  call_run (call);
  fail_unless (call->answered);
  fail_unless_equals_int64 (call->answer.date, dates[__i__].date);
}

GST_END_TEST;

static Suite *
http_suite (void)
{
  Suite *suite = suite_create ("http");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, NULL, teardown);
  tcase_add_test (tc, test_get);
  tcase_add_test (tc, test_post);
  tcase_add_loop_test (tc, test_statuses, 0, G_N_ELEMENTS (statuses));
  tcase_add_test (tc, test_stale);
  tcase_add_loop_test (tc, test_size, 0, 2);
  tcase_add_test (tc, test_endless);
  tcase_add_loop_test (tc, test_broken, 0, G_N_ELEMENTS (broken));
  tcase_add_test (tc, test_bad_requests);
  tcase_add_test (tc, test_refused);
  tcase_add_test (tc, test_no_such_host);
  tcase_add_loop_test (tc, test_take_back, 0, 2);
  tcase_add_loop_test (tc, test_cancelled_before, 0, 2);
  tcase_add_loop_test (tc, test_leave, 0, G_N_ELEMENTS (silent));
  tcase_add_loop_test (tc, test_time_out, 0, G_N_ELEMENTS (silent));
  tcase_add_test (tc, test_paid_goes_on);
  tcase_add_test (tc, test_paid_outlives_timeout);
#ifdef KLING_TEST_HOOKS
  tcase_add_test (tc, test_paid_patience);
#endif
  tcase_add_test (tc, test_lanes);
  tcase_add_test (tc, test_worker);
  tcase_add_test (tc, test_last_on_worker);
  tcase_add_test (tc, test_cancel_race);
  tcase_add_test (tc, test_proxy);
  tcase_add_loop_test (tc, test_proxy_is_for_others, 0, 5);
  tcase_add_test (tc, test_bad_proxy);
  tcase_add_loop_test (tc, test_tls, 0, G_N_ELEMENTS (trusts));
  tcase_add_test (tc, test_http1);
  tcase_add_test (tc, test_log);
  tcase_add_loop_test (tc, test_retry_after, 0, G_N_ELEMENTS (retries));
  tcase_add_loop_test (tc, test_date, 0, G_N_ELEMENTS (dates));
  return suite;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *speed = g_strdup_printf ("%d", SPEED);

  g_setenv ("KLING_TEST_SPEED", speed, TRUE);
  g_unsetenv ("http_proxy");
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (http_suite (), "http", __FILE__);
}
