/* klinglipsync: serving one file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Connections that are served at the same time; others wait. */
#define KLING_UPLOAD_SERVER_CONNECTIONS 8

/**
 * KlingUploadServer:
 *
 * A thread that serves one file by HTTP, under one path, to whoever knows it.
 */
typedef struct _KlingUploadServer KlingUploadServer;

KlingUploadServer *kling_upload_server_start (guint16 port, gboolean everywhere,
    const gchar * path, const gchar * content_type, GBytes * bytes,
    GError ** error);
guint16 kling_upload_server_get_port (const KlingUploadServer * server);
void kling_upload_server_stop (KlingUploadServer * server);

G_END_DECLS
