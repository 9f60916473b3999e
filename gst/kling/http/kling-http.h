/* klinglipsync: one bounded, cancellable, redacted HTTP exchange
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KLING_HTTP_MAX_ANSWER (1024 * 1024)
#define KLING_HTTP_MAX_REDIRECTS 5
#define KLING_HTTP_BLOCK (256 * 1024)

/* The least time a paid call gets after its last byte was sent */
#define KLING_HTTP_PAID_PATIENCE (120 * G_TIME_SPAN_SECOND)

/**
 * KlingHttp:
 *
 * A way to reach the network: one (proxy, TLS database) pair. Refcounted; any
 * thread may use it. All of them share one worker thread, which starts with the
 * first and ends with the last.
 */
typedef struct _KlingHttp KlingHttp;

KlingHttp *kling_http_new (const gchar * proxy, GTlsDatabase * tls_database,
    const gchar * user_agent, GError ** error);
KlingHttp *kling_http_ref (KlingHttp * http);
void kling_http_unref (KlingHttp * http);
gboolean kling_http_wait_for_end (gint64 deadline);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingHttp, kling_http_unref)

/**
 * KlingHttpRequest:
 * @method: "GET" or "POST"
 * @url: where to; checked by the caller
 * @authorization: (nullable): value of the Authorization header
 * @headers: (nullable): further headers, name and value in turn
 * @body: (nullable): the body, sent with its length
 * @timeout: microseconds for the whole call
 * @paid: sent once, on a connection of its own, and never aborted once it is
 *   being sent; from its last byte on it gets at least
 *   %KLING_HTTP_PAID_PATIENCE
 */
typedef struct
{
  const gchar *method;
  const gchar *url;
  const gchar *authorization;
  const gchar *const *headers;
  GBytes *body;
  gint64 timeout;
  gboolean paid;
} KlingHttpRequest;

/**
 * KlingHttpAnswer:
 * @status: HTTP status, 0 when there was no answer
 * @body: (nullable): at most %KLING_HTTP_MAX_ANSWER bytes
 * @retry_after: microseconds of a Retry-After header, 0 when there was none
 * @date: when the server answered, by its own clock, in seconds since 1970; 0
 *   when it did not tell; only kling_http_call() asks
 * @sent: whether any byte of the request may have left this machine
 * @sent_all: likewise, all of them; only kling_http_send() tells
 */
typedef struct
{
  guint status;
  GBytes *body;
  gint64 retry_after;
  gint64 date;
  gboolean sent;
  gboolean sent_all;
} KlingHttpAnswer;

void kling_http_answer_clear (KlingHttpAnswer * answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlingHttpAnswer, kling_http_answer_clear)

gboolean kling_http_call (KlingHttp * http, const KlingHttpRequest * request,
    GCancellable * cancellable, KlingHttpAnswer * answer, GError ** error);

gint64 kling_http_parse_retry_after (const gchar * text, gint64 wall_seconds);
gboolean kling_http_header_is_valid (const gchar * name, const gchar * value);

/**
 * KlingHttpParcel:
 * @method: "PUT", "POST" or "DELETE"
 * @url: where to; checked by the caller
 * @headers: (nullable): headers, name and value in turn
 * @content_type: (nullable): media type of the body
 * @body: (nullable) (array zero-terminated=1): parts of the body, in order
 * @timeout: microseconds without a byte after which we give up
 * @deadline: on our clock, or %KLING_NEVER
 * @progress: (nullable): called on the calling thread while the body is sent
 * @user_data: for @progress
 *
 * What kling_http_send() sends. The parts of the body are not copied.
 */
typedef struct
{
  const gchar *method;
  const gchar *url;
  const gchar *const *headers;
  const gchar *content_type;
  GBytes *const *body;
  gint64 timeout;
  gint64 deadline;
  void (*progress) (goffset sent, goffset size, gpointer user_data);
  gpointer user_data;
} KlingHttpParcel;

gboolean kling_http_send (KlingHttp * http, const KlingHttpParcel * parcel,
    GCancellable * cancellable, KlingHttpAnswer * answer, GError ** error);

/**
 * KlingHttpPart:
 * @offset: how many bytes come before it
 * @length: of the whole file, -1 when it is not known
 * @validator: (nullable): a strong ETag, or else a date, by which the file is
 *   known again, as it goes into If-Range
 *
 * The rest of a file at a server, from @offset on.
 */
typedef struct
{
  goffset offset;
  goffset length;
  const gchar *validator;
} KlingHttpPart;

/**
 * KlingHttpSink:
 * @check_url: may refuse a URL, the first one and those of redirects
 * @begin: what comes is @part: the whole file when its offset is 0, also when
 *   only the rest was asked for
 * @write: the next bytes of the body
 * @show_url: (nullable): how a URL is shown in errors and in the log, or %NULL
 *   for kling_url_display()
 *
 * Where kling_http_fetch() puts a body. All run on the calling thread.
 */
typedef struct
{
  gboolean (*check_url) (const gchar * url, gpointer user_data,
      GError ** error);
  gboolean (*begin) (const KlingHttpPart * part, gpointer user_data,
      GError ** error);
  gboolean (*write) (const guint8 * data, gsize size, gpointer user_data,
      GError ** error);
  gchar *(*show_url) (const gchar * url);
} KlingHttpSink;

gboolean kling_http_fetch (KlingHttp * http, const gchar * url,
    const KlingHttpPart * rest, gint64 timeout, gint64 deadline,
    GCancellable * cancellable, const KlingHttpSink * sink,
    gpointer user_data, guint * status, GError ** error);

G_END_DECLS
