/* klinglipsync: serving files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Connections to one port that are served at the same time */
#define KLING_UPLOAD_SERVER_CONNECTIONS 8

/**
 * KlingServedFile:
 *
 * A file that this process serves by HTTP, under one path, to whoever knows it.
 * All files of one port have one thread.
 */
typedef struct _KlingServedFile KlingServedFile;

KlingServedFile *kling_served_file_new (guint16 port, gboolean everywhere,
    const gchar * path, const gchar * content_type, GBytes * bytes,
    GError ** error);
guint16 kling_served_file_get_port (const KlingServedFile * file);
void kling_served_file_free (KlingServedFile * file);

G_END_DECLS
