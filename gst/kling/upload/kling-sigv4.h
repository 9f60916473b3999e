/* klinglipsync: AWS Signature Version 4
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * KlingSigv4:
 * @access_key: who signs
 * @secret_key: with what
 * @session_token: (nullable): of temporary credentials; presigning adds it
 * @region: as "eu-central-1"
 * @service: as "s3"
 * @wall_seconds: now, in seconds since 1970
 */
typedef struct
{
  const gchar *access_key;
  const gchar *secret_key;
  const gchar *session_token;
  const gchar *region;
  const gchar *service;
  gint64 wall_seconds;
} KlingSigv4;

gchar *kling_sigv4_escape (const gchar * text, gboolean is_path);
gchar *kling_sigv4_date (gint64 wall_seconds);

gchar *kling_sigv4_sign (const KlingSigv4 * sigv4, const gchar * method,
    const gchar * path, const gchar * const *headers,
    const gchar * payload_sha256);
gchar *kling_sigv4_presign (const KlingSigv4 * sigv4, const gchar * method,
    const gchar * host, const gchar * path, guint expires);

G_END_DECLS
