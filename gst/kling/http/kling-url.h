/* klinglipsync: which URLs are allowed, and how they are shown
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean kling_url_check_base (const gchar * url, GError ** error);
gboolean kling_url_check_media (const gchar * name, const gchar * url,
    GError ** error);
gboolean kling_url_check_result (const gchar * url, const gchar * base_url,
    GError ** error);
gboolean kling_url_check_upload (const gchar * what, const gchar * url,
    GError ** error);

gboolean kling_url_is_loopback (const gchar * url);
gboolean kling_url_needs_tls (const gchar * url);
gchar *kling_url_join (const gchar * base_url, const gchar * path);
gchar *kling_url_display (const gchar * url);
gchar *kling_url_display_host (const gchar * url);
gchar *kling_url_origin (const gchar * url);
gchar *kling_url_identity (const gchar * url);

gchar *kling_text_clean (const gchar * text, gsize max_characters);

G_END_DECLS
