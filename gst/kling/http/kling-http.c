/* klinglipsync: one bounded, cancellable, redacted HTTP exchange
 *
 * The caller, a job's thread, waits on a condition with a deadline of ours; the
 * worker does the talking. An exchange is refcounted and nothing the worker
 * writes lives on another thread's stack, so the caller can leave at any time
 * and the worker cleans up behind it.
 *
 * Whoever sets `done` first, under the exchange's mutex, has decided how the
 * exchange ended. One decision is the worker's alone: whether a paid call can
 * still be taken back. It is the only thread on which `starting` fires, so what
 * it sees there cannot change under its hands.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-http-private.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"
#include "kling-url.h"

#define READ_BLOCK (16 * 1024)
/* How often a call that costs nothing may be started again: each of two kept
 * connections may turn out to be closed. */
#define MAX_RESTARTS 2
/* Before libsoup's own queue, which runs at the default priority: when a kept
 * connection is broken as soon as a request has left, libsoup 3.2 must hear of
 * that before it sends the request again. Else it takes the old error for that
 * of the new attempt, ends it, and uses its answer afterwards: SIGSEGV. */
#define SEND_PRIORITY (G_PRIORITY_DEFAULT - 1)
#define MAX_RETRY_AFTER (60 * 60 * KLING_SECOND)

typedef struct
{
  gatomicrefcount refs;

  /* constant */
  KlingHttp *http;
  gchar *shown;
  gboolean paid;
  gint64 begun;
  gint64 call_deadline;

  /* of the worker, once it has begun */
  SoupMessage *message;
  GInputStream *stream;
  GCancellable *cancellable;
  GByteArray *body;
  guint restarts;

  GMutex mutex;
  GCond cond;

  /* guarded by mutex */
  gint64 deadline;
  gboolean cancelled;
  gboolean stop_asked;
  KlingError stop_reason;
  gboolean done;
  KlingHttpAnswer answer;
  GError *error;
} Exchange;

/* --- lifetime --- */

static Exchange *
exchange_new (KlingHttp * http, const KlingHttpRequest * request,
    SoupMessage * message)
{
  Exchange *exchange = g_new0 (Exchange, 1);

  g_atomic_ref_count_init (&exchange->refs);
  g_mutex_init (&exchange->mutex);
  g_cond_init (&exchange->cond);
  exchange->http = kling_http_ref (http);
  exchange->shown = kling_url_display (request->url);
  exchange->paid = request->paid;
  exchange->begun = kling_clock_now ();
  exchange->call_deadline = kling_clock_after (request->timeout);
  exchange->deadline = exchange->call_deadline;
  exchange->message = g_object_ref (message);
  exchange->cancellable = g_cancellable_new ();
  exchange->body = g_byte_array_new ();
  return exchange;
}

static Exchange *
exchange_ref (Exchange * exchange)
{
  g_atomic_ref_count_inc (&exchange->refs);
  return exchange;
}

static void
exchange_unref (gpointer data)
{
  Exchange *exchange = data;

  if (!g_atomic_ref_count_dec (&exchange->refs))
    return;
  g_clear_object (&exchange->stream);
  g_clear_object (&exchange->message);
  g_object_unref (exchange->cancellable);
  g_byte_array_unref (exchange->body);
  kling_http_answer_clear (&exchange->answer);
  g_clear_error (&exchange->error);
  g_mutex_clear (&exchange->mutex);
  g_cond_clear (&exchange->cond);
  g_free (exchange->shown);
  kling_http_unref (exchange->http);
  g_free (exchange);
}

static void
exchange_lock (Exchange * exchange)
{
  g_mutex_lock (&exchange->mutex);
}

static void
exchange_unlock (Exchange * exchange)
{
  g_mutex_unlock (&exchange->mutex);
}

/* --- the decision, with the mutex held --- */

static void
exchange_decide_locked (Exchange * exchange, GError * error)
{
  if (exchange->done) {
    g_clear_error (&error);
    return;
  }
  exchange->done = TRUE;
  exchange->error = error;
  g_cond_broadcast (&exchange->cond);
}

static GError *
stop_error (Exchange * exchange, KlingError reason)
{
  if (reason == KLING_ERROR_CANCELLED)
    return g_error_new_literal (KLING_ERROR, KLING_ERROR_CANCELLED,
        "The call was stopped.");
  return g_error_new (KLING_ERROR, KLING_ERROR_TIMED_OUT,
      "%s does not answer in time.", exchange->shown);
}

/* --- on the worker --- */

/* Nothing is heard of the exchange any more: lets go of all that libsoup has a
 * part in, on the thread that libsoup lives on. */
static void
exchange_end (Exchange * exchange)
{
  if (exchange->message != NULL)
    g_signal_handlers_disconnect_by_data (exchange->message, exchange);
  g_clear_object (&exchange->stream);
  g_clear_object (&exchange->message);
}

static void
exchange_fail (Exchange * exchange, const GError * cause)
{
  GError *error = kling_http_explain (cause, exchange->shown,
      exchange->message);

  KLING_DEBUG ("%s: %s", exchange->shown, cause->message);
  exchange_lock (exchange);
  exchange_decide_locked (exchange, error);
  exchange_unlock (exchange);
  exchange_end (exchange);
}

static void
exchange_succeed (Exchange * exchange)
{
  KLING_DEBUG ("%s %s: %u, %u bytes after %" G_GINT64_FORMAT " ms",
      soup_message_get_method (exchange->message), exchange->shown,
      soup_message_get_status (exchange->message), exchange->body->len,
      (kling_clock_now () - exchange->begun) / 1000);
  exchange_lock (exchange);
  if (!exchange->done)
    exchange->answer.body =
        g_bytes_new (exchange->body->data, exchange->body->len);
  exchange_decide_locked (exchange, NULL);
  exchange_unlock (exchange);
  exchange_end (exchange);
}

/* Cancelling closes the connection; the rest of the body is never read. */
static void
exchange_refuse_body (Exchange * exchange)
{
  exchange_lock (exchange);
  exchange_decide_locked (exchange, g_error_new (KLING_ERROR,
          KLING_ERROR_SERVICE, "%s answers with more than %d bytes, which is no"
          " answer of this API.", exchange->shown, KLING_HTTP_MAX_ANSWER));
  exchange_unlock (exchange);
  g_cancellable_cancel (exchange->cancellable);
  exchange_end (exchange);
}

static void exchange_read (Exchange * exchange);

static void
exchange_on_block (GObject * source, GAsyncResult * result, gpointer user_data)
{
  Exchange *exchange = user_data;
  g_autoptr (GError) cause = NULL;
  g_autoptr (GBytes) block =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result,
      &cause);

  if (block == NULL) {
    exchange_fail (exchange, cause);
  } else if (g_bytes_get_size (block) == 0) {
    exchange_succeed (exchange);
  } else {
    gsize size;
    const guint8 *data = g_bytes_get_data (block, &size);

    g_byte_array_append (exchange->body, data, size);
    if (exchange->body->len > KLING_HTTP_MAX_ANSWER)
      exchange_refuse_body (exchange);
    else
      exchange_read (exchange);
  }
  exchange_unref (exchange);
}

static void
exchange_read (Exchange * exchange)
{
  g_input_stream_read_bytes_async (exchange->stream, READ_BLOCK,
      G_PRIORITY_DEFAULT, exchange->cancellable, exchange_on_block,
      exchange_ref (exchange));
}

/* Returns: the date in a header, in seconds since 1970; 0 for none */
static gint64
parse_date (const gchar * text)
{
  g_autoptr (GDateTime) date = text ? soup_date_time_new_from_http_string (text)
      : NULL;

  return date ? g_date_time_to_unix (date) : 0;
}

static void
exchange_read_headers (Exchange * exchange)
{
  SoupMessageHeaders *headers =
      soup_message_get_response_headers (exchange->message);

  exchange_lock (exchange);
  exchange->answer.status = soup_message_get_status (exchange->message);
  exchange->answer.retry_after = kling_http_parse_retry_after
      (soup_message_headers_get_one (headers, "Retry-After"),
      kling_clock_wall_seconds ());
  exchange->answer.date = parse_date (soup_message_headers_get_one (headers,
          "Date"));
  exchange_unlock (exchange);
}

static void
exchange_on_headers (GObject * source, GAsyncResult * result,
    gpointer user_data)
{
  Exchange *exchange = user_data;
  g_autoptr (GError) cause = NULL;

  exchange->stream = soup_session_send_finish (SOUP_SESSION (source), result,
      &cause);
  if (exchange->stream != NULL) {
    exchange_read_headers (exchange);
    exchange_read (exchange);
  } else {
    exchange_fail (exchange, cause);
  }
  exchange_unref (exchange);
}

/* From here on bytes may leave this machine. */
static void
exchange_on_starting (SoupMessage * message, gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange_lock (exchange);
  exchange->answer.sent = TRUE;
  if (exchange->paid)
    exchange->deadline = MAX (exchange->call_deadline,
        kling_clock_after (KLING_HTTP_PAID_PATIENCE));
  g_cond_broadcast (&exchange->cond);
  exchange_unlock (exchange);
}

/* libsoup is about to send it again. A GET whose kept connection turned out to
 * be closed may be; a paid call must never start a second time, because what
 * was sent may have been accepted. */
static void
exchange_on_restarted (SoupMessage * message, gpointer user_data)
{
  Exchange *exchange = user_data;
  guint allowed = exchange->paid ? 0 : MAX_RESTARTS;

  if (++exchange->restarts <= allowed)
    return;
  exchange_lock (exchange);
  exchange_decide_locked (exchange, g_error_new (KLING_ERROR,
          KLING_ERROR_NETWORK, "%s did not take the call and wants it sent"
          " again.", exchange->shown));
  exchange_unlock (exchange);
  g_cancellable_cancel (exchange->cancellable);
}

/* The patience counts from the last byte sent. */
static void
exchange_on_wrote_body (SoupMessage * message, gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange_lock (exchange);
  exchange->deadline = MAX (exchange->call_deadline,
      kling_clock_after (KLING_HTTP_PAID_PATIENCE));
  g_cond_broadcast (&exchange->cond);
  exchange_unlock (exchange);
  kling_test_point ("request-sent");
}

static gboolean
exchange_start (gpointer user_data)
{
  Exchange *exchange = user_data;
  gboolean done;

  exchange_lock (exchange);
  if (exchange->cancelled)
    exchange_decide_locked (exchange, stop_error (exchange,
            KLING_ERROR_CANCELLED));
  done = exchange->done;
  exchange_unlock (exchange);
  if (done) {
    exchange_end (exchange);
    return G_SOURCE_REMOVE;
  }

  g_signal_connect (exchange->message, "starting",
      G_CALLBACK (exchange_on_starting), exchange);
  g_signal_connect (exchange->message, "restarted",
      G_CALLBACK (exchange_on_restarted), exchange);
  if (exchange->paid)
    g_signal_connect (exchange->message, "wrote-body",
        G_CALLBACK (exchange_on_wrote_body), exchange);
  soup_session_send_async (kling_http_get_session (exchange->http,
          exchange->paid ? KLING_HTTP_LANE_PAID : KLING_HTTP_LANE_FREE),
      exchange->message, SEND_PRIORITY, exchange->cancellable,
      exchange_on_headers, exchange_ref (exchange));
  return G_SOURCE_REMOVE;
}

/* The caller has left, or asks whether it may. A paid call whose sending has
 * begun goes on. */
static gboolean
exchange_stop (gpointer user_data)
{
  Exchange *exchange = user_data;
  gboolean goes_on;

  exchange_lock (exchange);
  goes_on = !exchange->done && exchange->answer.sent;
  if (!goes_on)
    exchange_decide_locked (exchange, stop_error (exchange,
            exchange->stop_reason));
  exchange_unlock (exchange);
  if (!goes_on)
    g_cancellable_cancel (exchange->cancellable);
  return G_SOURCE_REMOVE;
}

/* --- on the caller's thread --- */

static void
exchange_run (Exchange * exchange, GSourceFunc func)
{
  kling_http_run (exchange->http, func, exchange_ref (exchange),
      exchange_unref);
}

static void
exchange_on_cancelled (GCancellable * cancellable, gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange_lock (exchange);
  exchange->cancelled = TRUE;
  g_cond_broadcast (&exchange->cond);
  exchange_unlock (exchange);
}

/* Called with the mutex held. What costs nothing is left at once. A paid call
 * is left when its patience is over; before its first byte the worker is asked
 * to take it back, and answers by `done` or by `sent`. */
static void
exchange_give_up_locked (Exchange * exchange, KlingError reason)
{
  if (exchange->paid && exchange->answer.sent
      && reason == KLING_ERROR_CANCELLED)
    return;
  if (exchange->paid && !exchange->answer.sent) {
    if (exchange->stop_asked)
      return;
    exchange->stop_asked = TRUE;
    exchange->stop_reason = reason;
    exchange->deadline = KLING_NEVER;
  } else {
    exchange_decide_locked (exchange, stop_error (exchange, reason));
  }
  exchange_run (exchange, exchange_stop);
}

static void
exchange_wait (Exchange * exchange)
{
  exchange_lock (exchange);
  while (!exchange->done) {
    if (exchange->cancelled)
      exchange_give_up_locked (exchange, KLING_ERROR_CANCELLED);
    if (exchange->done || kling_clock_wait (&exchange->cond, &exchange->mutex,
            exchange->deadline))
      continue;
    /* the deadline may have moved while we woke up */
    if (!exchange->done && kling_clock_now () >= exchange->deadline)
      exchange_give_up_locked (exchange, KLING_ERROR_TIMED_OUT);
  }
  exchange_unlock (exchange);
}

/* Returns: whether there was an answer */
static gboolean
exchange_take (Exchange * exchange, KlingHttpAnswer * answer, GError ** error)
{
  gboolean answered;

  exchange_lock (exchange);
  *answer = exchange->answer;
  memset (&exchange->answer, 0, sizeof exchange->answer);
  /* the worker asks for it when it is to stop a call that we have left */
  exchange->answer.sent = answer->sent;
  answered = exchange->error == NULL;
  if (!answered)
    g_propagate_error (error, g_steal_pointer (&exchange->error));
  exchange_unlock (exchange);
  return answered;
}

/**
 * kling_http_header_is_valid:
 * @name: (nullable): name of a header
 * @value: (nullable): its value
 *
 * Returns: whether they can be sent, and are one header
 */
gboolean
kling_http_header_is_valid (const gchar * name, const gchar * value)
{
  if (name == NULL || *name == '\0' || value == NULL)
    return FALSE;
  for (; *name != '\0'; name++) {
    if (!g_ascii_isgraph (*name) || strchr ("()<>@,;:\\\"/[]?={}", *name))
      return FALSE;
  }
  for (; *value != '\0'; value++) {
    if (g_ascii_iscntrl (*value) && *value != '\t')
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_header (SoupMessage * message, const gchar * name, const gchar * value,
    GError ** error)
{
  if (!kling_http_header_is_valid (name, value)) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "A header to be sent to the service has a character in it that headers"
        " must not have.");
    return FALSE;
  }
  soup_message_headers_replace (soup_message_get_request_headers (message),
      name, value);
  return TRUE;
}

/* Returns: (transfer full) (nullable): @request for libsoup. A paid one is not
 * marked idempotent, goes over a connection of its own and, as bytes, with its
 * length. */
static SoupMessage *
create_message (const KlingHttpRequest * request, GError ** error)
{
  g_autoptr (SoupMessage) message = kling_http_create_message
      (request->method, request->url, error);

  if (message == NULL)
    return NULL;
  for (const gchar * const *header = request->headers;
      header != NULL && header[0] != NULL && header[1] != NULL; header += 2) {
    if (!add_header (message, header[0], header[1], error))
      return NULL;
  }
  if (!add_header (message, "Accept", "application/json", error))
    return NULL;
  if (request->authorization != NULL && !add_header (message, "Authorization",
          request->authorization, error))
    return NULL;
  if (request->body != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json",
        request->body);
  if (request->paid)
    soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  return g_steal_pointer (&message);
}

/**
 * kling_http_call:
 * @http: a way
 * @request: what to send; not used after the return
 * @cancellable: (nullable): ends the waiting at once, except for a paid call
 *   that is being sent
 * @answer: (out caller-allocates): the answer; on an error its status, when
 *   there was one, and whether anything was sent
 * @error: set to %KLING_ERROR_CANCELLED, %KLING_ERROR_TIMED_OUT,
 *   %KLING_ERROR_NETWORK, %KLING_ERROR_SERVICE when the answer is too large,
 *   %KLING_ERROR_SETTINGS
 *
 * Blocks the calling thread. Redirects are answers and not followed. Never call
 * it from a state change.
 *
 * Returns: whether there was an answer, of any status
 */
gboolean
kling_http_call (KlingHttp * http, const KlingHttpRequest * request,
    GCancellable * cancellable, KlingHttpAnswer * answer, GError ** error)
{
  g_autoptr (SoupMessage) message = NULL;
  Exchange *exchange;
  gulong id = 0;
  gboolean answered;

  memset (answer, 0, sizeof *answer);
  message = create_message (request, error);
  if (message == NULL)
    return FALSE;

  exchange = exchange_new (http, request, message);
  g_clear_object (&message);
  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable,
        G_CALLBACK (exchange_on_cancelled), exchange_ref (exchange),
        exchange_unref);
  exchange_run (exchange, exchange_start);
  exchange_wait (exchange);
  g_cancellable_disconnect (cancellable, id);

  answered = exchange_take (exchange, answer, error);
  exchange_unref (exchange);
  return answered;
}

/**
 * kling_http_answer_clear:
 * @answer: an answer
 *
 * Frees what @answer holds and makes it empty again.
 */
void
kling_http_answer_clear (KlingHttpAnswer * answer)
{
  g_clear_pointer (&answer->body, g_bytes_unref);
  memset (answer, 0, sizeof *answer);
}

/**
 * kling_http_parse_retry_after:
 * @text: (nullable): value of a Retry-After header: seconds or a date
 * @wall_seconds: now, in seconds since 1970
 *
 * Returns: microseconds to wait at least, up to an hour; 0 for what is not
 *   understood or over already
 */
gint64
kling_http_parse_retry_after (const gchar * text, gint64 wall_seconds)
{
  g_autofree gchar *value = g_strstrip (g_strdup (text ? text : ""));
  g_autoptr (GDateTime) date = NULL;
  guint64 seconds;

  if (*value == '\0')
    return 0;
  if (strspn (value, "0123456789") == strlen (value)) {
    seconds = g_ascii_strtoull (value, NULL, 10);
  } else {
    date = soup_date_time_new_from_http_string (value);
    if (date == NULL || g_date_time_to_unix (date) <= wall_seconds)
      return 0;
    seconds = g_date_time_to_unix (date) - wall_seconds;
  }
  return MIN (seconds, MAX_RETRY_AFTER / KLING_SECOND) * KLING_SECOND;
}
