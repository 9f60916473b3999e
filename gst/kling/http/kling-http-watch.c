/* klinglipsync: ends an exchange that blocks, when it is told to or too late
 *
 * A server that drips a byte now and then never meets the timeout of the
 * socket, so a second thread, kling-watch, keeps the deadline. It and the
 * caller's cancellable end the exchange in the same way: through watch->stop.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-http-private.h"

#include "kling-clock.h"
#include "kling-error.h"

static gpointer
watch_thread (gpointer user_data)
{
  KlingHttpWatch *watch = user_data;

  if (kling_clock_sleep (watch->deadline, watch->over))
    g_cancellable_cancel (watch->stop);
  return NULL;
}

static void
on_cancelled (GCancellable * cancellable, gpointer user_data)
{
  g_cancellable_cancel (G_CANCELLABLE (user_data));
}

/**
 * kling_http_watch_start:
 * @watch: (out caller-allocates): stays where it is until it ends
 * @cancellable: (nullable): the caller's
 * @deadline: on our clock
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Returns: %FALSE when there is no thread to be had
 */
gboolean
kling_http_watch_start (KlingHttpWatch * watch, GCancellable * cancellable,
    gint64 deadline, GError ** error)
{
  watch->deadline = deadline;
  watch->stop = g_cancellable_new ();
  watch->over = g_cancellable_new ();
  watch->cancellable = cancellable;
  watch->handler = cancellable == NULL ? 0
      : g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
      watch->stop, NULL);
  watch->thread = g_thread_try_new ("kling-watch", watch_thread, watch, NULL);
  if (watch->thread != NULL)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "No thread could be started for the network; the machine is out of"
      " threads or memory.");
  return FALSE;
}

/**
 * kling_http_watch_end:
 * @watch: a watch, started well or not
 */
void
kling_http_watch_end (KlingHttpWatch * watch)
{
  if (watch->stop == NULL)
    return;
  g_cancellable_disconnect (watch->cancellable, watch->handler);
  g_cancellable_cancel (watch->over);
  g_clear_pointer (&watch->thread, g_thread_join);
  g_clear_object (&watch->over);
  g_clear_object (&watch->stop);
}
