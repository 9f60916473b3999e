/* klinglipsync: time and waiting
 *
 * The only place that reads a clock and the only place that waits for time to
 * pass. Everything here may be called from any thread.
 *
 * The clock is monotonic. Built with the option test-hooks it runs
 * KLING_TEST_SPEED times as fast, so that a test can live through an hour of
 * polling in seconds; every wait and deadline of ours is made of it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-clock.h"

#ifdef KLING_TEST_HOOKS
#include <signal.h>
#include <string.h>

static gint64
clock_speed (void)
{
  static gsize speed;

  if (g_once_init_enter (&speed)) {
    const gchar *text = g_getenv ("KLING_TEST_SPEED");
    gint64 value = text ? g_ascii_strtoll (text, NULL, 10) : 1;

    g_once_init_leave (&speed, (gsize) CLAMP (value, 1, 100000));
  }
  return (gint64) speed;
}

/**
 * kling_test_point:
 * @point: name of a place in the code
 *
 * Ends the process as a crash would, when KLING_TEST_KILL names @point, or
 * "@point:N" and it is the Nth time that one comes by here.
 */
void
kling_test_point (const gchar * point)
{
  static gint passed;
  const gchar *wish = g_getenv ("KLING_TEST_KILL");
  gsize length = strlen (point);
  gint64 nth;

  if (wish == NULL || strncmp (wish, point, length) != 0
      || (wish[length] != '\0' && wish[length] != ':'))
    return;
  nth = wish[length] ? g_ascii_strtoll (wish + length + 1, NULL, 10) : 1;
  if (g_atomic_int_add (&passed, 1) + 1 == nth)
    raise (SIGKILL);
}
#else
#define clock_speed() ((gint64) 1)
#endif

/**
 * kling_clock_now:
 *
 * Returns: microseconds on our monotonic clock. Only differences mean anything.
 */
gint64
kling_clock_now (void)
{
  return g_get_monotonic_time () * clock_speed ();
}

/**
 * kling_clock_wall_seconds:
 *
 * Returns: seconds since 1970, for what the outside world dates: Retry-After
 */
gint64
kling_clock_wall_seconds (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/**
 * kling_clock_since:
 * @real_time: microseconds since 1970, of this or an earlier process
 *
 * Returns: how long ago that was, on our clock; 0 when it is still to come,
 *   because somebody has set the machine's clock
 */
gint64
kling_clock_since (gint64 real_time)
{
  gint64 span = MAX (0, g_get_real_time () - MAX (0, real_time));

  return MIN (span, KLING_NEVER / clock_speed ()) * clock_speed ();
}

/**
 * kling_clock_until:
 * @real_time: microseconds since 1970
 *
 * Returns: how long it is until then, on our clock; 0 when it has come
 */
gint64
kling_clock_until (gint64 real_time)
{
  gint64 now = g_get_real_time ();
  gint64 span = real_time > now ? real_time - now : 0;

  return MIN (span, KLING_NEVER / clock_speed ()) * clock_speed ();
}

/**
 * kling_clock_real_after:
 * @span: microseconds from now, on our clock
 *
 * Returns: the time that is @span away, for other processes: microseconds since
 *   1970
 */
gint64
kling_clock_real_after (gint64 span)
{
  return g_get_real_time () + span / clock_speed ();
}

/**
 * kling_clock_after:
 * @span: microseconds from now, or %KLING_NEVER
 *
 * Returns: the deadline that is @span away; never overflows
 */
gint64
kling_clock_after (gint64 span)
{
  gint64 now = kling_clock_now ();

  return span > KLING_NEVER - now ? KLING_NEVER : now + span;
}

/**
 * kling_clock_socket_seconds:
 * @span: microseconds on our clock
 *
 * libsoup counts its socket timeouts in whole seconds of the real clock, where
 * 0 means none.
 *
 * Returns: the same span in those seconds, rounded up, at least 1
 */
guint
kling_clock_socket_seconds (gint64 span)
{
  gint64 seconds = span / clock_speed () / G_USEC_PER_SEC + 1;

  return (guint) CLAMP (seconds, 1, G_MAXINT);
}

/**
 * kling_clock_wait:
 * @cond: a condition
 * @mutex: its mutex, locked
 * @deadline: on our clock, or %KLING_NEVER
 *
 * As g_cond_wait_until(): check what you wait for again afterwards.
 *
 * Returns: %FALSE when @deadline has passed
 */
gboolean
kling_clock_wait (GCond * cond, GMutex * mutex, gint64 deadline)
{
  if (deadline == KLING_NEVER) {
    g_cond_wait (cond, mutex);
    return TRUE;
  }
  return g_cond_wait_until (cond, mutex, deadline / clock_speed ());
}

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean cancelled;
} Sleeper;

static void
sleeper_wake (GCancellable * cancellable, gpointer user_data)
{
  Sleeper *sleeper = user_data;

  g_mutex_lock (&sleeper->mutex);
  sleeper->cancelled = TRUE;
  g_cond_broadcast (&sleeper->cond);
  g_mutex_unlock (&sleeper->mutex);
}

/**
 * kling_clock_sleep:
 * @deadline: on our clock
 * @cancellable: (nullable): ends the sleep at once
 *
 * Returns: %TRUE when @deadline has come, %FALSE when we were cancelled
 */
gboolean
kling_clock_sleep (gint64 deadline, GCancellable * cancellable)
{
  Sleeper sleeper = { 0, };
  gulong id = 0;

  g_mutex_init (&sleeper.mutex);
  g_cond_init (&sleeper.cond);
  if (cancellable)
    id = g_cancellable_connect (cancellable, G_CALLBACK (sleeper_wake),
        &sleeper, NULL);

  g_mutex_lock (&sleeper.mutex);
  while (!sleeper.cancelled
      && kling_clock_wait (&sleeper.cond, &sleeper.mutex, deadline));
  g_mutex_unlock (&sleeper.mutex);

  /* waits for a handler that is still running, so the stack may go */
  g_cancellable_disconnect (cancellable, id);
  g_cond_clear (&sleeper.cond);
  g_mutex_clear (&sleeper.mutex);
  return !sleeper.cancelled;
}
