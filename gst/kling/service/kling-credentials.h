/* klinglipsync: where keys come from
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-secret.h"

G_BEGIN_DECLS

gchar *kling_credentials_default_file (void);

KlingSecret *kling_credentials_find (const KlingSecret * property,
    const gchar * file, const gchar * base_url, gchar ** source,
    GError ** error);

G_END_DECLS
