/* klinglipsync: fetching a body of any size
 *
 * Runs on the calling thread, with a session of its own that blocks and is gone
 * with the fetch. So hundreds of megabytes pass by the worker, whose calls do
 * not wait for them, and a slow disk slows its own download only.
 *
 * No key and no cookie is ever sent along. Redirects are followed here, not by
 * libsoup, so that each address is judged before it is asked.
 *
 * Who has the beginning of a file may ask for its rest; it is for the server to
 * say whether that comes or the whole file. The bytes are asked for as they are,
 * never packed, because they are counted.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-http-private.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"
#include "kling-url.h"

typedef struct
{
  SoupSession *session;
  gint64 deadline;
  GCancellable *cancellable;
  const KlingHttpSink *sink;
  gpointer user_data;

  gchar *url;
  gchar *shown;
  const KlingHttpPart *rest;    /* what is asked for, NULL: all */
  goffset position;             /* in the file, behind what was read */
  goffset end;                  /* where the body ends in it, -1: not known */
  goffset length;               /* of the file, -1: not known */
  KlingHttpWatch watch;
} Fetch;

static void
fetch_clear (Fetch * fetch)
{
  kling_http_watch_end (&fetch->watch);
  g_clear_object (&fetch->session);
  g_free (fetch->url);
  g_free (fetch->shown);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fetch, fetch_clear);

static gboolean
fetch_may_go_on (Fetch * fetch, GError ** error)
{
  if (g_cancellable_is_cancelled (fetch->cancellable)) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED,
        "The download was stopped.");
    return FALSE;
  }
  if (kling_clock_now () < fetch->deadline)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_TIMED_OUT,
      "%s does not deliver in time.", fetch->shown);
  return FALSE;
}

static void
fetch_explain (Fetch * fetch, const GError * cause, SoupMessage * message,
    GError ** error)
{
  if (!fetch_may_go_on (fetch, error))
    return;
  g_propagate_error (error, kling_http_explain (cause, fetch->shown, message));
}

static gboolean
fetch_short_body (Fetch * fetch, GError ** error)
{
  if (fetch->length >= 0)
    g_set_error (error, KLING_ERROR, KLING_ERROR_NETWORK,
        "The download from %s ended after %" G_GOFFSET_FORMAT " of %"
        G_GOFFSET_FORMAT " bytes.", fetch->shown, fetch->position,
        fetch->length);
  else
    g_set_error (error, KLING_ERROR, KLING_ERROR_NETWORK,
        "The download from %s ended too early, after %" G_GOFFSET_FORMAT
        " bytes.", fetch->shown, fetch->position);
  return FALSE;
}

/* Fills a block as far as there is something. One read gives no more than a TLS
 * record, whatever room there is. Returns: %FALSE when it broke off; what came
 * before that is in the block */
static gboolean
fetch_read_block (Fetch * fetch, GInputStream * stream, guint8 * block,
    gsize * filled, GError ** error)
{
  for (*filled = 0; *filled < KLING_HTTP_BLOCK;) {
    g_autoptr (GError) cause = NULL;
    gssize size;

    if (!fetch_may_go_on (fetch, error))
      return FALSE;
    size = g_input_stream_read (stream, block + *filled,
        KLING_HTTP_BLOCK - *filled, fetch->watch.stop, &cause);
    if (size == 0)
      return TRUE;
    if (size < 0) {
      if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)
          && !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return fetch_short_body (fetch, error);
      fetch_explain (fetch, cause, NULL, error);
      return FALSE;
    }
    *filled += size;
    fetch->position += size;
  }
  return TRUE;
}

/* Libsoup counts a body that has a Content-Length; a 206 in chunks has none. */
static gboolean
fetch_check_end (Fetch * fetch, GError ** error)
{
  if (fetch->end < 0 || fetch->position <= fetch->end)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
      "%s sends more than the %" G_GOFFSET_FORMAT " bytes it spoke of.",
      fetch->shown, fetch->end);
  return FALSE;
}

static gboolean
fetch_read (Fetch * fetch, GInputStream * stream, GError ** error)
{
  g_autofree guint8 *block = g_malloc (KLING_HTTP_BLOCK);
  gsize filled;

  do {
    g_autoptr (GError) broken = NULL;

    /* What came before it broke off need not come again. */
    fetch_read_block (fetch, stream, block, &filled, &broken);
    if (!fetch_check_end (fetch, error)
        || (filled > 0
            && !fetch->sink->write (block, filled, fetch->user_data, error)))
      return FALSE;
    if (broken) {
      g_propagate_error (error, g_steal_pointer (&broken));
      return FALSE;
    }
  } while (filled == KLING_HTTP_BLOCK);

  if (fetch->length >= 0 && fetch->position != fetch->length)
    return fetch_short_body (fetch, error);
  KLING_DEBUG ("GET %s: %" G_GOFFSET_FORMAT " bytes", fetch->shown,
      fetch->position);
  return TRUE;
}

static gboolean
fetch_take_whole (Fetch * fetch, SoupMessage * message, GInputStream * stream,
    GError ** error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  g_autofree gchar *validator = kling_http_dup_validator (headers);
  KlingHttpPart part = { 0, kling_http_body_length (headers), validator };

  fetch->position = 0;
  fetch->end = fetch->length = part.length;
  return fetch->sink->begin (&part, fetch->user_data, error)
      && fetch_read (fetch, stream, error);
}

static gboolean
fetch_take_rest (Fetch * fetch, SoupMessage * message, GInputStream * stream,
    GError ** error)
{
  KlingHttpPart part = *fetch->rest;

  if (!kling_http_part_check (fetch->rest,
          soup_message_get_response_headers (message), &part.length,
          &fetch->end)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
        "%s was asked for the rest of a file, from byte %" G_GOFFSET_FORMAT
        " on, and sends something else.", fetch->shown, part.offset);
    return FALSE;
  }
  fetch->position = part.offset;
  fetch->length = part.length;
  return fetch->sink->begin (&part, fetch->user_data, error)
      && fetch_read (fetch, stream, error);
}

static gboolean
is_redirect (guint status)
{
  return status == 301 || status == 302 || status == 303 || status == 307
      || status == 308;
}

/* Returns: whether @fetch has another address now */
static gboolean
fetch_redirect (Fetch * fetch, SoupMessage * message, GError ** error)
{
  const gchar *location = soup_message_headers_get_one
      (soup_message_get_response_headers (message), "Location");
  g_autoptr (GUri) uri = location ? g_uri_parse_relative
      (soup_message_get_uri (message), location, SOUP_HTTP_URI_FLAGS, NULL)
      : NULL;

  if (uri == NULL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
        "%s sends us elsewhere without saying where.", fetch->shown);
    return FALSE;
  }
  g_free (fetch->url);
  fetch->url = g_uri_to_string (uri);
  return TRUE;
}

/* Takes an answer. @again says whether to ask once more: at another address, or
 * for all of the file. */
static gboolean
fetch_take (Fetch * fetch, SoupMessage * message, GInputStream * stream,
    gboolean * again, GError ** error)
{
  guint status = soup_message_get_status (message);

  *again = is_redirect (status);
  if (*again)
    return fetch_redirect (fetch, message, error);
  if (status == SOUP_STATUS_OK)
    return fetch_take_whole (fetch, message, stream, error);
  if (status == SOUP_STATUS_PARTIAL_CONTENT && fetch->rest)
    return fetch_take_rest (fetch, message, stream, error);
  if (status == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE && fetch->rest) {
    fetch->rest = NULL;
    *again = TRUE;
    return TRUE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
      "%s does not deliver: it answers %u.", fetch->shown, status);
  return FALSE;
}

static SoupMessage *
fetch_create_message (Fetch * fetch, GError ** error)
{
  SoupMessage *message =
      kling_http_create_message (SOUP_METHOD_GET, fetch->url, error);

  if (message == NULL)
    return NULL;
  soup_message_headers_replace (soup_message_get_request_headers (message),
      "Accept-Encoding", "identity");
  if (fetch->rest)
    kling_http_part_ask (fetch->rest, message);
  return message;
}

/* Asks the address of @fetch. Returns: %FALSE on an error */
static gboolean
fetch_ask (Fetch * fetch, gboolean * again, guint * status, GError ** error)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) cause = NULL;

  g_free (fetch->shown);
  fetch->shown = fetch->sink->show_url ? fetch->sink->show_url (fetch->url)
      : kling_url_display (fetch->url);
  if (!fetch->sink->check_url (fetch->url, fetch->user_data, error)
      || !fetch_may_go_on (fetch, error))
    return FALSE;
  message = fetch_create_message (fetch, error);
  if (message == NULL)
    return FALSE;

  stream = soup_session_send (fetch->session, message, fetch->watch.stop,
      &cause);
  if (stream == NULL) {
    fetch_explain (fetch, cause, message, error);
    return FALSE;
  }
  *status = soup_message_get_status (message);
  KLING_DEBUG ("GET %s: %u", fetch->shown, *status);
  return fetch_take (fetch, message, stream, again, error);
}

static gboolean
fetch_run (Fetch * fetch, guint * status, GError ** error)
{
  gboolean again = FALSE;

  for (guint i = 0; i <= KLING_HTTP_MAX_REDIRECTS; i++) {
    if (!fetch_ask (fetch, &again, status, error))
      return FALSE;
    if (!again)
      return TRUE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
      "%s sends us elsewhere again, after %d other addresses.", fetch->shown,
      KLING_HTTP_MAX_REDIRECTS);
  return FALSE;
}

/**
 * kling_http_fetch:
 * @http: a way
 * @url: where the body is
 * @rest: (nullable): what is missing of a file whose beginning is here, %NULL:
 *   all of it
 * @timeout: microseconds without a byte after which we give up
 * @deadline: on our clock
 * @cancellable: (nullable): ends it at once
 * @sink: where the body goes
 * @user_data: for the functions of @sink
 * @status: (out): the last HTTP status, 0 when there was none
 * @error: %KLING_ERROR_SERVICE when the status is not 200, and
 *   %KLING_ERROR_CANCELLED, %KLING_ERROR_TIMED_OUT, %KLING_ERROR_NETWORK, or
 *   what the functions of @sink set
 *
 * Fetches with GET, on the calling thread. Follows up to
 * %KLING_HTTP_MAX_REDIRECTS redirects, when @sink allows their URLs.
 *
 * @rest is asked for when it has an offset and a good validator. The server may
 * send the whole file nevertheless, because it has changed or because it does
 * not do otherwise: @sink is told so. When @status is 206 in the end and the
 * error %KLING_ERROR_SERVICE, it sent something that does not fit: ask for the
 * whole file then. Bytes that came before an error have gone to @sink.
 *
 * Returns: whether all of the body was written to @sink
 */
gboolean
kling_http_fetch (KlingHttp * http, const gchar * url,
    const KlingHttpPart * rest, gint64 timeout, gint64 deadline,
    GCancellable * cancellable, const KlingHttpSink * sink,
    gpointer user_data, guint * status, GError ** error)
{
  /* The session must not end up on the application's main context. */
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher G_GNUC_UNUSED =
      g_main_context_pusher_new (context);
  g_auto (Fetch) fetch = {
    .deadline = deadline,
    .cancellable = cancellable,
    .sink = sink,
    .user_data = user_data,
    .rest = kling_http_part_is_usable (rest) ? rest : NULL,
    .end = -1,
    .length = -1,
  };
  *status = 0;
  fetch.url = g_strdup (url);
  fetch.session = kling_http_create_session (http, KLING_HTTP_LANE_FREE);
  soup_session_set_timeout (fetch.session,
      kling_clock_socket_seconds (timeout));
  return kling_http_watch_start (&fetch.watch, cancellable, deadline, error)
      && fetch_run (&fetch, status, error);
}
