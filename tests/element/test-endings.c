/* klinglipsync tests: how a paid call may end, and how often it was sent
 *
 * One table for identify-face and create, because one rule holds for both
 * (money.md 1): what the server does, how many such calls it must have seen,
 * and what the application is told.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* The patience of 120 s with a call that costs is 2.4 s then. */
#define SPEED 50

#define JSON(code, message) "{\"code\":" code ",\"message\":\"" message "\"," \
  "\"request_id\":\"req-1\"}"
#define NEW_API(code, message) "{\"error\":{\"message\":\"" message "\"," \
  "\"type\":\"new_api_error\",\"code\":\"" code "\"}}"
#define HTML "<html><body><h1>502 Bad Gateway</h1></body></html>"
#define BUSY_INSIDE "{\"code\":\"fail_to_fetch_task\",\"message\":\"{\\\"code" \
  "\\\":1303,\\\"message\\\":\\\"parallel task over limit\\\"}\",\"data\":null}"
#define WRAPPED_1201 "{\"message\":\"Voice id not found\",\"data\":{\"data\":" \
  "{\"code\":1201,\"message\":\"Voice id not found\",\"request_id\":\"ed47\"}}}"
#define ELSEWHERE "Location: @BASE@/elsewhere\r\n"

/* No error: the call is sent again and succeeds. */
#define GOES_ON -1

typedef struct
{
  const gchar *name;
  guint sent;                   /* how often the call must have come */
  gint error;                   /* GstResourceError, or GOES_ON */
  KlingTestStep step;
  const gchar *service_code;    /* detail of the error */
  const gchar *words;           /* in the sentence */
} Ending;

#define ANSWER(http, text) {.status = http,.body = text }
#define SETTINGS GST_RESOURCE_ERROR_SETTINGS
#define NOT_AUTHORIZED GST_RESOURCE_ERROR_NOT_AUTHORIZED
#define FAILED GST_RESOURCE_ERROR_FAILED
#define SYNC GST_RESOURCE_ERROR_SYNC

/* *INDENT-OFF* */
static const Ending endings[] = {
  /* REFUSED */
  {"400", 1, SETTINGS, ANSWER (400, "")},
  {"400, 1200", 1, SETTINGS, ANSWER (400, JSON ("1200", "bad")), "1200", "bad"},
  {"400, wrapped", 1, SETTINGS, ANSWER (400, WRAPPED_1201), "1201",
      "Voice id not found"},
  {"401", 1, NOT_AUTHORIZED, ANSWER (401, NEW_API ("invalid_api_key",
      "Invalid API key provided.")), "invalid_api_key", "KLING_API_KEY"},
  {"401, 1004", 1, NOT_AUTHORIZED, ANSWER (401, JSON ("1004", "expired")),
      "1004"},
  {"402", 1, NOT_AUTHORIZED, ANSWER (402, ""), NULL, "balance"},
  {"403, quota", 1, NOT_AUTHORIZED, ANSWER (403, JSON ("\"quota_not_enough\"",
      "user quota is not enough")), "quota_not_enough"},
  {"404", 1, SETTINGS, ANSWER (404, HTML), NULL, "base-url"},
  {"409", 1, SETTINGS, ANSWER (409, "")},
  {"413", 1, SETTINGS, ANSWER (413, HTML)},
  {"429, 1100", 1, NOT_AUTHORIZED, ANSWER (429, JSON ("1100", "no")), "1100"},
  {"429, 1101", 1, NOT_AUTHORIZED, ANSWER (429, JSON ("1101", "no")), "1101"},
  {"429, 1102", 1, NOT_AUTHORIZED, ANSWER (429, JSON ("1102",
      "Account balance not enough")), "1102", "Account balance not enough"},
  {"429, 1304", 1, NOT_AUTHORIZED, ANSWER (429, JSON ("1304", "no")), "1304"},
  {"429, quota that says busy", 1, NOT_AUTHORIZED, ANSWER (429, NEW_API
      ("insufficient_user_quota", "saturated, retry later")),
      "insufficient_user_quota"},
  {"429, words", 1, FAILED, ANSWER (429, "slow down")},
  {"301", 1, SETTINGS, {.status = 301,.headers = ELSEWHERE}},
  {"302", 1, SETTINGS, {.status = 302,.headers = ELSEWHERE}},
  {"307", 1, SETTINGS, {.status = 307,.headers = ELSEWHERE}},
  {"308", 1, SETTINGS, {.status = 308,.headers = ELSEWHERE}},
  {"503, model_not_found", 1, FAILED, ANSWER (503, NEW_API ("model_not_found",
      "no channel")), "model_not_found"},
  {"200, 1201", 1, SETTINGS, ANSWER (200, JSON ("1201", "Voice id not found")),
      "1201", "Voice id not found"},
  {"200, 1301", 1, SETTINGS, ANSWER (200, JSON ("1301", "risk")), "1301"},

  /* BUSY */
  {"429, empty", 2, GOES_ON, ANSWER (429, "")},
  {"429, 1302", 2, GOES_ON, ANSWER (429, JSON ("1302", "too many"))},
  {"429, 1303", 2, GOES_ON, ANSWER (429, JSON ("1303", "over limit"))},
  {"200, 1303", 2, GOES_ON, ANSWER (200, JSON ("1303", "over limit"))},
  {"429, 1303 inside", 2, GOES_ON, ANSWER (429, BUSY_INSIDE)},

  /* UNKNOWN */
  {"500", 1, SYNC, ANSWER (500, JSON ("5000", "oops")), "5000"},
  {"500, do_request_failed", 1, SYNC, ANSWER (500, JSON
      ("\"do_request_failed\"", "oops")), "do_request_failed"},
  {"500, 1201", 1, SYNC, ANSWER (500, JSON ("1201", "oops")), "1201"},
  {"502, HTML", 1, SYNC, ANSWER (502, HTML)},
  {"503", 1, SYNC, ANSWER (503, "")},
  {"503, 5001", 1, SYNC, ANSWER (503, JSON ("5001", "maintenance")), "5001"},
  {"504", 1, SYNC, ANSWER (504, JSON ("5002", "time-out")), "5002"},
  {"504, HTML", 1, SYNC, ANSWER (504, HTML)},
  {"408", 1, SYNC, ANSWER (408, "")},
  {"303", 1, SYNC, {.status = 303,.headers = ELSEWHERE}},
  {"200, no id", 1, SYNC, ANSWER (200, "{\"code\":0,\"data\":{}}")},
  {"200, null", 1, SYNC, ANSWER (200, "{\"code\":\"success\",\"data\":null}")},
  {"200, garbage", 1, SYNC, ANSWER (200, "\x01\xff\xfe{{{")},
  {"200, HTML", 1, SYNC, ANSWER (200, HTML)},
  {"200, empty", 1, SYNC, ANSWER (200, "")},
  {"204", 1, SYNC, ANSWER (204, "")},
  {"reset", 1, SYNC, {.act = KLING_TEST_RESET}},
  {"closed", 1, SYNC, {.act = KLING_TEST_CLOSE}},
  {"not HTTP", 1, SYNC, {.act = KLING_TEST_RAW,.body = "SSH-2.0-no\r\n"}},
  {"silence", 1, SYNC, {.act = KLING_TEST_HANG}, NULL, "in time"},
  {"cut off", 1, SYNC, {.body = CREATE_OK IDENTIFY_OK,.send = 10}},
  {"cut off in the head", 1, SYNC, {.act = KLING_TEST_RAW,
      .body = "HTTP/1.1 200 OK\r\nContent-Le"}},
};
/* *INDENT-ON* */

/* Both calls of a row, as one number */
#define N_CASES (2 * G_N_ELEMENTS (endings))

static void
check_details (KlingTestRun * run, const Ending * ending)
{
  const GstStructure *details;
  guint status = 0;

  if (ending->step.act != KLING_TEST_ANSWER || ending->step.send)
    return;
  details = kling_test_run_details (run);
  fail_unless (gst_structure_get_uint (details, "http-status-code", &status));
  fail_unless_equals_int (status, ending->step.status);
  if (ending->service_code)
    fail_unless_equals_string (gst_structure_get_string (details,
            "service-code"), ending->service_code);
  if (ending->step.body && strstr (ending->step.body, "req-1"))
    fail_unless_equals_string (gst_structure_get_string (details,
            "request-id"), "req-1");
}

static void
check_error (KlingTestRun * run, const Ending * ending)
{
  const gchar *sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      ending->error);

  if (ending->words)
    kling_test_check_contains (sentence, ending->words);
  fail_unless (g_str_has_suffix (sentence, "."), "%s", sentence);
  check_details (run, ending);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_CAPS), 0);
}

/* Whether klinglipsync may not send it again, ever, by itself */
static gboolean
is_unknown (const Ending * ending)
{
  return ending->error == SYNC;
}

/* A second activation after an error: what is unknown is not sent again, what
 * was refused may be. */
static void
check_again (KlingTestRun * run, KlingTestService * service,
    const Ending * ending, gboolean of_create)
{
  g_autofree gchar *before =
      g_strdup (kling_test_run_error (run, GST_RESOURCE_ERROR, ending->error));
  guint calls = kling_test_server_count (service->server, NULL, NULL);

  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  if (of_create && is_unknown (ending)) {
    fail_unless_equals_string (kling_test_run_error (run, GST_RESOURCE_ERROR,
            ending->error), before);
    check_details (run, ending);
    fail_unless_equals_int (kling_test_server_count (service->server, NULL,
            NULL), calls);
    return;
  }
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING),
      is_unknown (ending) ? 1 : 0);
  kling_test_service_check (service, of_create ? kling_test_service_identified
      (service) : 2, of_create ? 2 : 1);
}

GST_START_TEST (test_endings)
{
  const Ending *ending = &endings[__i__ / 2];
  gboolean of_create = __i__ % 2;
  KlingTestStep step = ending->step;
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;
  gboolean goes_on = ending->error == GOES_ON;

  GST_INFO ("%s of %s", ending->name, of_create ? "create" : "identify");
  step.method = "POST";
  step.path = of_create ? CREATE_PATH : IDENTIFY_PATH;
  step.times = 1;
  service = kling_test_service_start (&step, 1);
  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  if (step.act == KLING_TEST_HANG)
    g_object_set (run->lipsync, "timeout", 30 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  if (goes_on)
    kling_test_run_eos (run);
  else
    check_error (run, ending);

  if (of_create)
    kling_test_service_check (service, 1, ending->sent);
  else
    kling_test_service_check (service, ending->sent, goes_on ? 1 : 0);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          "/elsewhere"), 0);
  if (!goes_on)
    check_again (run, service, ending, of_create);
}

GST_END_TEST;

/* ---- waiting as long as told ---- */

GST_START_TEST (test_retry_after)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.times = 2,.status = 429,
        .headers = "Retry-After: 30\r\n",.body = JSON ("1303", "busy")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;
  gint64 start, took;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  start = g_get_monotonic_time ();
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  took = kling_test_ms_since (start);
  fail_unless (took >= 2 * 30 * 1000 / SPEED, "only %" G_GINT64_FORMAT " ms",
      took);
  kling_test_service_check (service, 1, 3);
}

GST_END_TEST;

/* Busy for ever: task-timeout ends it, nothing was bought, all can begin anew. */
GST_START_TEST (test_busy_for_ever)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.status = 429,
        .body = JSON ("1303", "busy")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "task-timeout", 200 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, FAILED);
  fail_unless (kling_test_service_paid (service) > 2);
  fail_unless (kling_test_service_paid (service) < 201);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
}

GST_END_TEST;

/* ---- NOT SENT ---- */

/* Nobody listens there. */
GST_START_TEST (test_refused_connection)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *url = g_strdup (service->url);
  g_autoptr (KlingTestRun) run = NULL;

  g_clear_pointer (&service, kling_test_service_stop);
  kling_test_set_speed (SPEED);
  run = kling_test_run_new (url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_OPEN_READ_WRITE), url);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);

  /* nothing is known of it: a second run tries again */
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_READ_WRITE);
}

GST_END_TEST;

/* A server that speaks no TLS: the handshake fails before any byte of the call,
 * so it is tried a few times. */
GST_START_TEST (test_no_tls)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *url = g_strdup_printf ("https%s", service->url + 4);
  g_autoptr (KlingTestRun) run = NULL;
  guint n;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return;
  kling_test_set_speed (SPEED);
  run = kling_test_run_new (url, "fakesink");
  g_object_set (run->lipsync, "timeout", 30 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_wait (run, GST_MESSAGE_ERROR, 30);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
  n = kling_test_server_count_connections (service->server);
  fail_unless (n >= 2 && n <= 10, "%u connections", n);
}

GST_END_TEST;

/* ---- what an id may be ---- */

#define LETTERS_32 "abcdefghijklmnopqrstuvwxyz012345"
#define LETTERS_128 LETTERS_32 LETTERS_32 LETTERS_32 LETTERS_32

static const struct
{
  const gchar *answer;
  guint status;
  const gchar *id;              /* NULL: there is none in it */
} ids[] = {
  {CREATE_ID ("../../user/token"), 0, NULL},
  {CREATE_ID (".."), 0, NULL},
  {CREATE_ID ("."), 0, NULL},
  {CREATE_ID ("a/b"), 0, NULL},
  {CREATE_ID ("a?b=c"), 0, NULL},
  {CREATE_ID ("a%2fb"), 0, NULL},
  {CREATE_ID ("a b"), 0, NULL},
  {CREATE_ID ("a\\u0000b"), 0, NULL},
  {CREATE_ID ("\xc3\xa4"), 0, NULL},
  {CREATE_ID (LETTERS_128 "x"), 0, NULL},
  {CREATE_ID (LETTERS_128 LETTERS_32 LETTERS_32 "01234567"), 0, NULL},
  {CREATE_ID (LETTERS_128), 0, LETTERS_128},
  {CREATE_ID ("a.b_c-D9"), 0, "a.b_c-D9"},
  {"{\"code\":0,\"data\":{\"task_id\":860260753860210752}}", 0,
      "860260753860210752"},
  {"{\"code\":0,\"data\":{\"task_id\":\"nested\"}}", 0, "nested"},
  {"{\"code\":\"success\",\"data\":\"bare\"}", 0, "bare"},
  /* an id is an id, whatever else the answer says */
  {"{\"code\":5000,\"message\":\"oops\",\"data\":{\"task_id\":\"t5\"}}", 500,
      "t5"},
};

GST_START_TEST (test_ids)
{
  KlingTestStep step = {.method = "POST",.path = CREATE_PATH,
    .body = ids[__i__].answer,.status = ids[__i__].status
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *path = NULL;
  guint n;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  if (ids[__i__].id) {
    kling_test_run_eos (run);
    path = g_strconcat (CREATE_PATH "/", ids[__i__].id, NULL);
    fail_unless_equals_string (kling_test_service_find (service, "GET",
            CREATE_PATH)->path, path);
  } else {
    kling_test_run_error (run, GST_RESOURCE_ERROR, SYNC);
    n = kling_test_server_count (service->server, "GET", NULL);
    fail_unless_equals_int (n, 0);
  }
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* An answer without an end: it is left at 1 MiB, and that is no answer. */
GST_START_TEST (test_huge_answer)
{
  g_autofree gchar *huge = g_strnfill (3 * 1024 * 1024, ' ');
  KlingTestStep step = {.method = "POST",.path = CREATE_PATH,.body = huge };
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;

  memcpy (huge, CREATE_OK, strlen (CREATE_OK));
  service = kling_test_service_start (&step, 1);
  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, SYNC);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* An answer that comes late, but within the patience, is an answer. */
GST_START_TEST (test_slow_answer)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.body = CREATE_OK,.delay = 1500},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  /* 75 s on our clock, with a timeout of 30 s for what costs nothing */
  g_object_set (run->lipsync, "timeout", 30 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

static Suite *
endings_suite (void)
{
  Suite *suite = suite_create ("endings");
  TCase *tcase = tcase_create ("endings");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_endings, 0, N_CASES);
  tcase_add_test (tcase, test_retry_after);
  tcase_add_test (tcase, test_busy_for_ever);
  tcase_add_test (tcase, test_refused_connection);
  tcase_add_test (tcase, test_no_tls);
  tcase_add_loop_test (tcase, test_ids, 0, G_N_ELEMENTS (ids));
  tcase_add_test (tcase, test_huge_answer);
  tcase_add_test (tcase, test_slow_answer);
  return suite;
}

GST_CHECK_MAIN (endings);
