/* klinglipsync: the log of the service half
 *
 * This half does not know GStreamer, so it hands its lines to a function that
 * the plugin sets. Each element attaches it while it lives: a paid call may
 * still be completing when the application has left gst_deinit(), and the debug
 * categories of GStreamer are freed there.
 *
 * Any thread may log; the lock is held for reading while a line is handed over.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-log.h"

static GRWLock log_lock;
static KlingLogFunc log_func;
static guint log_users;

/**
 * kling_log_attach:
 * @func: where lines go from now on
 *
 * Calls count: the lines stop with the last kling_log_detach().
 */
void
kling_log_attach (KlingLogFunc func)
{
  g_rw_lock_writer_lock (&log_lock);
  log_func = func;
  log_users++;
  g_rw_lock_writer_unlock (&log_lock);
}

/**
 * kling_log_detach:
 *
 * Undoes one kling_log_attach(). After the last one no line is in flight.
 */
void
kling_log_detach (void)
{
  g_rw_lock_writer_lock (&log_lock);
  if (--log_users == 0)
    log_func = NULL;
  g_rw_lock_writer_unlock (&log_lock);
}

/**
 * kling_log:
 * @level: how important the line is
 * @file: source file
 * @function: function
 * @line: line in @file
 * @format: printf format, followed by its arguments
 *
 * Use the macros %KLING_WARNING, %KLING_INFO and %KLING_DEBUG.
 */
void
kling_log (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  g_rw_lock_reader_lock (&log_lock);
  if (log_func != NULL)
    log_func (level, file, function, line, format, args);
  g_rw_lock_reader_unlock (&log_lock);
  va_end (args);
}
