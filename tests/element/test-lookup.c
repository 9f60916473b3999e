/* klinglipsync tests: a task whose answer was lost
 *
 * Where the create call has an id of ours the task is looked for; nothing else
 * leads from a question to a payment. Each test counts the create calls, because
 * each of them is money, and sees which id they had.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* The two minutes of looking are 2.4 s then, and an hour is 72 s. */
#define SPEED 50
/* Where a moment on our clock is not to be missed */
#define SLOW 20

#define IDENTIFY .method = "POST",.path = OFFICIAL_IDENTIFY_PATH
#define CREATE .method = "POST",.path = OFFICIAL_CREATE_PATH
/* Ours, and those of the service */
#define BY_PATH .method = "GET",.path = OFFICIAL_CREATE_PATH "/kl1-"
#define BY_LIST .method = "GET",.path = OFFICIAL_CREATE_PATH "?"
#define POLL(id) .method = "GET",.path = OFFICIAL_CREATE_PATH "/" id

#define JSON(code, message) "{\"code\":" code ",\"message\":\"" message "\"}"
#define DUPLICATE JSON ("1201", "external_task_id is in use")
#define LISTED(id, external) "{\"task_id\":\"" id "\",\"task_status\":" \
  "\"submitted\",\"task_info\":{\"external_task_id\":\"" external "\"}}"
#define FAILED_TASK(id) "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{" \
  "\"task_id\":\"" id "\",\"task_status\":\"failed\",\"task_status_msg\":" \
  "\"oops\"}}"
/* kl1- and 32 characters */
#define ID_LENGTH 36
/* Longer than what the two minutes of looking take */
#define A_WHILE (3500 * 1000)

static KlingTestRun *
make_run (KlingTestService * service)
{
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, "audio-url", TEST_AUDIO_URL, "audio-end", 3 * GST_SECOND, NULL);
  return run;
}

static void
play (KlingTestRun * run)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

static guint
count_looks (KlingTestService * service)
{
  return kling_test_server_count (service->server, "GET",
      OFFICIAL_CREATE_PATH "/kl1-");
}

static guint
count_lists (KlingTestService * service)
{
  return kling_test_server_count (service->server, "GET",
      OFFICIAL_CREATE_PATH "?");
}

/* Returns: (transfer full): the external id of the create call with this number,
 * counted from 0 */
static gchar *
dup_external_id (KlingTestService * service, guint number)
{
  static const gchar name[] = "\"external_task_id\":\"";
  const KlingTestCall *call;
  const gchar *found = NULL;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    if (g_str_equal (call->method, "POST")
        && g_str_equal (call->path, OFFICIAL_CREATE_PATH) && number-- == 0) {
      found = strstr (g_bytes_get_data (call->body, NULL), name);
      break;
    }
  }
  fail_unless (found != NULL, "there is no such create call");
  found += strlen (name);
  return g_strndup (found, strcspn (found, "\""));
}

/* The create calls with these numbers had the same id, which is one of ours. */
static void
check_same_id (KlingTestService * service, guint a, guint b, gboolean same)
{
  g_autofree gchar *id_a = dup_external_id (service, a);
  g_autofree gchar *id_b = dup_external_id (service, b);

  fail_unless (g_str_has_prefix (id_a, "kl1-"), "%s", id_a);
  fail_unless_equals_int (strlen (id_a), ID_LENGTH);
  fail_unless (g_str_equal (id_a, id_b) == same, "%s, %s", id_a, id_b);
}

static void
check_lost (KlingTestRun * run)
{
  g_autofree gchar *sentence = g_strdup (kling_test_run_error (run,
          GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SYNC));

  kling_test_check_contains (sentence, "external task id ");
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
}

static void
check_found (KlingTestRun * run, KlingTestService * service)
{
  g_autofree gchar *task_id = NULL;

  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 0);
  task_id = kling_test_run_dup_task_id (run);
  fail_unless_equals_string (task_id, TEST_TASK);
  kling_test_service_check (service, 1, 1);
  kling_test_service_check_key (service);
}

/* ---- found ---- */

/* The create call arrives, its answer does not. */
static const KlingTestStep lost[] = {
  {CREATE,.times = 1,.act = KLING_TEST_RESET},
  {CREATE,.times = 1,.act = KLING_TEST_CLOSE},
  {CREATE,.times = 1,.status = 504,.body = JSON ("5002", "time-out")},
  {CREATE,.times = 1,.body = "{\"code\":0,\"data\":{}}"},
  {CREATE,.times = 1,.act = KLING_TEST_HANG},
};

/* Each of them, once found by path and once by the list */
GST_START_TEST (test_found)
{
  gboolean by_list = __i__ % 2;
  const KlingTestStep steps[] = {
    lost[__i__ / 2],
    {BY_PATH,.status = by_list ? 404 : 200,
        .body = OFFICIAL_TASK (TEST_TASK, "processing", "{}")},
    {BY_LIST,.body = OFFICIAL_LIST (LISTED ("other-1", "kl1-other") ","
              LISTED (TEST_TASK, KLING_TEST_EXTERNAL_MARK) ","
              LISTED ("other-2", ""))},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  if (lost[__i__ / 2].act == KLING_TEST_HANG)
    g_object_set (run->lipsync, "timeout", 200 * GST_SECOND, NULL);
  play (run);
  check_found (run, service);
  fail_unless_equals_int (count_looks (service), 1);
  fail_unless_equals_int (count_lists (service), by_list ? 1 : 0);
  fail_unless (kling_test_run_has_text (run, "Looking for the task"));
}

GST_END_TEST;

/* A path that does not take our ids may refuse them in any way. */
static const KlingTestStep refusals[] = {
  {BY_PATH,.status = 404,.body = JSON ("1203", "no such resource")},
  {BY_PATH,.status = 400,.body = JSON ("1201", "task_id is not one")},
  {BY_PATH,.status = 400,.body = JSON ("\"task_not_exist\"", "")},
  {BY_PATH,.body = OFFICIAL_LIST ("")},
  /* a task that is not ours is not taken for ours */
  {BY_PATH,.body = FAILED_TASK ("other-1")},
  {BY_PATH,.body = "{\"code\":0,\"data\":{\"task_id\":\"other-1\","
        "\"task_status\":\"submitted\",\"task_info\":{}}}"},
};

GST_START_TEST (test_path_refuses)
{
  const KlingTestStep steps[] = {
    lost[0],
    refusals[__i__],
    {BY_LIST,.body = OFFICIAL_LIST (LISTED (TEST_TASK,
                KLING_TEST_EXTERNAL_MARK))},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  check_found (run, service);
}

GST_END_TEST;

/* The service may take its time to know its own task. */
GST_START_TEST (test_found_late)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
    {BY_PATH,.times = 1,.status = 404},
    {BY_PATH,.times = 1,.status = 500},
    {BY_PATH,.times = 2,.status = 404},
    {BY_PATH,.body = OFFICIAL_TASK (TEST_TASK, "processing", "{}")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);
  gint64 begun = g_get_monotonic_time ();

  play (run);
  check_found (run, service);
  fail_unless (kling_test_ms_since (begun) >= 120 * 1000 / SPEED);
  fail_unless_equals_int (count_looks (service), 5);
}

GST_END_TEST;

/* ---- not found ---- */

/* After two minutes it is sent once more with the same id. */
GST_START_TEST (test_sent_once_more)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (lost, 1);
  g_autoptr (KlingTestRun) run = make_run (service);
  gint64 begun = g_get_monotonic_time ();

  play (run);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless (kling_test_ms_since (begun) >= 120 * 1000 / SPEED);
  fail_unless (kling_test_run_has_warning (run, "once more with the same id"));
  fail_unless_equals_int (count_looks (service), 5);
  fail_unless_equals_int (count_lists (service), 5);
  check_same_id (service, 0, 1, TRUE);
  kling_test_service_check (service, 1, 2);
  kling_test_service_check_key (service);
}

GST_END_TEST;

/* And not a third time, by no run. */
GST_START_TEST (test_not_more)
{
  static const KlingTestStep steps[] = {
    {CREATE,.act = KLING_TEST_RESET},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  for (guint i = 0; i < 3; i++) {
    play (run);
    check_lost (run);
    check_same_id (service, 0, 1, TRUE);
    kling_test_service_check (service, 1, 2);
  }
}

GST_END_TEST;

/* What is sent once more may be refused: then there is no task, and the next
 * run begins from the start, with a second try of its own. */
GST_START_TEST (test_refused_once_more)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
    {CREATE,.times = 1,.status = 429,.body = JSON ("1102", "balance")},
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  kling_test_service_check (service, 1, 2);
  play (run);
  kling_test_run_eos (run);
  check_same_id (service, 0, 2, TRUE);
  check_same_id (service, 2, 3, TRUE);
  kling_test_service_check (service, 1, 4);
}

GST_END_TEST;

/* A look-up that is not answered says nothing: it never leads to a payment. */
static const KlingTestStep silences[][2] = {
  {{BY_PATH,.act = KLING_TEST_RESET}},
  {{BY_PATH,.status = 500}},
  {{BY_PATH,.status = 404}, {BY_LIST,.act = KLING_TEST_RESET}},
  {{BY_PATH,.status = 404}, {BY_LIST,.status = 502,.body = "<html>"}},
  {{BY_PATH,.status = 404}, {BY_LIST,.status = 404}},
  {{BY_PATH,.status = 404}, {BY_LIST,.status = 401,.body = JSON ("1002", "")}},
  {{BY_PATH,.status = 404}, {BY_LIST,.status = 429}},
  {{BY_PATH,.status = 404}, {BY_LIST,.body = "{{{"}},
};

GST_START_TEST (test_look_ups_fail)
{
  const KlingTestStep steps[] = {
    lost[0], silences[__i__][0], silences[__i__][1]
  };
  guint n = silences[__i__][1].path ? 3 : 2;
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (steps, n);
  g_autoptr (KlingTestRun) run = make_run (service);
  guint looks;

  g_object_set (run->lipsync, "task-timeout", 200 * GST_SECOND, NULL);
  play (run);
  check_lost (run);
  looks = count_looks (service);
  fail_unless (looks >= 5 && looks < 12, "%u", looks);
  kling_test_service_check (service, 1, 1);

  /* a later run looks once, at once */
  play (run);
  check_lost (run);
  fail_unless_equals_int (count_looks (service), looks + 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* However late the run is, there is time between its looks. */
GST_START_TEST (test_looks_have_time)
{
  const KlingTestStep steps[] = {
    lost[0],
    {BY_PATH,.times = 4,.status = 500},
    {BY_PATH,.body = OFFICIAL_TASK (TEST_TASK, "processing", "{}")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);
  gint64 begun;

  /* the third look is 30 s before the fourth */
  kling_test_set_speed (SLOW);
  play (run);
  fail_unless (kling_test_service_wait (service, "GET", OFFICIAL_CREATE_PATH
          "/kl1-", 3, 20000));
  kling_test_run_set (run, GST_STATE_NULL);
  /* more than two minutes later */
  g_usleep (130 * 1000 * 1000 / SLOW);
  fail_unless_equals_int (count_looks (service), 3);
  begun = g_get_monotonic_time ();
  play (run);
  check_found (run, service);
  fail_unless_equals_int (count_looks (service), 5);
  fail_unless (kling_test_ms_since (begun) >= 30 * 1000 / SLOW);
}

GST_END_TEST;

/* ---- stopping ---- */

/* The first look-up gets no answer. */
#define LOST_AND_STUCK \
    {CREATE,.times = 1,.act = KLING_TEST_RESET}, \
    {BY_PATH,.times = 1,.act = KLING_TEST_HANG}

/* Plays, and stops in the middle of the first look-up. */
static void
stop_while_looking (KlingTestRun * run, KlingTestService * service)
{
  play (run);
  fail_unless (kling_test_service_wait (service, "GET", OFFICIAL_CREATE_PATH
          "/kl1-", 1, 20000));
  kling_test_run_set (run, GST_STATE_NULL);
}

/* A stop during the look-up; the new run goes on with it. */
GST_START_TEST (test_stop)
{
  static const KlingTestStep steps[] = {
    LOST_AND_STUCK,
    {BY_PATH,.body = OFFICIAL_TASK (TEST_TASK, "processing", "{}")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  stop_while_looking (run, service);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  g_usleep (A_WHILE);
  fail_unless_equals_int (count_looks (service), 1);
  kling_test_service_check (service, 1, 1);

  play (run);
  check_found (run, service);
}

GST_END_TEST;

/* The same, and the new run finds nothing: two minutes have passed. */
GST_START_TEST (test_stop_and_not_found)
{
  static const KlingTestStep steps[] = {
    LOST_AND_STUCK,
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  stop_while_looking (run, service);
  g_usleep (A_WHILE);
  kling_test_service_check (service, 1, 1);
  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_int (count_looks (service), 2);
  check_same_id (service, 0, 1, TRUE);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

/* ---- the service says that it has the task already ---- */

GST_START_TEST (test_duplicate)
{
  const KlingTestStep steps[] = {
    {CREATE,.status = __i__ ? 200 : 400,.body = DUPLICATE},
    {BY_PATH,.body = OFFICIAL_TASK (TEST_TASK, "processing", "{}")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  check_found (run, service);
  fail_unless_equals_int (count_looks (service), 1);
}

GST_END_TEST;

/* The same code says other things, too. */
GST_START_TEST (test_no_duplicate)
{
  static const KlingTestStep step = { CREATE,.times = 1,.status = 400,
    .body = JSON ("1201", "Voice id not found")
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "Voice id not found");
  kling_test_service_check (service, 1, 1);
  fail_unless_equals_int (count_looks (service), 1);
}

GST_END_TEST;

/* The first was lost, was not known for two minutes, and arrived after all. */
GST_START_TEST (test_late_duplicate)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
    {CREATE,.status = 400,.body = DUPLICATE},
    {BY_PATH,.times = 5,.status = 404},
    {BY_PATH,.body = OFFICIAL_TASK (TEST_TASK, "processing", "{}")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);
  g_autofree gchar *task_id = NULL;

  play (run);
  kling_test_run_eos (run);
  task_id = kling_test_run_dup_task_id (run);
  fail_unless_equals_string (task_id, TEST_TASK);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

/* The task of another machine had failed: this run may ask for one of its own. */
GST_START_TEST (test_adopted_had_failed)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.status = 400,.body = DUPLICATE},
    {CREATE,.body = OFFICIAL_TASK ("task-2", "submitted", "{}")},
    {BY_PATH,.body = OFFICIAL_TASK (TEST_TASK, "failed", "{}")},
    {POLL (TEST_TASK),.body = FAILED_TASK (TEST_TASK)},
    {POLL ("task-2"),.body = OFFICIAL_DONE ("task-2")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);
  g_autofree gchar *task_id = NULL;

  play (run);
  kling_test_run_eos (run);
  fail_unless (kling_test_run_has_warning (run, "failed before"));
  task_id = kling_test_run_dup_task_id (run);
  fail_unless_equals_string (task_id, "task-2");
  check_same_id (service, 0, 1, FALSE);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

/* And only once: when both had failed, or the second one fails now. */
GST_START_TEST (test_all_failed)
{
  const KlingTestStep steps[] = {
    {CREATE,.times = __i__ ? 0 : 1,.status = 400,.body = DUPLICATE},
    {CREATE,.body = OFFICIAL_TASK ("task-2", "submitted", "{}")},
    {BY_PATH,.times = 1,.body = OFFICIAL_TASK (TEST_TASK, "failed", "{}")},
    {BY_PATH,.body = OFFICIAL_TASK ("task-2", "failed", "{}")},
    {POLL (TEST_TASK),.body = FAILED_TASK (TEST_TASK)},
    {POLL ("task-2"),.body = FAILED_TASK ("task-2")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  for (guint i = 0; i < 2; i++) {
    play (run);
    kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
            GST_RESOURCE_ERROR_FAILED), "task-2");
    check_same_id (service, 0, 1, FALSE);
    kling_test_service_check (service, 1, 2);
  }
}

GST_END_TEST;

/* ---- the user's own id ---- */

/* It may stand for anything, so it is not looked up. */
GST_START_TEST (test_own_id)
{
  static const KlingTestStep steps[] = {
    {CREATE,.act = KLING_TEST_RESET},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  g_object_set (run->lipsync, "external-task-id", "mine-7", NULL);
  for (guint i = 0; i < 2; i++) {
    play (run);
    kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
            GST_RESOURCE_ERROR_SYNC), "external task id mine-7");
    fail_unless_equals_int (kling_test_server_count (service->server, "GET",
            NULL), 0);
    kling_test_service_check (service, 1, 1);
  }

  /* nor when it was unset since: it is the id that was sent */
  g_object_set (run->lipsync, "external-task-id", NULL, NULL);
  play (run);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SYNC), "external task id mine-7");
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          NULL), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* It was ours that was sent, so ours is sent again. */
GST_START_TEST (test_own_id_too_late)
{
  static const KlingTestStep steps[] = {
    LOST_AND_STUCK,
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  stop_while_looking (run, service);
  g_object_set (run->lipsync, "external-task-id", "mine-7", NULL);
  play (run);
  kling_test_run_eos (run);
  check_same_id (service, 0, 1, TRUE);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

/* A refusal of the user's id is a refusal. */
GST_START_TEST (test_own_id_in_use)
{
  static const KlingTestStep step = { CREATE,.status = 400,.body = DUPLICATE };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  g_object_set (run->lipsync, "external-task-id", "mine-7", NULL);
  play (run);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "in use");
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          NULL), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- the dialects that have no such id ---- */

static const gchar *const others[] = { "gateway", "relay" };

GST_START_TEST (test_other_dialects)
{
  static const KlingTestStep step = {.method = "POST",.path = CREATE_PATH,
    .act = KLING_TEST_RESET
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);
  const gchar *body;

  kling_test_run_use_dialect (run, others[__i__]);
  if (__i__ == 0)
    g_object_set (run->lipsync, "audio-end", GST_CLOCK_TIME_NONE, NULL);
  for (guint i = 0; i < 2; i++) {
    play (run);
    kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SYNC);
    fail_unless_equals_int (kling_test_server_count (service->server, "GET",
            NULL), 0);
    kling_test_service_check (service, 1, 1);
  }
  body = kling_test_service_get_body (service, "POST", CREATE_PATH);
  fail_unless (strstr (body, "external") == NULL, "%s", body);
}

GST_END_TEST;

/* ---- files that the lost call reads ---- */

#define SPEECH "audiotestsrc num-buffers=25 samplesperbuffer=1600 !" \
  " audio/x-raw,format=S16LE,rate=16000,channels=1 ! lipsync.audio"

static gchar *
dup_last_sound_file (KlingTestService * service)
{
  static const gchar name[] = "\"sound_file\":\"";
  const gchar *found = strstr (kling_test_service_get_body (service, "POST",
          OFFICIAL_CREATE_PATH), name);

  fail_unless (found != NULL);
  found += strlen (name);
  return g_strndup (found, strcspn (found, "\""));
}

/* They stay where they are while it may have arrived. */
GST_START_TEST (test_uploads_stay)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autofree gchar *before = NULL, *after = NULL;
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink " SPEECH);
  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL,
      "voice-language", NULL, "upload", "serve:0", NULL);
  play (run);
  fail_unless (kling_test_service_wait (service, "POST", OFFICIAL_CREATE_PATH,
          1, 20000));
  before = dup_last_sound_file (service);
  kling_test_run_eos (run);
  after = dup_last_sound_file (service);
  fail_unless (g_str_has_prefix (before, "http://"), "%s", before);
  fail_unless_equals_string (before, after);
  kling_test_service_check (service, 1, 2);
}

GST_END_TEST;

static Suite *
lookup_suite (void)
{
  Suite *suite = suite_create ("lookup");
  TCase *tcase = tcase_create ("lookup");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_found, 0, 2 * G_N_ELEMENTS (lost));
  tcase_add_loop_test (tcase, test_path_refuses, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tcase, test_found_late);
  tcase_add_test (tcase, test_sent_once_more);
  tcase_add_test (tcase, test_not_more);
  tcase_add_test (tcase, test_refused_once_more);
  tcase_add_loop_test (tcase, test_look_ups_fail, 0, G_N_ELEMENTS (silences));
  tcase_add_test (tcase, test_looks_have_time);
  tcase_add_test (tcase, test_stop);
  tcase_add_test (tcase, test_stop_and_not_found);
  tcase_add_loop_test (tcase, test_duplicate, 0, 2);
  tcase_add_test (tcase, test_no_duplicate);
  tcase_add_test (tcase, test_late_duplicate);
  tcase_add_test (tcase, test_adopted_had_failed);
  tcase_add_loop_test (tcase, test_all_failed, 0, 2);
  tcase_add_test (tcase, test_own_id);
  tcase_add_test (tcase, test_own_id_too_late);
  tcase_add_test (tcase, test_own_id_in_use);
  tcase_add_loop_test (tcase, test_other_dialects, 0, G_N_ELEMENTS (others));
  tcase_add_test (tcase, test_uploads_stay);
  return suite;
}

GST_CHECK_MAIN (lookup);
