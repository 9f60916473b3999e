/* klinglipsync: how long to wait before trying again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * KlingBackoff:
 * @failures: how often in a row it did not work; 0 to start with
 */
typedef struct
{
  guint failures;
} KlingBackoff;

gint64 kling_backoff_next (KlingBackoff * backoff, gint64 minimum);
gint64 kling_backoff_spread (gint64 minimum);
void kling_backoff_reset (KlingBackoff * backoff);

G_END_DECLS
