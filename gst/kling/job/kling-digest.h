/* klinglipsync: by what a request is known
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-request.h"

G_BEGIN_DECLS

gchar *kling_request_dup_digest (const KlingRequest * request);
gchar *kling_request_dup_session_key (const KlingRequest * request,
    const gchar * account);
gchar *kling_request_dup_speech_key (const KlingRequest * request,
    const gchar * account);
gchar *kling_request_dup_task_key (const KlingRequest * request);
gchar *kling_request_dup_external_id (const KlingRequest * request,
    guint attempt);

G_END_DECLS
