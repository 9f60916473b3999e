/* klinglipsync: the local copy of a file, on its way in or out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Up to this many bytes stay in memory; more go to an unlinked file. */
#define KLING_SPOOL_MEMORY (4 * 1024 * 1024)
/* More than this is no part of a lip-sync: at most 60 s of 1080p. */
#define KLING_SPOOL_MAX (G_GINT64_CONSTANT (4) * 1024 * 1024 * 1024)

/**
 * KlingSpool:
 *
 * The bytes of one file. One thread writes it, mostly from the front; once it is
 * finished it never changes and any thread may read it at any offset.
 */
typedef struct _KlingSpool KlingSpool;

KlingSpool *kling_spool_new (const gchar * what);
KlingSpool *kling_spool_new_for_file (const gchar * what, const gchar * path,
    gint fd, GError ** error);
KlingSpool *kling_spool_ref (KlingSpool * spool);
void kling_spool_unref (KlingSpool * spool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingSpool, kling_spool_unref)

gboolean kling_spool_write (KlingSpool * spool, const guint8 * data,
    gsize size, GError ** error);
gboolean kling_spool_write_at (KlingSpool * spool, goffset offset,
    const guint8 * data, gsize size, GError ** error);
void kling_spool_set_path (KlingSpool * spool, const gchar * path);
gboolean kling_spool_restart (KlingSpool * spool, GError ** error);
gboolean kling_spool_finish (KlingSpool * spool, GError ** error);

gint kling_spool_get_fd (const KlingSpool * spool);
goffset kling_spool_get_size (const KlingSpool * spool);
const gchar *kling_spool_get_sha256 (const KlingSpool * spool);
gssize kling_spool_read (const KlingSpool * spool, goffset offset,
    guint8 * data, gsize size, GError ** error);
GBytes *kling_spool_get_bytes (const KlingSpool * spool, GError ** error);

G_END_DECLS
