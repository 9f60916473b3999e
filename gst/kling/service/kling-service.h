/* klinglipsync: one call of the API at a time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-answer.h"
#include "kling-dialect.h"
#include "kling-http.h"
#include "kling-request.h"

G_BEGIN_DECLS

/**
 * KlingService:
 *
 * A service with its key: knows where each call goes and what its answer means.
 * Used by one thread, the job's. It sends each call once; whether it may be
 * sent again, and when, is the job's decision.
 */
typedef struct _KlingService KlingService;

KlingService *kling_service_new (const KlingRequest * request,
    const KlingSettings * settings, KlingHttp * http);
void kling_service_free (KlingService * service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingService, kling_service_free)

/**
 * KlingReply:
 * @answer: what the service said
 * @retry_after: microseconds it asked us to wait at least, 0 when it did not
 * @details: for error messages
 */
typedef struct
{
  KlingAnswer answer;
  gint64 retry_after;
  KlingDetails details;
} KlingReply;

void kling_reply_clear (KlingReply * reply);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlingReply, kling_reply_clear)

KlingEnding kling_service_identify (KlingService * service,
    const KlingRequest * request, const KlingSources * sources,
    GCancellable * cancellable, KlingReply * reply, GError ** error);
KlingEnding kling_service_create (KlingService * service,
    const KlingRequest * request, const KlingSources * sources,
    GCancellable * cancellable, KlingReply * reply, GError ** error);
KlingEnding kling_service_speak (KlingService * service,
    const KlingRequest * request, GCancellable * cancellable,
    KlingReply * reply, GError ** error);
gboolean kling_service_query (KlingService * service, const gchar * task_id,
    guint * path, GCancellable * cancellable, KlingReply * reply,
    GError ** error);
gboolean kling_service_query_speech (KlingService * service,
    const gchar * task_id, GCancellable * cancellable, KlingReply * reply,
    GError ** error);
gboolean kling_service_look_up (KlingService * service,
    const gchar * external_id, GCancellable * cancellable, gchar ** task_id,
    GError ** error);

G_END_DECLS
