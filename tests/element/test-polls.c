/* klinglipsync tests: waiting for a task that was paid
 *
 * One poll failing is nothing. The task is ours until the service says that it
 * failed or task-timeout is over, and then its id is in the error. In every
 * test exactly the videos that were wanted are bought.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* Ten minutes are 1.5 s then. */
#define SPEED 200

#define POLL(n) .method = "GET",.path = CREATE_PATH "/",.times = n
#define FAILED_TASK(reason) "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{" \
  "\"task_id\":\"" TEST_TASK "\",\"task_status\":\"failed\"," \
  "\"task_status_msg\":\"" reason "\"}}"
#define REASON "there is no human in the video"
#define NOT_EXIST "{\"code\":\"task_not_exist\",\"message\":\"task_not_exist" \
  "\",\"data\":null}"
#define NO_URL "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{\"task_id\":\"" \
  TEST_TASK "\",\"task_status\":\"succeed\",\"task_result\":{}}}"

/* Where else a gateway may know the task */
#define SECOND_PATH "/kling/v1/videos/lip-sync/" TEST_TASK
#define THIRD_PATH "/kling/v1/videos/" TEST_TASK
#define AT(where, n) .method = "GET",.path = where,.times = n
#define NO_ROUTE .status = 404,.body = "{\"error\":{\"message\":\"Invalid URL" \
  " (GET /kling)\",\"type\":\"invalid_request_error\",\"code\":\"\"}}"

static KlingTestRun *
start (KlingTestService * service)
{
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  return run;
}

static void
start_again (KlingTestRun * run)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

static void
check_task_id (KlingTestRun * run, const gchar * sentence)
{
  kling_test_check_contains (sentence, TEST_TASK);
  fail_unless_equals_string (gst_structure_get_string (kling_test_run_details
          (run), "task-id"), TEST_TASK);
}

/* ---- failing polls ---- */

GST_START_TEST (test_failing_polls)
{
  static const KlingTestStep steps[] = {
    {POLL (1),.status = 500,.body = "{\"code\":5000,\"message\":\"x\"}"},
    {POLL (1),.act = KLING_TEST_RESET},
    {POLL (1),.status = 502,.body = "<html>Bad Gateway</html>"},
    {POLL (1),.act = KLING_TEST_CLOSE},
    {POLL (1),.status = 429},
    {POLL (1),.status = 200,.body = "{{{ garbage"},
    {POLL (1),.body = POLL_DONE,.send = 20},
    {POLL (1),.status = 302,.headers = "Location: @BASE@/elsewhere\r\n"},
    {POLL (1),.status = 401,.body = "{\"code\":1000,\"message\":\"x\"}"},
    {POLL (1),.status = 400,.body = NOT_EXIST},
    {POLL (1),.status = 404},
    {POLL (1),.act = KLING_TEST_RAW,.body = "not HTTP"},
    {POLL (1),.body = "{\"code\":\"success\",\"data\":null}"},
    {POLL (1),.body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (kling_test_service_polls (service),
      G_N_ELEMENTS (steps) + 1);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          "/elsewhere"), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A poll that is never answered is left after `timeout`. */
GST_START_TEST (test_silent_poll)
{
  static const KlingTestStep steps[] = {
    {POLL (2),.act = KLING_TEST_HANG},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (20);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "timeout", 50 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_service_polls (service), 3);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Retry-After is a minimum, for good answers and for bad ones. */
GST_START_TEST (test_retry_after)
{
  static const KlingTestStep steps[] = {
    {POLL (1),.status = 429,.headers = "Retry-After: 120\r\n"},
    {POLL (1),.headers = "Retry-After: 120\r\n",
        .body = POLL_STATUS ("queued")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  gint64 begun = g_get_monotonic_time ();
  g_autoptr (KlingTestRun) run = start (service);
  gint64 took;

  kling_test_run_eos (run);
  took = kling_test_ms_since (begun);
  fail_unless (took >= 2 * 120 * 1000 / SPEED, "only %" G_GINT64_FORMAT " ms",
      took);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* The interval between polls is what was asked for. */
GST_START_TEST (test_interval)
{
  static const KlingTestStep steps[] = {
    {POLL (4),.body = POLL_STATUS ("queued")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;
  gint64 last = 0, next;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "poll-interval", 30 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_service_polls (service), 5);
  /* identify, create, then the polls: the first after one interval, too */
  for (guint i = 1; i < 7; i++) {
    next = kling_test_server_call (service->server, i)->time;
    fail_unless (last == 0 || next - last >= 30 * 1000000 / SPEED - 1000);
    last = next;
  }
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Both spellings of "no such task". For ten minutes that may be the gateway's
 * memory; then it is an error, and the task still ours. */
GST_START_TEST (test_task_not_there)
{
  static const KlingTestStep scripts[][2] = {
    {{POLL (0),.status = 400,.body = NOT_EXIST}},
    {{POLL (0),.status = 404,.body = "<html>Not Found</html>"}},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (scripts[__i__], 1);
  gint64 begun = g_get_monotonic_time ();
  g_autoptr (KlingTestRun) run = start (service);

  check_task_id (run, kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_FAILED));
  fail_unless (kling_test_ms_since (begun) >= 600 * 1000 / SPEED);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  fail_unless (kling_test_service_polls (service) > 3);
  fail_unless (kling_test_server_count (service->server, "GET", SECOND_PATH)
      > 3);
  fail_unless (kling_test_server_count (service->server, "GET", THIRD_PATH)
      > 3);

  start_again (run);
  check_task_id (run, kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_FAILED));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- where the task is known ---- */

/* How often each path was asked, in their order */
static void
check_asked (KlingTestService * service, guint a, guint b, guint c)
{
  fail_unless_equals_int (kling_test_service_polls (service), a);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          SECOND_PATH), b);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          THIRD_PATH), c);
  kling_test_service_check (service, 1, 1);
}

/* The path that knows the task is the one that is asked from then on. */
GST_START_TEST (test_second_path)
{
  static const KlingTestStep steps[] = {
    {POLL (0), NO_ROUTE},
    {AT (SECOND_PATH, 2),.body = POLL_STATUS ("processing")},
    {AT (SECOND_PATH, 1),.status = 502},
    {AT (SECOND_PATH, 0),.body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_run_eos (run);
  check_asked (service, 1, 4, 0);
}

GST_END_TEST;

GST_START_TEST (test_third_path)
{
  static const KlingTestStep steps[] = {
    {POLL (0),.status = 400,.body = NOT_EXIST},
    {AT (SECOND_PATH, 0), NO_ROUTE},
    {AT (THIRD_PATH, 2),.body = POLL_STATUS ("processing")},
    {AT (THIRD_PATH, 0),.body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_run_eos (run);
  check_asked (service, 1, 1, 3);
}

GST_END_TEST;

/* A later run asks there first, too. */
GST_START_TEST (test_path_is_kept)
{
  static const KlingTestStep steps[] = {
    {POLL (0), NO_ROUTE},
    {AT (SECOND_PATH, 1),.body = POLL_STATUS ("processing")},
    {AT (SECOND_PATH, 0),.body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (1);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "poll-interval", 4 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_element (run, "klinglipsync-task", 20)
      != NULL);
  start_again (run);
  kling_test_run_eos (run);
  check_asked (service, 1, 2, 0);
}

GST_END_TEST;

/* A path that knows nothing of the task may be in trouble: that is no reason to
 * ask there alone, nor to leave out the others. */
static const KlingTestStep troubles[] = {
  {AT (SECOND_PATH, 0),.status = 400,.body = "{\"code\":\"invalid_request\"}"},
  {AT (SECOND_PATH, 0),.status = 500,.body = "{\"code\":\"get_task_failed\"}"},
  {AT (SECOND_PATH, 0),.body = "<html>Welcome</html>"},
  {AT (SECOND_PATH, 0),.act = KLING_TEST_CLOSE},
};

GST_START_TEST (test_path_in_trouble)
{
  const KlingTestStep steps[] = {
    {POLL (2),.status = 400,.body = NOT_EXIST},
    troubles[__i__],
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_service_polls (service), 3);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_path_after_trouble)
{
  const KlingTestStep steps[] = {
    {POLL (0),.status = 400,.body = NOT_EXIST},
    troubles[__i__],
    {AT (THIRD_PATH, 0),.body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_run_eos (run);
  check_asked (service, 1, 1, 1);
}

GST_END_TEST;

/* ---- words ---- */

GST_START_TEST (test_unknown_word)
{
  static const KlingTestStep steps[] = {
    {POLL (3),.body = POLL_STATUS ("meditating")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);
  const GstStructure *task;

  kling_test_run_eos (run);
  fail_unless (kling_test_run_has_text (run, "meditating"));
  task = kling_test_run_wait_element (run, "klinglipsync-task", 1);
  fail_unless_equals_string (gst_structure_get_string (task, "status"),
      "meditating");
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-task"), 4);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_success_without_url)
{
  static const KlingTestStep steps[] = {
    {POLL (3),.body = NO_URL},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_run_eos (run);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_success_never_with_url)
{
  static const KlingTestStep steps[] = {
    {POLL (0),.body = NO_URL},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  check_task_id (run, kling_test_run_error (run, GST_STREAM_ERROR,
          GST_STREAM_ERROR_WRONG_TYPE));
  fail_unless (kling_test_service_polls (service) > 3);
  fail_unless (kling_test_service_polls (service) < 10);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- tasks that fail ---- */

/* The service's own words reach the person. Its fault is given a second chance
 * by a new run, and no third. */
GST_START_TEST (test_failed_task)
{
  static const KlingTestStep steps[] = {
    {POLL (0),.body = FAILED_TASK (REASON)},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  for (guint i = 0; i < 3; i++) {
    const gchar *sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_FAILED);

    check_task_id (run, sentence);
    kling_test_check_contains (sentence, REASON);
    fail_unless (strstr (sentence, "SUCCEED") == NULL, "%s", sentence);
    kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
    fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING),
        i == 1 ? 1 : 0);
    kling_test_service_check (service, 1, MIN (i + 1, 2));
    start_again (run);
  }
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

static const gchar *const refused_tasks[] = {
  "{\"code\":1301,\"message\":\"risk control\",\"data\":{\"task_id\":\""
      TEST_TASK "\",\"task_status\":\"failed\"}}",
  "{\"code\":1201,\"message\":\"Voice id not found\",\"data\":{\"task_id\":\""
      TEST_TASK "\",\"task_status\":\"failed\"}}",
};

/* What lies in the content is not bought a second time. */
GST_START_TEST (test_refused_task)
{
  KlingTestStep steps[] = { {POLL (0),.body = refused_tasks[__i__]} };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps, 1);
  g_autoptr (KlingTestRun) run = start (service);

  for (guint i = 0; i < 2; i++) {
    check_task_id (run, kling_test_run_error (run, GST_RESOURCE_ERROR,
            GST_RESOURCE_ERROR_SETTINGS));
    kling_test_service_check (service, 1, 1);
    start_again (run);
  }
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_failed_without_reason)
{
  static const KlingTestStep steps[] = {
    {POLL (0),.body = POLL_STATUS ("failed")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  check_task_id (run, kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_FAILED));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- task-timeout ---- */

GST_START_TEST (test_task_timeout)
{
  static const KlingTestStep steps[] = {
    {POLL (4),.body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  /* what comes before the task counts, too */
  kling_test_set_speed (SPEED / 2);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "task-timeout", 350 * GST_SECOND,
      "poll-interval", 100 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  check_task_id (run, kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_BUSY));
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  kling_test_service_check (service, 1, 1);

  start_again (run);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

static Suite *
polls_suite (void)
{
  Suite *suite = suite_create ("polls");
  TCase *tcase = tcase_create ("polls");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_failing_polls);
  tcase_add_test (tcase, test_silent_poll);
  tcase_add_test (tcase, test_retry_after);
  tcase_add_test (tcase, test_interval);
  tcase_add_loop_test (tcase, test_task_not_there, 0, 2);
  tcase_add_test (tcase, test_second_path);
  tcase_add_test (tcase, test_third_path);
  tcase_add_test (tcase, test_path_is_kept);
  tcase_add_loop_test (tcase, test_path_in_trouble, 0, G_N_ELEMENTS (troubles));
  /* where the network breaks, another path would not be reached either */
  tcase_add_loop_test (tcase, test_path_after_trouble, 0,
      G_N_ELEMENTS (troubles) - 1);
  tcase_add_test (tcase, test_unknown_word);
  tcase_add_test (tcase, test_success_without_url);
  tcase_add_test (tcase, test_success_never_with_url);
  tcase_add_test (tcase, test_failed_task);
  tcase_add_loop_test (tcase, test_refused_task, 0,
      G_N_ELEMENTS (refused_tasks));
  tcase_add_test (tcase, test_failed_without_reason);
  tcase_add_test (tcase, test_task_timeout);
  return suite;
}

GST_CHECK_MAIN (polls);
