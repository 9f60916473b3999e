/* klinglipsync tests: one task for several runs
 *
 * A store tells later runs, and those beside, which task answers a request, or
 * that this is not known. Two elements of one process stand for two processes:
 * each opens the files of the store anew, so their locks keep them apart alike.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-helper.h"

#include <string.h>

/* Longer than the two minutes of looking for a task take */
#define A_WHILE (3500 * 1000)
#define GATEWAY_CREATE .method = "POST",.path = CREATE_PATH
#define GATEWAY_POLL(id) .method = "GET",.path = CREATE_PATH "/" id
#define RESULT .method = "GET",.path = RESULT_PATH
#define CREATE .method = "POST",.path = OFFICIAL_CREATE_PATH
#define POLL(id) .method = "GET",.path = OFFICIAL_CREATE_PATH "/" id
#define BY_PATH .method = "GET",.path = OFFICIAL_CREATE_PATH "/kl1-"
#define LIST_PAGE(n) .method = "GET",.path = OFFICIAL_CREATE_PATH \
    "?pageNum=" n "&"
#define JSON(code, message) "{\"code\":" code ",\"message\":\"" message "\"}"
#define NOT_EXIST JSON ("\"task_not_exist\"", "task_not_exist")
#define DONE_OF(id, more) "{\"code\":\"success\",\"data\":{\"status\":" \
  "\"SUCCESS\",\"data\":{\"task_id\":\"" id "\",\"task_status\":\"succeed\"," \
  more "\"task_result\":{\"videos\":[{\"id\":\"v\",\"url\":\"@BASE@" \
  RESULT_PATH "?token=1\"}]}}}}"
#define GATEWAY_FAILED "{\"code\":\"success\",\"data\":{\"status\":\"FAILURE\"," \
  "\"fail_reason\":\"oops\"}}"
#define FAILED_TASK(code, id) "{\"code\":" code ",\"message\":\"m\",\"data\":{" \
  "\"task_id\":\"" id "\",\"task_status\":\"failed\",\"task_status_msg\":" \
  "\"oops\"}}"
#define LISTED(id, external) "{\"task_id\":\"" id "\",\"task_status\":" \
  "\"submitted\",\"task_info\":{\"external_task_id\":\"" external "\"}}"

/* ---- several runs of one request ---- */

/* Stops when it has its task, before it has asked about it. */
static void
stop_with_task (KlingTestRun * run)
{
  g_object_set (run->lipsync, "poll-interval", 300 * GST_SECOND, NULL);
  store_play (run);
  store_wait_text (run, TEST_TASK " was accepted");
  kling_test_run_set (run, GST_STATE_NULL);
}

GST_START_TEST (test_left_running)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);

  stop_with_task (one);
  store_check_request (KLING_RECORD_RUNNING, TEST_TASK);
  store_play_to_end (two, TEST_TASK, FALSE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_two_at_once)
{
  static const KlingTestStep steps[] = {
    {GATEWAY_CREATE,.delay = 500,.body = CREATE_OK},
    {GATEWAY_POLL (TEST_TASK),.times = 6,.body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);

  store_play (one);
  fail_unless (kling_test_service_wait (service, "POST", IDENTIFY_PATH, 1,
          STORE_PATIENCE * 1000));
  store_play (two);
  store_check_played (one, TEST_TASK, TRUE);
  store_check_played (two, TEST_TASK, FALSE);
  fail_unless (store_get_location (one) != NULL);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Who follows takes over when who asked has gone. */
GST_START_TEST (test_first_is_stopped)
{
  static const KlingTestStep steps[] = {
    {GATEWAY_POLL (TEST_TASK),.times = 20,.body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);

  /* it asks for the first time after 6 s */
  g_object_set (one->lipsync, "poll-interval", 300 * GST_SECOND, NULL);
  g_object_set (two->lipsync, "poll-interval", 10 * GST_SECOND, NULL);
  store_play (one);
  store_wait_text (one, TEST_TASK " was accepted");
  store_play (two);
  fail_unless (kling_test_service_wait (service, "GET", CREATE_PATH "/", 2,
          STORE_PATIENCE * 1000));
  kling_test_run_set (one, GST_STATE_NULL);
  store_check_played (two, TEST_TASK, FALSE);
  fail_unless (store_get_location (two) != NULL, "the video is not kept");
  store_check_request (KLING_RECORD_DONE, TEST_TASK);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;
/* ---- a task that the user names ---- */

/* Nothing but a task */
static KlingTestRun *
make_task_run (const gchar * base_url, const gchar * task_id)
{
  KlingTestRun *run = store_run_new (base_url);

  g_object_set (run->lipsync, "video-url", NULL, "text", NULL, "voice-id", NULL,
      "voice-language", NULL, "task-id", task_id, NULL);
  return run;
}

GST_START_TEST (test_task)
{
  static const KlingTestStep steps[] = {
    {GATEWAY_POLL ("wrong"),.status = 400,.body = NOT_EXIST},
    {GATEWAY_POLL ("task-9"),.body = DONE_OF ("task-9", "")},
  };
  KlingTestService *service = kling_test_service_start (steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) wrong = make_task_run (service->url, "wrong");
  g_autoptr (KlingTestRun) one = make_task_run (service->url, "task-9");
  g_autoptr (KlingTestRun) two = make_task_run (service->url, "task-9");

  store_check_error (wrong, GST_RESOURCE_ERROR_FAILED,
      "does not know the task");
  for (KlingRecordKind kind = 0; kind <= KLING_RECORD_TASK; kind++)
    fail_unless_equals_int (store_count_records (kind), 0);
  store_play_to_end (one, "task-9", FALSE);
  fail_unless_equals_int (store_count_records (KLING_RECORD_TASK), 1);
  kling_test_service_check (service, 0, 0);
  kling_test_service_stop (service);
  store_play_to_end (two, "task-9", FALSE);
}

GST_END_TEST;

/* A create call whose answer was lost, and the id from the console */
GST_START_TEST (test_task_settles)
{
  static const KlingTestStep steps[] = {
    {GATEWAY_CREATE,.act = KLING_TEST_RESET},
    {GATEWAY_POLL ("wrong"),.status = 400,.body = NOT_EXIST},
    {GATEWAY_POLL ("task-9"),.body = DONE_OF ("task-9", "")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);
  g_autoptr (KlingTestRun) three = store_run_new (service->url);
  g_autofree gchar *told = store_dup_error (one, GST_RESOURCE_ERROR_SYNC);
  guint n_calls = store_count_calls (service);

  kling_test_check_contains (told, "task-id");
  kling_test_check_contains (told, "take");
  kling_test_check_contains (told, " It was sent on 20");
  store_check_error (two, GST_RESOURCE_ERROR_SYNC, told);
  fail_unless_equals_int (store_count_calls (service), n_calls);
  store_check_request (KLING_RECORD_UNKNOWN, NULL);

  g_object_set (two->lipsync, "task-id", "wrong", NULL);
  store_check_error (two, GST_RESOURCE_ERROR_FAILED, "does not know the task");
  store_check_request (KLING_RECORD_UNKNOWN, NULL);
  g_object_set (two->lipsync, "task-id", NULL, NULL);
  store_check_error (two, GST_RESOURCE_ERROR_SYNC, told);

  g_object_set (two->lipsync, "task-id", "task-9", NULL);
  store_play_to_end (two, "task-9", FALSE);
  store_check_request (KLING_RECORD_DONE, "task-9");
  n_calls = store_count_calls (service);
  store_play_to_end (three, "task-9", FALSE);
  fail_unless_equals_int (store_count_calls (service), n_calls);
  fail_unless_equals_int (store_count_records (KLING_RECORD_TASK), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A request that has its answer keeps it, whatever task is named beside it. */
GST_START_TEST (test_task_beside)
{
  static const KlingTestStep step = {
    GATEWAY_POLL ("task-9"),.body = DONE_OF ("task-9", "")
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);
  guint n_calls;

  store_play_to_end (one, TEST_TASK, TRUE);
  g_object_set (two->lipsync, "task-id", "task-9", NULL);
  store_play_to_end (two, "task-9", FALSE);
  store_check_request (KLING_RECORD_DONE, TEST_TASK);
  n_calls = store_count_calls (service);
  g_object_set (two->lipsync, "task-id", NULL, NULL);
  store_play_to_end (two, TEST_TASK, FALSE);
  fail_unless_equals_int (store_count_calls (service), n_calls);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;
/* ---- a lost answer, where the service can tell ---- */

/* Returns: (transfer full): the external id of the create call with this
 * number, counted from 0 */
static gchar *
dup_external_id (KlingTestService * service, guint number)
{
  static const gchar name[] = "\"external_task_id\":\"";
  const KlingTestCall *call;
  const gchar *found = NULL;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    if (g_str_equal (call->method, "POST")
        && g_str_equal (call->path, OFFICIAL_CREATE_PATH) && number-- == 0)
      found = strstr (g_bytes_get_data (call->body, NULL), name);
  }
  fail_unless (found != NULL, "there is no such create call");
  found += strlen (name);
  return g_strndup (found, strcspn (found, "\""));
}

static void
check_same_id (KlingTestService * service, guint a, guint b, gboolean same)
{
  g_autofree gchar *id_a = dup_external_id (service, a);
  g_autofree gchar *id_b = dup_external_id (service, b);

  fail_unless (g_str_equal (id_a, id_b) == same, "%s, %s", id_a, id_b);
}

/* Returns: (transfer full): a page of the list that is full of others' tasks */
static gchar *
make_full_page (void)
{
  GString *page = g_string_new ("{\"code\":0,\"message\":\"SUCCEED\","
      "\"request_id\":\"req-1\",\"data\":[");

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (page, "%s" LISTED ("other-%u", "kl1-other-%u"),
        i ? "," : "", i, i);
  g_string_append (page, "]}");
  return g_string_free (page, FALSE);
}

GST_START_TEST (test_lost_and_listed)
{
  g_autofree gchar *page = make_full_page ();
  const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
    {BY_PATH,.status = 404},
    {LIST_PAGE ("1"),.body = page},
    {LIST_PAGE ("2"),.body = OFFICIAL_LIST (LISTED (TEST_TASK,
                KLING_TEST_EXTERNAL_MARK))},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = store_run_new_official (service->url);

  store_play_to_end (run, TEST_TASK, TRUE);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          OFFICIAL_CREATE_PATH "?pageNum=2"), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* From the silence of another account follows nothing. */
GST_START_TEST (test_lost_and_another_key)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.act = KLING_TEST_RESET},
    {BY_PATH,.times = 1,.act = KLING_TEST_HANG},
    {BY_PATH,.status = 404},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) two = store_run_new_official (service->url);

  store_play (one);
  fail_unless (kling_test_service_wait (service, "GET", OFFICIAL_CREATE_PATH
          "/kl1-", 1, STORE_PATIENCE * 1000));
  kling_test_run_set (one, GST_STATE_NULL);
  g_usleep (A_WHILE);
  g_object_set (two->lipsync, "api-key", "sk-another-key", NULL);
  store_check_error (two, GST_RESOURCE_ERROR_SYNC, "external task id kl1-");
  fail_unless_equals_int (kling_test_service_paid (service), 1);

  /* who paid may go on */
  store_play_to_end (one, TEST_TASK, TRUE);
  fail_unless_equals_int (kling_test_service_paid (service), 2);
  check_same_id (service, 0, 1, TRUE);
}

GST_END_TEST;
/* ---- no, and no more ---- */

static const gchar *const refusals[] = {
  JSON ("1201", "Voice id not found"),
  JSON ("1301", "risk control"),
};

GST_START_TEST (test_refused)
{
  const KlingTestStep step = { CREATE,.times = 1,.status = 400,
    .body = refusals[__i__]
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) one = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) two = store_run_new_official (service->url);
  g_autoptr (KlingRecord) record = NULL;

  store_check_error (one, GST_RESOURCE_ERROR_SETTINGS, __i__ ? "1301" : "1201");
  store_check_request (KLING_RECORD_REFUSED, NULL);
  store_play_to_end (two, TEST_TASK, TRUE);
  check_same_id (service, 0, 1, TRUE);
  record = store_load_request ();
  fail_unless_equals_int (record->attempt, 1);
  fail_unless_equals_int (kling_test_service_paid (service), 2);
}

GST_END_TEST;

/* The service's trouble is worth one more attempt, by a new run. */
GST_START_TEST (test_failed)
{
  static const KlingTestStep steps[] = {
    {CREATE,.times = 1,.body = OFFICIAL_CREATED},
    {CREATE,.body = OFFICIAL_TASK ("task-2", "submitted", "{}")},
    {POLL (TEST_TASK),.body = FAILED_TASK ("0", TEST_TASK)},
    {POLL ("task-2"),.body = FAILED_TASK ("0", "task-2")},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) two = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) three = store_run_new_official (service->url);
  g_autofree gchar *told = NULL;
  guint n_calls;

  store_check_error (one, GST_RESOURCE_ERROR_FAILED, "Start again");
  store_check_request (KLING_RECORD_FAILED, TEST_TASK);
  kling_test_service_check (service, 1, 1);

  told = store_dup_error (two, GST_RESOURCE_ERROR_FAILED);
  kling_test_check_contains (told, "task-2");
  kling_test_check_contains (told, "set take");
  fail_unless (kling_test_run_has_warning (two, TEST_TASK));
  check_same_id (service, 0, 1, FALSE);
  kling_test_service_check (service, 1, 2);

  n_calls = store_count_calls (service);
  store_check_error (three, GST_RESOURCE_ERROR_FAILED, told);
  fail_unless_equals_int (store_count_calls (service), n_calls);
}

GST_END_TEST;

/* Says what store_run_new_official() is set up with. */
#define LINK "klinglipsync://?audio-end=3" \
  "&video-url=https%3A%2F%2Fmedia.example%2Fface.mp4%3Fsignature%3D1" \
  "&audio-url=https%3A%2F%2Fmedia.example%2Fspeech.mp3%3Fsignature%3D2"

/* A link does not ask once more, and does not say so. */
GST_START_TEST (test_failed_link)
{
  static const KlingTestStep steps[] = {
    {POLL (TEST_TASK),.body = FAILED_TASK ("0", TEST_TASK)},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) two = store_run_new_official (service->url);

  store_check_error (one, GST_RESOURCE_ERROR_FAILED, "Start again");
  fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (two->lipsync), LINK,
          NULL));
  store_check_error (two, GST_RESOURCE_ERROR_SETTINGS, "a link may not");
  fail_unless_equals_int (kling_test_run_count (two, GST_MESSAGE_WARNING), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_failed_for_content)
{
  static const KlingTestStep steps[] = {
    {POLL (TEST_TASK),.body = FAILED_TASK ("1301", TEST_TASK)},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start_official
      (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) two = store_run_new_official (service->url);
  g_autofree gchar *told = store_dup_error (one, GST_RESOURCE_ERROR_SETTINGS);
  guint n_calls = store_count_calls (service);

  kling_test_check_contains (told, "set take");
  store_check_error (two, GST_RESOURCE_ERROR_SETTINGS, told);
  fail_unless_equals_int (store_count_calls (service), n_calls);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* It was made, and is there no more: that is no reason to buy it again. */
GST_START_TEST (test_gone)
{
  static const KlingTestStep steps[] = {
    {GATEWAY_POLL (TEST_TASK),.times = 1,.body = POLL_DONE},
    {GATEWAY_POLL (TEST_TASK),.body = GATEWAY_FAILED},
    {RESULT,.status = 404},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);
  g_autofree gchar *told = NULL;
  guint n_calls;

  store_play (one);
  told = g_strdup (kling_test_run_error (one, GST_STREAM_ERROR,
          GST_STREAM_ERROR_WRONG_TYPE));
  kling_test_check_contains (told, TEST_TASK);
  kling_test_check_contains (told, "set take");
  store_check_request (KLING_RECORD_GONE, TEST_TASK);

  n_calls = store_count_calls (service);
  store_play (two);
  fail_unless_equals_string (kling_test_run_error (two, GST_STREAM_ERROR,
          GST_STREAM_ERROR_WRONG_TYPE), told);
  fail_unless_equals_int (store_count_calls (service), n_calls);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

static Suite *
tasks_suite (void)
{
  Suite *suite = suite_create ("tasks");
  TCase *tcase = tcase_create ("tasks");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, store_set_up, store_tear_down);
  tcase_add_test (tcase, test_task);
  tcase_add_test (tcase, test_task_settles);
  tcase_add_test (tcase, test_task_beside);
  tcase_add_test (tcase, test_lost_and_listed);
  tcase_add_test (tcase, test_lost_and_another_key);
  tcase_add_loop_test (tcase, test_refused, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tcase, test_failed);
  tcase_add_test (tcase, test_failed_link);
  tcase_add_test (tcase, test_failed_for_content);
  tcase_add_test (tcase, test_gone);
  tcase_add_test (tcase, test_left_running);
  tcase_add_test (tcase, test_two_at_once);
  tcase_add_test (tcase, test_first_is_stopped);
  return suite;
}

GST_CHECK_MAIN (tasks);
