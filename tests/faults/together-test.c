/* klinglipsync tests: the same request, in several places at once
 *
 * Processes that share a store, and elements in one process, are asked for the
 * same video at the same time: one task is paid, and everybody gets its video,
 * also when the one that bought it dies.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "faults-helper.h"

#define TEXT "All of us would like to hear the very same sentence."
#define MOST 8

static const gchar *const dialects[] = { "gateway", "official" };

static void
check_bought_once (KlingFaults * faults)
{
  fail_unless_equals_int64 (kling_faults_paid (faults), 1);
}

GST_START_TEST (test_same_request)
{
  static const guint sizes[] = { 2, MOST };
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__ % 2],
      "0.5");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  guint n = sizes[__i__ / 2];
  KlingFaultsRun *runs[MOST];

  for (guint i = 0; i < n; i++)
    runs[i] = kling_faults_start (request, NULL, NULL, NULL);
  for (guint i = 0; i < n; i++) {
    kling_faults_wait (runs[i]);
    kling_faults_check_video (runs[i], NULL);
  }
  check_bought_once (faults);
  fail_unless_equals_int64 (kling_test_sandbox_count (faults->sandbox,
          "identify"), 1);
  for (guint i = 0; i < n; i++)
    kling_faults_run_free (runs[i]);
}

GST_END_TEST;

/* Nothing of it is in doubt after these. */
static const gchar *const deaths[] =
    { "record-held", "room-made", "answer-kept", "polled:2", "downloading",
  "result-renamed"
};

/* The first one holds the record when it dies; the others wait for it. */
GST_START_TEST (test_one_dies)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__ % 2],
      "0.3");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  KlingFaultsRun *runs[4];

  runs[0] = kling_faults_start (request, deaths[__i__ / 2], NULL, NULL);
  kling_faults_wait_said (runs[0], "progress=");
  for (guint i = 1; i < G_N_ELEMENTS (runs); i++)
    runs[i] = kling_faults_start (request, NULL, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++) {
    kling_faults_wait (runs[i]);
    /* another one may have been quicker */
    if (i > 0 || !kling_faults_was_killed (runs[i]))
      kling_faults_check_video (runs[i], NULL);
  }
  check_bought_once (faults);
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    kling_faults_run_free (runs[i]);
}

GST_END_TEST;

/* It dies when the others fetch the video already: they keep it. */
GST_START_TEST (test_one_dies_late)
{
  static const gchar downloading[] = "progress=The video is made. Downloading";
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.5");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) other = NULL;
  g_autoptr (KlingFaultsRun) later = NULL;
  KlingFaultsRun *first = kling_faults_start (request, NULL, NULL, NULL);

  kling_test_sandbox_add_fault (faults->sandbox, "{\"match\": {\"path\":"
      " \"/sandbox/results/\"}, \"do\": {\"delay\": 3}, \"times\": 2}");
  fail_unless (kling_faults_wait_said (first, "task-id="));
  other = kling_faults_start (request, NULL, NULL, NULL);
  fail_unless (kling_faults_wait_said (first, downloading));
  fail_unless (kling_faults_wait_said (other, downloading));
  kling_faults_run_free (first);
  kling_faults_wait (other);
  kling_faults_check_video (other, NULL);
  later = kling_faults_run (request, NULL);
  kling_faults_check_video (later, NULL);
  kling_faults_check (later, strstr (later->said, "This video is kept here"),
      "It was not kept");
  check_bought_once (faults);
}

GST_END_TEST;

static void
check_same_file (KlingFaultsRun * run, const gchar * video)
{
  g_autofree gchar *first = NULL, *other = NULL;
  gsize first_size, other_size;

  fail_unless (g_file_get_contents (run->video, &first, &first_size, NULL));
  fail_unless (g_file_get_contents (video, &other, &other_size, NULL));
  fail_unless (first_size == other_size
      && memcmp (first, other, first_size) == 0);
}

GST_START_TEST (test_in_one_process)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.3");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) run = kling_faults_start (request, NULL,
      "--count", "3", NULL);

  kling_faults_wait (run);
  kling_faults_check_video (run, NULL);
  for (guint i = 1; i < 3; i++) {
    g_autofree gchar *video = g_strdup_printf ("%s.%u", run->video, i);

    check_same_file (run, video);
  }
  check_bought_once (faults);
}

GST_END_TEST;

static Suite *
together_suite (void)
{
  Suite *suite = suite_create ("together");
  TCase *tcase = tcase_create ("together");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_same_request, 0, 4);
  tcase_add_loop_test (tcase, test_one_dies, 0, 2 * G_N_ELEMENTS (deaths));
  tcase_add_loop_test (tcase, test_one_dies_late, 0, 2);
  tcase_add_loop_test (tcase, test_in_one_process, 0, 2);
  return suite;
}

GST_CHECK_MAIN (together);
