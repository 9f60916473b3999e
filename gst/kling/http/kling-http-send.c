/* klinglipsync: sending a body of any size
 *
 * Runs on the calling thread, with a session of its own that blocks and is gone
 * with the exchange, as the download does. The body is sent as it lies in
 * memory or in a mapped file, with its length: many places refuse chunks.
 *
 * The connection is new, so libsoup never sends anything a second time by
 * itself. Redirects are answers; no cookie is kept, and no key of the service
 * ever comes here.
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

typedef struct
{
  const KlingHttpParcel *parcel;
  KlingHttpAnswer *answer;
  GCancellable *cancellable;    /* of the caller */
  gchar *shown;
  goffset size;
  goffset sent;

  KlingHttpWatch watch;
} Delivery;

static void
delivery_clear (Delivery * delivery)
{
  kling_http_watch_end (&delivery->watch);
  g_free (delivery->shown);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Delivery, delivery_clear);

static void
delivery_explain (Delivery * delivery, const GError * cause,
    SoupMessage * message, GError ** error)
{
  if (g_cancellable_is_cancelled (delivery->cancellable))
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED,
        "The upload was stopped.");
  else if (kling_clock_now () >= delivery->parcel->deadline)
    g_set_error (error, KLING_ERROR, KLING_ERROR_TIMED_OUT,
        "%s does not get done in time.", delivery->shown);
  else
    g_propagate_error (error, kling_http_explain (cause, delivery->shown,
            message));
}

/* --- the request --- */

static void
delivery_on_starting (SoupMessage * message, gpointer user_data)
{
  Delivery *delivery = user_data;

  delivery->answer->sent = TRUE;
  delivery->answer->sent_all = delivery->size == 0;
}

static void
delivery_on_wrote (SoupMessage * message, guint size, gpointer user_data)
{
  Delivery *delivery = user_data;

  delivery->sent += size;
  delivery->answer->sent_all = delivery->sent >= delivery->size;
  if (delivery->parcel->progress != NULL)
    delivery->parcel->progress (delivery->sent, delivery->size,
        delivery->parcel->user_data);
}

static void
delivery_set_body (Delivery * delivery, SoupMessage * message)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new ();

  for (GBytes * const *part = delivery->parcel->body; *part != NULL; part++) {
    g_memory_input_stream_add_bytes (G_MEMORY_INPUT_STREAM (stream), *part);
    delivery->size += g_bytes_get_size (*part);
  }
  soup_message_set_request_body (message, delivery->parcel->content_type,
      stream, delivery->size);
}

/* The headers come last: a place may insist on a media type of its own. */
static SoupMessage *
delivery_create_message (Delivery * delivery, GError ** error)
{
  const KlingHttpParcel *parcel = delivery->parcel;
  g_autoptr (SoupMessage) message = kling_http_create_message (parcel->method,
      parcel->url, error);

  if (message == NULL)
    return NULL;
  if (parcel->body != NULL)
    delivery_set_body (delivery, message);
  for (const gchar * const *header = parcel->headers;
      header != NULL && header[0] != NULL; header += 2) {
    if (!kling_http_header_is_valid (header[0], header[1])) {
      g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
          "A header for %s has a character in it that headers must not have.",
          delivery->shown);
      return NULL;
    }
    soup_message_headers_replace (soup_message_get_request_headers (message),
        header[0], header[1]);
  }
  g_signal_connect (message, "starting", G_CALLBACK (delivery_on_starting),
      delivery);
  g_signal_connect (message, "wrote-body-data",
      G_CALLBACK (delivery_on_wrote), delivery);
  return g_steal_pointer (&message);
}

/* --- the answer --- */

static gboolean
delivery_read (Delivery * delivery, SoupMessage * message,
    GInputStream * stream, GError ** error)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autofree guint8 *block = g_malloc (READ_BLOCK);
  g_autoptr (GError) cause = NULL;
  gssize size;

  while ((size = g_input_stream_read (stream, block, READ_BLOCK,
              delivery->watch.stop, &cause)) > 0) {
    g_byte_array_append (body, block, size);
    if (body->len > KLING_HTTP_MAX_ANSWER) {
      /* the rest is not read: cancelling closes the connection */
      g_cancellable_cancel (delivery->watch.stop);
      g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
          "%s answers with more than %d bytes, which is no answer to a file.",
          delivery->shown, KLING_HTTP_MAX_ANSWER);
      return FALSE;
    }
  }
  if (size < 0) {
    delivery_explain (delivery, cause, message, error);
    return FALSE;
  }
  delivery->answer->body = g_byte_array_free_to_bytes (g_steal_pointer (&body));
  return TRUE;
}

static gboolean
delivery_run (Delivery * delivery, SoupSession * session,
    SoupMessage * message, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GInputStream) stream = soup_session_send (session, message,
      delivery->watch.stop, &cause);
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);

  if (stream == NULL) {
    KLING_DEBUG ("%s %s: %s", delivery->parcel->method, delivery->shown,
        cause->message);
    delivery_explain (delivery, cause, message, error);
    return FALSE;
  }
  delivery->answer->status = soup_message_get_status (message);
  delivery->answer->retry_after = kling_http_parse_retry_after
      (soup_message_headers_get_one (headers, "Retry-After"),
      kling_clock_wall_seconds ());
  KLING_DEBUG ("%s %s: %u after %" G_GOFFSET_FORMAT " bytes",
      delivery->parcel->method, delivery->shown, delivery->answer->status,
      delivery->sent);
  return delivery_read (delivery, message, stream, error);
}

/**
 * kling_http_send:
 * @http: a way
 * @parcel: what to send; not used after the return
 * @cancellable: (nullable): ends it at once
 * @answer: (out caller-allocates): the answer; on an error its status, when
 *   there was one, and how much was sent
 * @error: set to %KLING_ERROR_CANCELLED, %KLING_ERROR_TIMED_OUT,
 *   %KLING_ERROR_NETWORK, %KLING_ERROR_SERVICE when the answer is too large,
 *   %KLING_ERROR_SETTINGS, %KLING_ERROR_LOCAL
 *
 * Blocks the calling thread, on which @parcel's progress is called, too.
 * Redirects are answers and not followed. URLs are shown without their paths.
 *
 * Returns: whether there was an answer, of any status
 */
gboolean
kling_http_send (KlingHttp * http, const KlingHttpParcel * parcel,
    GCancellable * cancellable, KlingHttpAnswer * answer, GError ** error)
{
  /* The session must not end up on the application's main context. */
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher G_GNUC_UNUSED =
      g_main_context_pusher_new (context);
  g_auto (Delivery) delivery = {
    .parcel = parcel,
    .answer = answer,
    .cancellable = cancellable,
  };
  g_autoptr (SoupSession) session = NULL;
  g_autoptr (SoupMessage) message = NULL;

  memset (answer, 0, sizeof *answer);
  delivery.shown = kling_url_display_host (parcel->url);
  message = delivery_create_message (&delivery, error);
  if (message == NULL)
    return FALSE;
  session = kling_http_create_session (http, KLING_HTTP_LANE_FREE);
  soup_session_set_timeout (session,
      kling_clock_socket_seconds (parcel->timeout));
  return kling_http_watch_start (&delivery.watch, cancellable,
      parcel->deadline, error)
      && delivery_run (&delivery, session, message, error);
}
