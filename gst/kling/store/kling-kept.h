/* klinglipsync: finished videos in a store, and those on their way there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-spool.h"
#include "kling-store.h"

G_BEGIN_DECLS

/**
 * KlingKept:
 * @sha256: of its bytes, by which it is known
 * @size: in bytes
 * @played_at: when it was last opened, in microseconds since 1970
 *
 * A finished video in a store.
 */
typedef struct
{
  gchar *sha256;
  gint64 size;
  gint64 played_at;
} KlingKept;

void kling_kept_free (KlingKept * kept);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingKept, kling_kept_free)

KlingSpool *kling_kept_open (KlingStore * store, const gchar * sha256,
    GError ** error);
KlingSpool *kling_kept_open_part (KlingStore * store, const gchar * key,
    gboolean trust, GError ** error);
gboolean kling_kept_publish (KlingStore * store, const gchar * key,
    KlingSpool * part, GError ** error);

gchar *kling_kept_dup_path (KlingStore * store, const gchar * sha256);
GPtrArray *kling_kept_list (KlingStore * store);
gboolean kling_kept_remove (KlingStore * store, const gchar * sha256);

gchar *kling_kept_dup_boot_id (void);

G_END_DECLS
