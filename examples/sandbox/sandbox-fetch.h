/* Fetches what a request points at.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

guint sandbox_fetch (const char *url, gsize limit, const char *path,
    GCancellable *stop, GError **error);
gboolean sandbox_url_is_fetchable (const char *url);

G_END_DECLS
