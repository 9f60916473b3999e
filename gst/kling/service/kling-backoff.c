/* klinglipsync: how long to wait before trying again
 *
 * Full jitter: anything from nothing to a bound that doubles with each failure.
 * Many clients that failed together do not come back together.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-backoff.h"

#include "kling-clock.h"

#define BACKOFF_BASE KLING_SECOND
#define BACKOFF_MAX (60 * KLING_SECOND)
/* 2^6 s are more than BACKOFF_MAX: further failures change nothing */
#define BACKOFF_MAX_DOUBLINGS 6

/**
 * kling_backoff_next:
 * @backoff: the failures so far; one is added
 * @minimum: microseconds the service asked us to wait at least, or 0
 *
 * Returns: microseconds to wait now
 */
gint64
kling_backoff_next (KlingBackoff * backoff, gint64 minimum)
{
  guint doublings = MIN (backoff->failures, BACKOFF_MAX_DOUBLINGS);
  gint64 bound = MIN (BACKOFF_BASE << doublings, BACKOFF_MAX);
  gint64 drawn = (gint64) (g_random_double () * (gdouble) (bound + 1));

  if (backoff->failures < G_MAXUINT)
    backoff->failures++;
  return MAX (drawn, minimum);
}

/**
 * kling_backoff_spread:
 * @minimum: microseconds that many were told to wait, for the same reason
 *
 * Returns: microseconds to wait: @minimum, and up to as much again, so that they
 *   do not come back together
 */
gint64
kling_backoff_spread (gint64 minimum)
{
  gint64 bound = CLAMP (minimum, BACKOFF_BASE, BACKOFF_MAX);

  return minimum + (gint64) (g_random_double () * (gdouble) (bound + 1));
}

/**
 * kling_backoff_reset:
 * @backoff: a backoff
 *
 * It worked: the next failure is the first again.
 */
void
kling_backoff_reset (KlingBackoff * backoff)
{
  backoff->failures = 0;
}
