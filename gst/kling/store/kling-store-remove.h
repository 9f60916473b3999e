/* klinglipsync: forgetting what was asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-store.h"

G_BEGIN_DECLS

GHashTable *kling_store_find_users (KlingStore * store, guint * unreadable);
gchar *kling_store_dup_objection (const KlingRecord * record);
gboolean kling_store_remove (KlingStore * store, GHashTable * users,
    const gchar * key, gint64 before, gboolean force, GError ** error);

G_END_DECLS
