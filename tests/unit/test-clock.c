/* klinglipsync: tests of the clock
 *
 * The speed is read once in a process, so tests of it run this program again:
 * see run_self() and the table of scenes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <signal.h>
#include <sys/wait.h>

#include "kling-clock.h"

#define MS G_TIME_SPAN_MILLISECOND
/* How late a machine that is busy with other tests may be */
#define SLACK (2 * KLING_SECOND)

static void
check_span (gint64 start, gint64 least)
{
  gint64 span = kling_clock_now () - start;

  fail_unless (span >= least && span < least + SLACK,
      "took %" G_GINT64_FORMAT " us instead of %" G_GINT64_FORMAT, span, least);
}

GST_START_TEST (test_sleep_to_deadline)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 start = kling_clock_now ();

  fail_unless (kling_clock_sleep (kling_clock_after (50 * MS), NULL));
  check_span (start, 50 * MS);
  start = kling_clock_now ();
  fail_unless (kling_clock_sleep (kling_clock_after (50 * MS), cancellable));
  check_span (start, 50 * MS);
}

GST_END_TEST;

GST_START_TEST (test_sleep_past_deadline)
{
  gint64 start = kling_clock_now ();

  fail_unless (kling_clock_sleep (start - KLING_SECOND, NULL));
  fail_unless (kling_clock_sleep (0, NULL));
  check_span (start, 0);
}

GST_END_TEST;

GST_START_TEST (test_sleep_cancelled_before)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 start = kling_clock_now ();

  g_cancellable_cancel (cancellable);
  fail_if (kling_clock_sleep (KLING_NEVER, cancellable));
  fail_if (kling_clock_sleep (start - KLING_SECOND, cancellable));
  check_span (start, 0);
}

GST_END_TEST;

static gpointer
cancel_soon (gpointer user_data)
{
  g_usleep (50 * MS);
  g_cancellable_cancel (user_data);
  return NULL;
}

GST_START_TEST (test_sleep_cancelled_meanwhile)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 start = kling_clock_now ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  fail_if (kling_clock_sleep (__i__ ? KLING_NEVER :
          kling_clock_after (3600 * KLING_SECOND), cancellable));
  check_span (start, 50 * MS);
  g_thread_join (thread);
}

GST_END_TEST;

/* A cancel that comes with the deadline finds a sleeper, or none, never half
 * of one. */
GST_START_TEST (test_sleep_cancel_race)
{
  for (guint i = 0; i < 200; i++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    GThread *thread = g_thread_new ("cancel", (GThreadFunc) (void (*)(void))
        g_cancellable_cancel, cancellable);

    kling_clock_sleep (kling_clock_after (i), cancellable);
    g_thread_join (thread);
  }
}

GST_END_TEST;

GST_START_TEST (test_after)
{
  gint64 now = kling_clock_now ();

  fail_unless (kling_clock_after (0) >= now);
  fail_unless (kling_clock_after (KLING_SECOND) >= now + KLING_SECOND);
  fail_unless_equals_int64 (kling_clock_after (KLING_NEVER), KLING_NEVER);
  fail_unless_equals_int64 (kling_clock_after (KLING_NEVER - 1), KLING_NEVER);
}

GST_END_TEST;

GST_START_TEST (test_wait)
{
  GMutex lock;
  GCond changed;
  gint64 start = kling_clock_now ();

  g_mutex_init (&lock);
  g_cond_init (&changed);
  g_mutex_lock (&lock);
  while (kling_clock_wait (&changed, &lock, start + 50 * MS));
  check_span (start, 50 * MS);
  fail_if (kling_clock_wait (&changed, &lock, start));
  g_mutex_unlock (&lock);
  g_cond_clear (&changed);
  g_mutex_clear (&lock);
}

GST_END_TEST;

/* What an earlier process has written down. Somebody may have set the clock. */
static const struct
{
  gint64 ago;
  gint64 least;
} spans[] = {
  {0, 0},
  {5 * KLING_SECOND, 5 * KLING_SECOND},
  {24 * 3600 * KLING_SECOND, 24 * 3600 * KLING_SECOND},
  {-3600 * KLING_SECOND, 0},
};

GST_START_TEST (test_since)
{
  gint64 span = kling_clock_since (g_get_real_time () - spans[__i__].ago);

  fail_unless (span >= spans[__i__].least && span < spans[__i__].least + SLACK,
      "%" G_GINT64_FORMAT, span);
}

GST_END_TEST;

GST_START_TEST (test_since_absurd)
{
  gint64 of_old = kling_clock_since (0);

  fail_unless (of_old > 0);
  fail_unless_equals_int64 (kling_clock_since (G_MAXINT64), 0);
  /* as a number out of a file may be */
  fail_unless (kling_clock_since (G_MININT64) >= of_old);
  fail_unless (kling_clock_since (-1) >= of_old);
}

GST_END_TEST;

GST_START_TEST (test_socket_seconds)
{
  fail_unless (kling_clock_socket_seconds (0) >= 1);
  fail_unless (kling_clock_socket_seconds (1) >= 1);
  fail_unless (kling_clock_socket_seconds (30 * KLING_SECOND) >= 30);
  fail_unless (kling_clock_socket_seconds (30 * KLING_SECOND) <= 31);
  fail_unless_equals_int64 (kling_clock_socket_seconds (KLING_NEVER), G_MAXINT);
}

GST_END_TEST;

GST_START_TEST (test_wall)
{
  gint64 seconds = kling_clock_wall_seconds ();

  fail_unless (ABS (seconds - g_get_real_time () / G_USEC_PER_SEC) <= 1);
}

GST_END_TEST;

#ifdef KLING_TEST_HOOKS
/* An hour of our clock */
static gint
scene_hour (void)
{
  gint64 hour = 3600 * KLING_SECOND;
  gint64 start = kling_clock_now ();

  if (!kling_clock_sleep (kling_clock_after (hour), NULL))
    return 1;
  /* a wait ends within one microsecond of the real clock */
  return kling_clock_now () - start >= hour - 100000 ? 0 : 2;
}

static gint
scene_socket (void)
{
  return kling_clock_socket_seconds (100 * KLING_SECOND);
}

static gint
scene_points (void)
{
  kling_test_point ("first");
  kling_test_point ("second");
  kling_test_point ("first");
  return 7;
}

static const struct
{
  const gchar *name;
    gint (*run) (void);
} scenes[] = {
  {"hour", scene_hour},
  {"socket", scene_socket},
  {"points", scene_points},
};

/* Runs the scene @name in a process of its own; returns its wait status and
 * how long it took on the real clock. */
static gint
run_self (const gchar * name, const gchar * variable, const gchar * value,
    gint64 * span)
{
  gchar *command[] = { (gchar *) "/proc/self/exe", (gchar *) name, NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), variable,
      value, TRUE);
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  gint status = -1;

  fail_unless (g_spawn_sync (NULL, command, environment,
          G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL, NULL, NULL, &status,
          &error), "%s", error ? error->message : "");
  *span = g_get_monotonic_time () - start;
  return status;
}

GST_START_TEST (test_speed)
{
  gint64 span;
  gint status = run_self ("hour", "KLING_TEST_SPEED", "10000", &span);

  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0, "%d", status);
  fail_unless (span >= 360 * MS, "%" G_GINT64_FORMAT, span);
  fail_unless (span < 360 * MS + 10 * SLACK, "%" G_GINT64_FORMAT, span);
  status = run_self ("socket", "KLING_TEST_SPEED", "10", &span);
  fail_unless (WIFEXITED (status));
  fail_unless (WEXITSTATUS (status) >= 10 && WEXITSTATUS (status) <= 11);
}

GST_END_TEST;

static const struct
{
  const gchar *speed;
  gint least;
} odd_speeds[] = {
  {"", 100}, {"1", 100}, {"0", 100}, {"-5", 100}, {"fast", 100},
  {"99999999999999999999", 1},
};

GST_START_TEST (test_odd_speeds)
{
  gint64 span;
  gint status = run_self ("socket", "KLING_TEST_SPEED",
      odd_speeds[__i__].speed, &span);

  fail_unless (WIFEXITED (status));
  fail_unless (ABS (WEXITSTATUS (status) - odd_speeds[__i__].least) <= 1,
      "\"%s\": %d", odd_speeds[__i__].speed, WEXITSTATUS (status));
}

GST_END_TEST;

GST_START_TEST (test_kill_points)
{
  gint64 span;
  gint status = run_self ("points", "KLING_TEST_KILL", "second", &span);

  fail_unless (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  status = run_self ("points", "KLING_TEST_KILL", "first:2", &span);
  fail_unless (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  status = run_self ("points", "KLING_TEST_KILL", "first:3", &span);
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 7);
  status = run_self ("points", "KLING_TEST_KILL", "fir", &span);
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 7);
  status = run_self ("points", "KLING_TEST_KILL", "third", &span);
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 7);
}

GST_END_TEST;
#endif

static Suite *
clock_suite (void)
{
  Suite *suite = suite_create ("clock");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_sleep_to_deadline);
  tcase_add_test (tc, test_sleep_past_deadline);
  tcase_add_test (tc, test_sleep_cancelled_before);
  tcase_add_loop_test (tc, test_sleep_cancelled_meanwhile, 0, 2);
  tcase_add_test (tc, test_sleep_cancel_race);
  tcase_add_test (tc, test_after);
  tcase_add_test (tc, test_wait);
  tcase_add_loop_test (tc, test_since, 0, G_N_ELEMENTS (spans));
  tcase_add_test (tc, test_since_absurd);
  tcase_add_test (tc, test_socket_seconds);
  tcase_add_test (tc, test_wall);
#ifdef KLING_TEST_HOOKS
  tcase_add_test (tc, test_speed);
  tcase_add_loop_test (tc, test_odd_speeds, 0, G_N_ELEMENTS (odd_speeds));
  tcase_add_test (tc, test_kill_points);
#endif
  return suite;
}

int
main (int argc, char **argv)
{
#ifdef KLING_TEST_HOOKS
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    if (g_strcmp0 (argv[1], scenes[i].name) == 0)
      return scenes[i].run ();
#endif
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (clock_suite (), "clock", __FILE__);
}
