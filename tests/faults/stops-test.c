/* klinglipsync tests: stopped while the call that costs is under way
 *
 * The pipeline is set to NULL at some moment of the create call, whose answer
 * takes its time. The call goes on and its answer is kept: whoever asks again,
 * the same process or the next, gets the video of the one task that was paid,
 * and is asked nothing.
 *
 * KLING_TEST_STOPS says how many stops there are per dialect.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "faults-helper.h"

#define STOPS 50
/* The end of a process waits 10 s for a paid call, on the element's clock. */
#define SPEED "4"
#define ANSWER_MS 150

static const gchar *const dialects[] = { "gateway", "official" };

static guint
get_stops (void)
{
  const gchar *text = g_getenv ("KLING_TEST_STOPS");

  return text ? (guint) g_ascii_strtoull (text, NULL, 10) : STOPS;
}

static KlingFaults *
start_service (const gchar * dialect)
{
  KlingFaults *faults = kling_faults_new (dialect, "0.2");

  kling_test_sandbox_add_fault (faults->sandbox, "{\"match\": {\"kind\":"
      " \"create\"}, \"do\": {\"delay\": %.3f}, \"times\": -1}",
      ANSWER_MS / 1000.0);
  return faults;
}

static KlingFaultsRequest *
make_request (KlingFaults * faults, guint stop)
{
  g_autofree gchar *text = g_strdup_printf ("This is stop number %u, right in"
      " the middle of the call.", stop);
  KlingFaultsRequest *request = kling_faults_request_new (faults, text);

  kling_faults_request_setenv (request, "KLING_TEST_SPEED", SPEED);
  kling_faults_request_set (request, "poll-interval", "200000000");
  return request;
}

/* Ends the process after the stop as @way says, and asks again in another. */
static void
stop_and_leave (KlingFaultsRequest * request, const gchar * later,
    const gchar * way)
{
  g_autoptr (KlingFaultsRun) stopped = kling_faults_start (request, NULL,
      "--stop-at", "creating", "--stop-after", later, "--exit", way, NULL);
  g_autoptr (KlingFaultsRun) again = NULL;

  kling_faults_wait (stopped);
  if (!g_str_equal (way, "quick") || !strstr (stopped->said, "stopped"))
    kling_faults_check_end (stopped, strstr (stopped->said, "stopped")
        ? FAULTS_STOPPED : FAULTS_WELL);
  again = kling_faults_run (request, NULL);
  kling_faults_check_video (again, NULL);
}

static void
stop_and_stay (KlingFaultsRequest * request, const gchar * later)
{
  g_autoptr (KlingFaultsRun) run = kling_faults_start (request, NULL,
      "--stop-at", "creating", "--stop-after", later, "--again", NULL);

  kling_faults_wait (run);
  kling_faults_check_video (run, NULL);
}

GST_START_TEST (test_stops)
{
  g_autoptr (KlingFaults) faults = start_service (dialects[__i__]);
  g_autoptr (GRand) random = g_rand_new_with_seed (7 + __i__);

  for (guint i = 0; i < get_stops (); i++) {
    g_autoptr (KlingFaultsRequest) request = make_request (faults, i);
    g_autofree gchar *later = g_strdup_printf ("%d",
        g_rand_int_range (random, 0, ANSWER_MS * 4 / 3));

    if (i % 2 == 0)
      stop_and_leave (request, later, i % 4 ? "exit" : "return");
    else
      stop_and_stay (request, later);
    fail_unless_equals_int64 (kling_faults_paid (faults), i + 1);
  }
}

GST_END_TEST;

/* A process that runs no handlers of exit() loses the answer; where the task
 * can be looked up, nobody notices. */
GST_START_TEST (test_no_handlers)
{
  g_autoptr (KlingFaults) faults = start_service ("official");
  g_autoptr (KlingFaultsRequest) request = make_request (faults, 0);

  kling_faults_request_setenv (request, "KLING_TEST_SPEED",
      G_STRINGIFY (FAULTS_SPEED));
  stop_and_leave (request, "50", "quick");
  fail_unless_equals_int64 (kling_faults_paid (faults), 1);
}

GST_END_TEST;

/* A case for each dialect: CK_RUN_CASE picks one. */
static Suite *
stops_suite (void)
{
  Suite *suite = suite_create ("stops");

  for (gint i = 0; i < (gint) G_N_ELEMENTS (dialects); i++) {
    TCase *tcase = tcase_create (dialects[i]);

    suite_add_tcase (suite, tcase);
    tcase_add_loop_test (tcase, test_stops, i, i + 1);
    if (g_str_equal (dialects[i], "official"))
      tcase_add_test (tcase, test_no_handlers);
  }
  return suite;
}

GST_CHECK_MAIN (stops);
