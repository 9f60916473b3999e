/* klinglipsync: the directory of what was asked and bought
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-record.h"

G_BEGIN_DECLS

/* Files of a record, beside KEY.rec: what comes after the key in their names */
#define KLING_STORE_LOCK ".lock"
#define KLING_STORE_ANSWER ".ans"
#define KLING_STORE_PART ".part"

/* The directory of finished videos in a store, and of slots */
#define KLING_STORE_RESULTS "results"
#define KLING_STORE_SLOTS "slots"

/**
 * KlingStore:
 *
 * An open store: a directory that is ours alone. Refcounted and immutable; any
 * thread may use it. What keeps threads and processes apart are the locks of its
 * files.
 */
typedef struct _KlingStore KlingStore;

KlingStore *kling_store_open (const gchar * path, GError ** error);
KlingStore *kling_store_ref (KlingStore * store);
void kling_store_unref (KlingStore * store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingStore, kling_store_unref)

const gchar *kling_store_get_path (const KlingStore * store);
gchar *kling_store_dup_file (const KlingStore * store, const gchar * key,
    const gchar * extension);
gchar *kling_store_dup_account (const KlingStore * store,
    const gchar * origin, const gchar * key);

/* locks: kling-store-lock.c */
gint kling_store_try_lock (KlingStore * store, const gchar * name,
    gchar ** holder, GError ** error);
void kling_store_unlock (gint fd);

/* records */
GPtrArray *kling_store_list (KlingStore * store, GError ** error);
gboolean kling_store_read (KlingStore * store, const gchar * key,
    KlingRecord ** record, GError ** error);
void kling_store_settle (KlingStore * store, const gchar * key);
gboolean kling_store_put (KlingStore * store, KlingRecord * record,
    GError ** error);
gboolean kling_store_make_room (KlingStore * store, const gchar * key,
    GError ** error);
gboolean kling_store_put_answer (KlingStore * store, KlingRecord * record,
    GError ** error);
gboolean kling_store_check_right (KlingStore * store,
    const KlingRecord * record, GError ** error);
gboolean kling_store_take_right (KlingStore * store,
    const KlingRecord * record, GError ** error);
gboolean kling_store_drop_right (KlingStore * store,
    const KlingRecord * record, GError ** error);

G_END_DECLS
