/* klinglipsync tests: a store with things in it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/check/gstcheck.h>

#include "kling-kept.h"
#include "kling-store.h"

#define CASE_TASK "task-4711"

typedef struct
{
  gchar *path;
  KlingStore *store;
} StoreCase;

StoreCase *store_case_new (void);
void store_case_free (StoreCase * c);

gchar *store_case_dup_key (const gchar * digits);
gint store_case_lock (StoreCase * c, const gchar * digits);
KlingRecord *store_case_make (KlingRecordKind kind, KlingRecordState state,
    const gchar * digits);
void store_case_put (StoreCase * c, KlingRecord * record);
void store_case_put_sending (StoreCase * c, const gchar * digits);
void store_case_put_done (StoreCase * c, const gchar * digits,
    const gchar * sha256);
KlingRecord *store_case_read (StoreCase * c, const gchar * digits);
gchar *store_case_keep (StoreCase * c, const gchar * bytes, gint hours_ago);
gboolean store_case_has (StoreCase * c, const gchar * digits,
    const gchar * extension);
gboolean store_case_has_video (StoreCase * c, const gchar * sha256);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreCase, store_case_free)
