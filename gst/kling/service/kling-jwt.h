/* klinglipsync: the token that stands for an access key and a secret key
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gchar *kling_jwt_sign (const gchar * access_key, const gchar * secret_key,
    gint64 wall_seconds);

G_END_DECLS
