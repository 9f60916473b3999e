/* klinglipsync: tests of the waits between attempts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-backoff.h"
#include "kling-clock.h"

#define DRAWS 10000
#define TENTHS 10

/* The failures before a draw and the bound it has */
static const struct
{
  guint failures;
  gint64 bound;
} bounds[] = {
  {0, 1 * KLING_SECOND},
  {1, 2 * KLING_SECOND},
  {2, 4 * KLING_SECOND},
  {5, 32 * KLING_SECOND},
  {6, 60 * KLING_SECOND},
  {7, 60 * KLING_SECOND},
  {64, 60 * KLING_SECOND},
  {G_MAXUINT, 60 * KLING_SECOND},
};

/* Each tenth of the range gets a tenth of the draws: with 10 000 of them the
 * count has a standard deviation of 30, so 200 off is no accident. */
GST_START_TEST (test_full_jitter)
{
  guint counts[TENTHS] = { 0, };
  gint64 bound = bounds[__i__].bound;

  for (guint i = 0; i < DRAWS; i++) {
    KlingBackoff backoff = { bounds[__i__].failures };
    gint64 wait = kling_backoff_next (&backoff, 0);

    fail_unless (wait >= 0 && wait <= bound, "%" G_GINT64_FORMAT, wait);
    counts[MIN (wait * TENTHS / bound, TENTHS - 1)]++;
  }
  for (guint i = 0; i < TENTHS; i++)
    fail_unless (ABS ((gint) counts[i] - DRAWS / TENTHS) < 200,
        "%u of %u draws in tenth %u", counts[i], DRAWS, i);
}

GST_END_TEST;

GST_START_TEST (test_failures_count)
{
  KlingBackoff backoff = { 0 };

  for (guint i = 1; i <= 100; i++) {
    kling_backoff_next (&backoff, 0);
    fail_unless_equals_int (backoff.failures, i);
  }
  kling_backoff_reset (&backoff);
  fail_unless_equals_int (backoff.failures, 0);

  backoff.failures = G_MAXUINT;
  kling_backoff_next (&backoff, 0);
  fail_unless (backoff.failures == G_MAXUINT);
}

GST_END_TEST;

GST_START_TEST (test_minimum)
{
  gboolean above = FALSE;

  for (guint i = 0; i < 1000; i++) {
    KlingBackoff backoff = { 3 };
    gint64 wait = kling_backoff_next (&backoff, 4 * KLING_SECOND);

    fail_unless (wait >= 4 * KLING_SECOND && wait <= 8 * KLING_SECOND);
    above |= wait > 4 * KLING_SECOND;
    wait = kling_backoff_next (&backoff, 3600 * KLING_SECOND);
    fail_unless (wait == 3600 * KLING_SECOND);
  }
  fail_unless (above, "the minimum is no substitute for the jitter");
}

GST_END_TEST;

static Suite *
backoff_suite (void)
{
  Suite *suite = suite_create ("backoff");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_full_jitter, 0, G_N_ELEMENTS (bounds));
  tcase_add_test (tc, test_failures_count);
  tcase_add_test (tc, test_minimum);
  return suite;
}

GST_CHECK_MAIN (backoff);
