/* klinglipsync: the end of the process waits for paid calls
 *
 * A paid call that is being sent is never aborted, not even by a
 * person who presses Ctrl-C: its answer holds the id of a task that costs money.
 * The job's thread holds the exit around such a call; a handler of atexit(),
 * installed with the first of them, waits for it on the thread that called
 * exit(). After ten seconds it gives up, because a process that cannot be ended
 * is worse.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-exit.h"

#include <stdlib.h>
#include "kling-clock.h"
#include "kling-http.h"

#define EXIT_PATIENCE (10 * KLING_SECOND)
#define EXIT_SILENCE (1 * KLING_SECOND)
/* Jobs that were told to stop need no longer to let go of the network. */
#define EXIT_CLOSING (KLING_SECOND / 4)

static GMutex exit_lock;
static GCond exit_cond;
static guint exit_holders;
static gboolean exit_begun;     /* no paid call may begin any more */

static gboolean
wait_for_holders (gint64 span)
{
  gint64 deadline = kling_clock_after (span);
  gboolean done;

  g_mutex_lock (&exit_lock);
  while (exit_holders > 0
      && kling_clock_wait (&exit_cond, &exit_lock, deadline));
  done = exit_holders == 0;
  g_mutex_unlock (&exit_lock);
  return done;
}

static void
wait_for_paid_calls (void)
{
  if (wait_for_holders (EXIT_SILENCE))
    return;
  g_printerr ("klinglipsync: waiting up to %d s for the answer to a call that"
      " costs money.\n", (int) (EXIT_PATIENCE / KLING_SECOND));
  if (wait_for_holders (EXIT_PATIENCE - EXIT_SILENCE))
    return;
  g_printerr ("klinglipsync: no answer. A task may have been bought: look into"
      " the service's console.\n");
}

/* A thread that still closes TLS connections while the libraries below it are
 * torn down may crash, so it gets a moment. */
static void
wait_at_exit (void)
{
  g_mutex_lock (&exit_lock);
  exit_begun = TRUE;
  g_mutex_unlock (&exit_lock);
  wait_for_paid_calls ();
  kling_http_wait_for_end (kling_clock_after (EXIT_CLOSING));
}

/**
 * kling_exit_hold:
 *
 * From now on exit() waits, up to ten seconds, until kling_exit_release() has
 * been called as often. Any thread.
 *
 * Returns: %FALSE when exit() has begun: then nothing may be sent, because
 *   nobody would wait for the answer
 */
gboolean
kling_exit_hold (void)
{
  static gsize installed;
  gboolean held;

  if (g_once_init_enter (&installed)) {
    atexit (wait_at_exit);
    g_once_init_leave (&installed, 1);
  }
  g_mutex_lock (&exit_lock);
  held = !exit_begun;
  if (held)
    exit_holders++;
  g_mutex_unlock (&exit_lock);
  return held;
}

/**
 * kling_exit_has_begun:
 *
 * Returns: whether the process is in exit(), so that nobody reads messages
 */
gboolean
kling_exit_has_begun (void)
{
  g_mutex_lock (&exit_lock);
  gboolean begun = exit_begun;
  g_mutex_unlock (&exit_lock);
  return begun;
}

/**
 * kling_exit_release:
 *
 * Undoes one kling_exit_hold(): what was answered is written down.
 */
void
kling_exit_release (void)
{
  g_mutex_lock (&exit_lock);
  exit_holders--;
  g_cond_broadcast (&exit_cond);
  g_mutex_unlock (&exit_lock);
}
