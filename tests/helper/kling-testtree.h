/* klinglipsync tests: directories of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gchar *kling_test_make_tree (const gchar * name);
void kling_test_remove_tree (const gchar * path);

G_END_DECLS
