/* klinglipsync: finished videos in a store, and those on their way there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-spool.h"
#include "kling-store.h"

G_BEGIN_DECLS

/* a video in results/ */
typedef struct
{
  gchar *sha256;
  gint64 size;
  gint64 played_at;             /* microseconds since 1970 */
} KlingKept;

void kling_kept_free (KlingKept * kept);

/* opens results/SHA256.mp4: NULL without an error when it is not there or is damaged; the spool holds LOCK_SH until
 * it is freed and the file's time says "played now" */
KlingSpool *kling_kept_open (KlingStore * store, const gchar * sha256, GError ** error);
/* opens or makes KEY.part for writing; @trust: bytes that are there may be gone on with */
KlingSpool *kling_kept_open_part (KlingStore * store, const gchar * key, gboolean trust, GError ** error);
/* a finished spool of kling_kept_open_part(): flushed, renamed to results/SHA256.mp4, directory flushed. Holds LOCK_SH from before the rename. */
gboolean kling_kept_publish (KlingStore * store, const gchar * key, KlingSpool * part, GError ** error);
gchar *kling_kept_dup_path (KlingStore * store, const gchar * sha256);
GPtrArray *kling_kept_list (KlingStore * store);
/* FALSE without error when somebody reads it */
gboolean kling_kept_remove (KlingStore * store, const gchar * sha256);

G_END_DECLS
