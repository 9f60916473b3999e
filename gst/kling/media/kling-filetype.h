/* klinglipsync: what a file is that we cannot use
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So many bytes from the start of a file tell all that can be told. */
#define KLING_FILETYPE_HEAD 192

gchar *kling_filetype_describe (const guint8 * data, gsize size);

G_END_DECLS
