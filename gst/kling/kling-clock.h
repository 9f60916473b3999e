/* klinglipsync: time and waiting
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* All times of this half are microseconds in gint64, as GLib counts them. */
#define KLING_SECOND G_TIME_SPAN_SECOND
#define KLING_NEVER G_MAXINT64

gint64 kling_clock_now (void);
gint64 kling_clock_wall_seconds (void);
gint64 kling_clock_since (gint64 real_time);
gint64 kling_clock_until (gint64 real_time);
gint64 kling_clock_real_after (gint64 span);
gint64 kling_clock_after (gint64 span);
guint kling_clock_socket_seconds (gint64 span);

gboolean kling_clock_wait (GCond * cond, GMutex * mutex, gint64 deadline);
gboolean kling_clock_sleep (gint64 deadline, GCancellable * cancellable);

#ifdef KLING_TEST_HOOKS
void kling_test_point (const gchar * point);
#else
#define kling_test_point(point) G_STMT_START { } G_STMT_END
#endif

G_END_DECLS
