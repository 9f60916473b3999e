/* klinglipsync: what the parts of kling-http share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <libsoup/soup.h>
#include "kling-http.h"

G_BEGIN_DECLS

/**
 * KlingHttpLane:
 * @KLING_HTTP_LANE_FREE: calls that cost nothing and are soon over
 * @KLING_HTTP_LANE_PAID: paid calls, each on a connection of its own
 *
 * libsoup opens two connections to a host and lets other messages wait. Paid
 * calls may take minutes, so they have a session of their own: two of them must
 * not keep all other jobs from polling.
 */
typedef enum
{
  KLING_HTTP_LANE_FREE,
  KLING_HTTP_LANE_PAID,
} KlingHttpLane;

/* worker */
void kling_http_run (KlingHttp * http, GSourceFunc func, gpointer user_data,
    GDestroyNotify notify);
SoupSession *kling_http_get_session (KlingHttp * http, KlingHttpLane lane);
SoupSession *kling_http_create_session (KlingHttp * http, KlingHttpLane lane);

/**
 * KlingHttpWatch:
 * @stop: what the exchange is to be sent and read with
 *
 * Keeps the deadline of an exchange that blocks. All the rest is its own.
 */
typedef struct
{
  GCancellable *stop;

  /*< private > */
  GCancellable *cancellable;
  gulong handler;
  gint64 deadline;
  GCancellable *over;
  GThread *thread;
} KlingHttpWatch;

gboolean kling_http_watch_start (KlingHttpWatch * watch,
    GCancellable * cancellable, gint64 deadline, GError ** error);
void kling_http_watch_end (KlingHttpWatch * watch);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlingHttpWatch, kling_http_watch_end)

/* going on with a body that broke off */
gchar *kling_http_dup_validator (SoupMessageHeaders * headers);
gboolean kling_http_part_is_usable (const KlingHttpPart * part);
void kling_http_part_ask (const KlingHttpPart * part, SoupMessage * message);
gboolean kling_http_part_check (const KlingHttpPart * part,
    SoupMessageHeaders * headers, goffset * length, goffset * end);
goffset kling_http_body_length (SoupMessageHeaders * headers);

/* messages and errors */
SoupMessage *kling_http_create_message (const gchar * method,
    const gchar * url, GError ** error);
GError *kling_http_explain (const GError * cause, const gchar * shown_url,
    SoupMessage * message);

G_END_DECLS
