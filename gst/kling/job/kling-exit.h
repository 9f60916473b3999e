/* klinglipsync: the end of the process waits for paid calls
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean kling_exit_hold (void);
gboolean kling_exit_has_begun (void);
void kling_exit_release (void);

G_END_DECLS
