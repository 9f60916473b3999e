/* klinglipsync tests: not more tasks at once than there may be
 *
 * Two elements of one process stand for two processes: each opens the files of
 * the store anew, so their locks keep them apart alike. One that is stopped
 * while its task runs leaves what one that was killed leaves.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>
#include <unistd.h>

/* Ten seconds, after which a wait is told again, are half a second then. */
#define SPEED 20

#define POLL .method = "GET",.path = CREATE_PATH "/task-1"
#define CREATE .method = "POST",.path = CREATE_PATH
#define RESULT .method = "GET",.path = RESULT_PATH
#define IDENTIFY .method = "POST",.path = IDENTIFY_PATH

#define POLL_FAILED "{\"code\":\"success\",\"data\":{\"status\":\"FAILURE\"," \
  "\"fail_reason\":\"no face\"}}"
#define KLING_BUSY "{\"code\":1303,\"message\":\"parallel task over limit\"}"

#define FIRST_TASK {CREATE,.times = 1,.body = CREATE_ID ("task-1")}
#define SECOND_TASK {CREATE,.body = CREATE_ID ("task-2")}
#define RUNS {POLL,.body = POLL_STATUS ("processing")}
#define WAITS "Waiting for a free slot: max-tasks is 1, and "
#define ORPHAN "task task-1 (\"First.\") goes on, though its run has ended"

/* After this long a run that does not wait would have gone on. */
#define A_WHILE (1000 * 1000)

static gchar *directory;

static void
set_up (void)
{
  kling_test_set_speed (SPEED);
  directory = kling_test_make_tree ("slots");
}

static void
tear_down (void)
{
  kling_test_remove_tree (directory);
  g_free (directory);
}

static KlingTestRun *
make_run (const gchar * base_url, const gchar * text, guint max_tasks)
{
  KlingTestRun *run = kling_test_run_new (base_url, "fakesink");

  g_object_set (run->lipsync, "poll-interval", 2 * GST_SECOND, "store",
      directory, "max-tasks", max_tasks, "text", text, NULL);
  return run;
}

/* A run that says @text, in PLAYING */
static KlingTestRun *
start (KlingTestService * service, const gchar * text, guint max_tasks)
{
  KlingTestRun *run = make_run (service->url, text, max_tasks);

  kling_test_run_set (run, GST_STATE_PLAYING);
  return run;
}

static void
wait_text (KlingTestRun * run, const gchar * words)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!kling_test_run_has_text (run, words)) {
    fail_unless (g_get_monotonic_time () < deadline, "nobody says %s", words);
    g_usleep (10 * 1000);
  }
}

/* Returns: the number of the create call @n, counted from 0, among all calls */
static guint
find_create (KlingTestService * service, guint n)
{
  const KlingTestCall *call;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    if (g_str_equal (call->method, "POST")
        && g_str_equal (call->path, CREATE_PATH) && n-- == 0)
      return i;
  }
  ck_abort_msg ("there is no such call");
  return 0;
}

/* Starts a run that says "First." with the only slot, and stops it when it has
 * its task, before it has asked about it. */
static void
leave_orphan (KlingTestService * service)
{
  g_autoptr (KlingTestRun) run = make_run (service->url, "First.", 1);

  g_object_set (run->lipsync, "poll-interval", 300 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  wait_text (run, "task-1 was accepted");
  kling_test_run_set (run, GST_STATE_NULL);
}

/* Returns: (transfer full): the record of task-1 */
static gchar *
load_record (void)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (directory, name, NULL);
    g_autofree gchar *text = NULL;

    if (g_str_has_suffix (name, ".rec")
        && g_file_get_contents (path, &text, NULL, NULL)
        && strstr (text, "task-id=task-1\n"))
      return g_steal_pointer (&text);
  }
  ck_abort_msg ("no record names task-1");
  return NULL;
}

/* Whether the file of the only slot names no task */
static void
check_slot_is_empty (void)
{
  g_autofree gchar *path = g_build_filename (directory, "slots", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);
    g_autofree gchar *text = NULL;

    if (!g_str_has_suffix (name, "-0"))
      continue;
    fail_unless (g_file_get_contents (file, &text, NULL, NULL));
    fail_unless_equals_string (text, "");
    n++;
  }
  fail_unless_equals_int (n, 1);
}

/* ---- one after the other ---- */

/* Long enough for a busy machine to say twice that it waits */
#define N_RUNNING 80

GST_START_TEST (test_one_at_a_time)
{
  static const KlingTestStep steps[] = {
    FIRST_TASK, SECOND_TASK,
    {POLL,.times = N_RUNNING,.body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 1);
  g_autoptr (KlingTestRun) two = NULL;
  g_autofree gchar *words = g_strdup_printf (WAITS "process %d on ", getpid ());
  guint polls = 0;

  wait_text (one, "task-1 was accepted");
  two = start (service, "Second.", 1);
  wait_text (two, words);
  wait_text (two, "has task task-1 (\"First.\").");
  kling_test_run_clear (two);
  wait_text (two, words);

  kling_test_run_eos (one);
  kling_test_run_eos (two);
  for (guint i = find_create (service, 1); i > 0; i--) {
    const KlingTestCall *call = kling_test_server_call (service->server, i);

    polls += strcmp (call->path, CREATE_PATH "/task-1") == 0 ? 1 : 0;
  }
  fail_unless_equals_int (polls, N_RUNNING + 1);
  kling_test_service_check (service, 1, 2);
  check_slot_is_empty ();
}

GST_END_TEST;

GST_START_TEST (test_two_at_a_time)
{
  static const KlingTestStep steps[] = { FIRST_TASK, SECOND_TASK, RUNS };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 2);
  g_autoptr (KlingTestRun) two = NULL;

  wait_text (one, "task-1 was accepted");
  two = start (service, "Second.", 2);
  kling_test_run_eos (two);
  fail_unless (!kling_test_run_has_text (two, "Waiting"));
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

/* The task has ended when its video is made, not when it is here. */
GST_START_TEST (test_download_holds_nobody_up)
{
  static const KlingTestStep steps[] = {
    FIRST_TASK, SECOND_TASK, {RESULT,.times = 1,.act = KLING_TEST_HANG},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 1);
  g_autoptr (KlingTestRun) two = NULL;

  fail_unless (kling_test_service_wait (service, "GET", RESULT_PATH, 1, 30000));
  two = start (service, "Second.", 1);
  kling_test_run_eos (two);
  fail_unless_equals_int (kling_test_run_count (one, GST_MESSAGE_EOS), 0);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

GST_START_TEST (test_refusal_frees)
{
  static const KlingTestStep steps[] = { {CREATE,.times = 1,.status = 400} };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 1);
  g_autoptr (KlingTestRun) two = NULL;

  fail_unless (kling_test_run_wait (one, GST_MESSAGE_ERROR, 30) != NULL);
  check_slot_is_empty ();
  two = start (service, "Second.", 1);
  kling_test_run_eos (two);
}

GST_END_TEST;

/* Returns: how many jobs have a thread */
static guint
count_jobs (void)
{
  static const gchar tasks[] = "/proc/self/task";
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (tasks, name, "comm", NULL);
    g_autofree gchar *comm = NULL;

    if (g_file_get_contents (path, &comm, NULL, NULL))
      n += g_str_equal (comm, "kling-job\n") ? 1 : 0;
  }
  return n;
}

static void
wait_jobs (guint n)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (count_jobs () != n) {
    fail_unless (g_get_monotonic_time () < deadline, "%u jobs", count_jobs ());
    g_usleep (10 * 1000);
  }
}

GST_START_TEST (test_stop_while_waiting)
{
  static const KlingTestStep steps[] = { FIRST_TASK, RUNS };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 1);
  g_autoptr (KlingTestRun) two = NULL;

  wait_text (one, "task-1 was accepted");
  two = start (service, "Second.", 1);
  wait_text (two, WAITS);
  wait_jobs (2);
  kling_test_run_set (two, GST_STATE_NULL);
  kling_test_run_check_progress (two, GST_PROGRESS_TYPE_CANCELED);
  wait_jobs (1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- what is left by a run that has ended ---- */

static const struct
{
  const gchar *answer, *state;
} endings[] = {
  {POLL_DONE, "\nstate=fetching\n"},
  {POLL_FAILED, "\nstate=failed\n"},
};

GST_START_TEST (test_orphan_ends)
{
  const KlingTestStep steps[] = {
    FIRST_TASK, SECOND_TASK,
    {POLL,.times = 40,.body = POLL_STATUS ("processing")},
    {POLL,.body = endings[__i__].answer},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) two = NULL;
  g_autofree gchar *record = NULL;

  leave_orphan (service);
  two = start (service, "Second.", 1);
  wait_text (two, ORPHAN);
  fail_unless_equals_int (kling_test_service_paid (service), 1);
  kling_test_run_eos (two);

  record = load_record ();
  fail_unless (strstr (record, endings[__i__].state) != NULL, "%s", record);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

/* A key goes where it belongs, also for a question. */
GST_START_TEST (test_orphan_of_other_service)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = "/other" IDENTIFY_PATH,.body = IDENTIFY_OK},
    FIRST_TASK, RUNS,
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autofree gchar *other = g_strconcat (service->url, "/other", NULL);
  g_autoptr (KlingTestRun) two = NULL;

  leave_orphan (service);
  two = make_run (other, "Second.", 1);
  kling_test_run_set (two, GST_STATE_PLAYING);
  wait_text (two, ORPHAN);
  g_usleep (A_WHILE);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          "/"), 0);
  fail_unless_equals_int (kling_test_server_count (service->server, "POST",
          "/other"), 1);
}

GST_END_TEST;

/* Who comes back has the slot again, and clears it. */
GST_START_TEST (test_orphan_is_resumed)
{
  static const KlingTestStep steps[] = { FIRST_TASK, SECOND_TASK };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) again = NULL;

  leave_orphan (service);
  again = start (service, "First.", 1);
  kling_test_run_eos (again);
  check_slot_is_empty ();
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Nobody can tell whether there is a task. */
GST_START_TEST (test_lost_answer_counts)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 1);
  g_autoptr (KlingTestRun) two = NULL;

  fail_unless (kling_test_run_wait (one, GST_MESSAGE_ERROR, 30) != NULL);
  two = start (service, "Second.", 1);
  wait_text (two, "\"First.\" may be in the making");
  g_usleep (A_WHILE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- when the service has asked to wait ---- */

/* A minute is 3 s here; that it is not shorter is what is checked. */
GST_START_TEST (test_wait_is_shared)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.status = 429,.headers = "Retry-After: 60\r\n",
        .body = KLING_BUSY},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = start (service, "First.", 0);
  g_autoptr (KlingTestRun) two = NULL;
  gint64 begun;

  wait_text (one, "asks to wait");
  two = start (service, "Second.", 0);
  kling_test_run_eos (one);
  kling_test_run_eos (two);
  kling_test_service_check (service, 1, 3);
  begun = kling_test_server_call (service->server,
      find_create (service, 0))->time;
  for (guint i = 1; i < 3; i++) {
    const KlingTestCall *call = kling_test_server_call (service->server,
        find_create (service, i));

    fail_unless (call->time - begun > 2900 * 1000, "call %u after %"
        G_GINT64_FORMAT " ms", i, (call->time - begun) / 1000);
  }
  fail_unless (kling_test_run_has_text (two, "asked another run"));
}

GST_END_TEST;

/* ---- nowhere to count ---- */

GST_START_TEST (test_no_store)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  const gchar *sentence;

  g_object_set (run->lipsync, "store", "", "max-tasks", 3, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, "max-tasks is 3, but it needs a store");
  kling_test_service_check (service, 0, 0);
}

GST_END_TEST;

static Suite *
slots_suite (void)
{
  Suite *suite = suite_create ("slots");
  TCase *tcase = tcase_create ("slots");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, test_one_at_a_time);
  tcase_add_test (tcase, test_two_at_a_time);
  tcase_add_test (tcase, test_download_holds_nobody_up);
  tcase_add_test (tcase, test_refusal_frees);
  tcase_add_test (tcase, test_stop_while_waiting);
  tcase_add_loop_test (tcase, test_orphan_ends, 0, G_N_ELEMENTS (endings));
  tcase_add_test (tcase, test_orphan_of_other_service);
  tcase_add_test (tcase, test_orphan_is_resumed);
  tcase_add_test (tcase, test_lost_answer_counts);
  tcase_add_test (tcase, test_wait_is_shared);
  tcase_add_test (tcase, test_no_store);
  return suite;
}

GST_CHECK_MAIN (slots);
