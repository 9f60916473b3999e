/* klinglipsync tests: what the services' errors become
 *
 * Every row of Kling's table of codes, of the shapes in which gateways wrap them,
 * and of the endings of a paid call: how often the call was sent, also by a
 * second activation of the same element, what an application is told, and what a
 * person reads: what happened, the service's own words, its request id, and what
 * to do. Calls that were never sent, and silence, are in test-endings.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <string.h>

/* The patience of ten minutes with a call that costs is 12 s then. */
#define SPEED 50

/* Far more than a sentence, far less than what a service can send */
#define MAX_SENTENCE 1500

typedef enum
{
  KEY,
  CLOCK,
  ACCOUNT,
  INPUT,
  SIZE,
  POLICY,
  CALL,
  ELSEWHERE,
  LIMIT,
  MODEL,
  TASK,
  UNKNOWN,
  BUSY,                         /* sent again until it is taken */
  CREATED,                      /* no error at all */
} KindId;

/* What an application sees, and words that a person has to read */
typedef struct
{
  gint error;                   /* GstResourceError */
  const gchar *happened;
  const gchar *advice;
} Kind;

/* In the order of KindId */
static const Kind kinds[] = {
  {GST_RESOURCE_ERROR_NOT_AUTHORIZED, "does not accept the key",
      "KLING_API_KEY"},
  {GST_RESOURCE_ERROR_NOT_AUTHORIZED, "does not accept the time",
      "this machine's clock"},
  {GST_RESOURCE_ERROR_NOT_AUTHORIZED, "because of the account",
      "console: balance"},
  {GST_RESOURCE_ERROR_SETTINGS, "refuses what was asked",
      "asking the same again will not help"},
  {GST_RESOURCE_ERROR_SETTINGS, "refuses a call of this size", "shorter"},
  {GST_RESOURCE_ERROR_SETTINGS, "refuses the content", "Change the text"},
  {GST_RESOURCE_ERROR_SETTINGS, "does not know this call",
      "base-url and dialect"},
  {GST_RESOURCE_ERROR_SETTINGS, "at another address", "set base-url"},
  {GST_RESOURCE_ERROR_FAILED, "no more calls for now", "Try again later"},
  {GST_RESOURCE_ERROR_FAILED, "has nobody", "support"},
  {GST_RESOURCE_ERROR_FAILED, "does not know the task", "base-url and key"},
  {GST_RESOURCE_ERROR_SYNC, "gave no clear answer", "again by itself"},
};

typedef struct
{
  const gchar *name;
  KindId kind;
  KlingTestStep step;
  const gchar *code;            /* detail of the error; NULL: there is none */
  const gchar *request_id;      /* the same, and in the sentence */
  const gchar *words;           /* the service's own, in the sentence */
} Row;

#define ANSWER(http, text) {.status = http,.body = text }
#define MOVED(http) {.status = http,.headers = "Location: @BASE@/elsewhere\r\n"}
#define KLING(http, kind, code, words) {"Kling " code, kind, ANSWER (http, \
  "{\"code\":" code ",\"message\":\"" words "\",\"request_id\":\"rq-" code \
  "\"}"), code, "rq-" code, words}
#define NEW_API(code, words) "{\"error\":{\"message\":\"" words "\",\"type\":" \
  "\"new_api_error\",\"param\":\"\",\"code\":\"" code "\"}}"
#define FLAT(code, words) "{\"code\":\"" code "\",\"message\":\"" words "\"," \
  "\"data\":null}"
/* Kling's answer as a text inside that of a gateway */
#define INSIDE(code, words) "{\"code\":\"fail_to_fetch_task\",\"message\":" \
  "\"{\\\"code\\\":" code ",\\\"message\\\":\\\"" words "\\\"," \
  "\\\"request_id\\\":\\\"rq-inside\\\"}\",\"data\":null}"
#define COMET "{\"message\":\"Voice id not found\",\"data\":{\"data\":{" \
  "\"code\":1201,\"message\":\"Voice id not found\",\"request_id\":\"ed47\"}," \
  "\"message\":\"Voice id not found\"}}"
#define PAGE(title) "<html>\r\n<head><title>" title "</title></head>\r\n" \
  "<body><center><h1>" title "</h1></center><hr>nginx</body></html>\r\n"
#define NO_ACCESS_KEY "Authentication error. The current API does not support" \
  " AK/SK; please go to the console (https://kling.ai/dev/api-key) to create" \
  " API key."
/* "The load of the group is saturated, try again later": a lie */
#define SATURATED "\u5f53\u524d\u5206\u7ec4\u4e0a\u6e38\u8d1f\u8f7d" \
  "\u5df2\u9971\u548c\uff0c\u8bf7\u7a0d\u540e\u518d\u8bd5"
/* "Failed to request upstream" */
#define UPSTREAM "\u8bf7\u6c42\u4e0a\u6e38\u5730\u5740\u5931\u8d25"
/* Ids for each of the three calls, beside a complaint */
#define WITH_IDS "{\"code\":5000,\"message\":\"oops\",\"data\":{\"task_id\":" \
  "\"" TEST_TASK "\",\"session_id\":\"" TEST_SESSION "\"}}"

/* *INDENT-OFF* */

/* Kling's own table */
static const Row kling_rows[] = {
  KLING (401, KEY, "1000", "Authentication failed"),
  KLING (401, KEY, "1001", "Authorization is empty"),
  KLING (401, KEY, "1002", "Authorization is invalid"),
  KLING (401, KEY, "1002", NO_ACCESS_KEY),
  KLING (401, CLOCK, "1003", "Authorization is not yet valid"),
  KLING (401, CLOCK, "1004", "Authorization has expired"),
  KLING (429, ACCOUNT, "1100", "Account exception"),
  KLING (429, ACCOUNT, "1101", "Account in arrears"),
  KLING (429, ACCOUNT, "1102", "Account balance not enough"),
  KLING (403, ACCOUNT, "1103", "Unauthorized access to requested resource"),
  KLING (400, INPUT, "1200", "Invalid request parameters"),
  KLING (400, INPUT, "1201", "Voice id not found"),
  KLING (404, CALL, "1202", "The requested method is invalid"),
  KLING (404, INPUT, "1203", "The requested resource does not exist"),
  KLING (400, POLICY, "1300", "Trigger strategy of the platform"),
  KLING (400, POLICY, "1301", "Trigger the content security policy"),
  KLING (429, BUSY, "1302", "Too many requests"),
  KLING (429, BUSY, "1303", "parallel task over resource pack limit"),
  KLING (429, ACCOUNT, "1304", "IP is not on the whitelist"),
  KLING (500, UNKNOWN, "5000", "Server internal error"),
  KLING (503, UNKNOWN, "5001", "Server is under maintenance"),
  KLING (504, UNKNOWN, "5002", "Server internal timeout"),
};

/* The shapes of gateways and of what stands in front of them */
static const Row gateway_rows[] = {
  {"bad key", KEY, ANSWER (401, NEW_API ("", "Invalid token (request id:"
      " 20240918rq)")), NULL, "20240918rq", "Invalid token"},
  {"documented bad key", KEY, ANSWER (401, "{\"error\":{\"message\":\"Invalid"
      " API key provided.\",\"type\":\"authentication_error\",\"code\":"
      "\"invalid_api_key\"}}"), "invalid_api_key", NULL,
      "Invalid API key provided."},
  {"bad key, repeated", KEY, ANSWER (401, NEW_API ("", "Bad key " TEST_KEY
      ", sorry")), NULL, NULL, "Bad key ***, sorry"},
  {"unknown route", CALL, ANSWER (404, NEW_API ("", "Invalid URL (POST"
      " /kling/v1)")), NULL, NULL, "Invalid URL (POST /kling/v1)"},
  {"no channel", MODEL, ANSWER (503, NEW_API ("model_not_found",
      "no available channel")), "model_not_found", NULL,
      "no available channel"},
  {"quota", ACCOUNT, ANSWER (403, FLAT ("quota_not_enough",
      "user quota is not enough")), "quota_not_enough", NULL,
      "user quota is not enough"},
  {"quota, the other name", ACCOUNT, ANSWER (403, FLAT (
      "insufficient_user_quota", "none left")), "insufficient_user_quota", NULL,
      "none left"},
  {"quota, disguised", ACCOUNT, ANSWER (429, "{\"error\":{\"message\":\""
      SATURATED "\",\"type\":\"insufficient_quota\",\"code\":"
      "\"insufficient_user_quota\"}}"), "insufficient_user_quota", NULL,
      SATURATED},
  {"1303 inside", BUSY, ANSWER (429, INSIDE ("1303", "parallel task"))},
  {"1102 inside", ACCOUNT, ANSWER (429, INSIDE ("1102", "no balance")), "1102",
      "rq-inside", "no balance"},
  {"1201 inside", INPUT, ANSWER (400, INSIDE ("1201", "no such voice")), "1201",
      "rq-inside", "no such voice"},
  {"1301 inside", POLICY, ANSWER (400, INSIDE ("1301", "risk")), "1301",
      "rq-inside", "risk"},
  {"5000 inside", UNKNOWN, ANSWER (500, INSIDE ("5000", "oops")), "5000",
      "rq-inside", "oops"},
  {"words inside", INPUT, ANSWER (400, FLAT ("fail_to_fetch_task", "strange")),
      "fail_to_fetch_task", NULL, "strange"},
  {"task failed", INPUT, ANSWER (400, FLAT ("task_failed",
      "there is no human in the video")), "task_failed", NULL,
      "there is no human in the video"},
  {"unknown task", TASK, ANSWER (400, FLAT ("task_not_exist", "no task")),
      "task_not_exist", NULL, "no task"},
  {"no upstream", UNKNOWN, ANSWER (500, FLAT ("do_request_failed", UPSTREAM)),
      "do_request_failed", NULL, UPSTREAM},
  {"no task from upstream", UNKNOWN, ANSWER (500, FLAT ("get_task_failed",
      "eof")), "get_task_failed", NULL, "eof"},
  {"rate limit", BUSY, ANSWER (429, "")},
  {"CometAPI, 400", INPUT, ANSWER (400, COMET), "1201", "ed47",
      "Voice id not found"},
  {"CometAPI, 200", INPUT, ANSWER (200, COMET), "1201", "ed47",
      "Voice id not found"},
  {"page 403", ACCOUNT, ANSWER (403, PAGE ("Forbidden")), NULL, NULL,
      "Forbidden"},
  {"page 404", CALL, ANSWER (404, PAGE ("Not Found")), NULL, NULL, "Not Found"},
  {"page 413", SIZE, ANSWER (413, PAGE ("Request Entity Too Large")), NULL,
      NULL, "Request Entity Too Large"},
  {"page 429", LIMIT, ANSWER (429, PAGE ("Too Many Requests")), NULL, NULL,
      "Too Many Requests"},
  {"page 502", UNKNOWN, ANSWER (502, PAGE ("Bad Gateway")), NULL, NULL,
      "Bad Gateway"},
  {"page 503", UNKNOWN, ANSWER (503, PAGE ("Unavailable")), NULL, NULL,
      "Unavailable"},
  {"page 504", UNKNOWN, ANSWER (504, PAGE ("Gateway Time-out")), NULL, NULL,
      "Gateway Time-out"},
};

/* How a paid call may end, where the rows above have not shown it */
static const Row ending_rows[] = {
  {"200 with an id", CREATED, ANSWER (200, WITH_IDS)},
  {"400 with an id", CREATED, ANSWER (400, WITH_IDS)},
  {"500 with an id", CREATED, ANSWER (500, WITH_IDS)},
  {"400", INPUT, ANSWER (400, "")},
  {"402", ACCOUNT, ANSWER (402, "")},
  {"405", CALL, ANSWER (405, "")},
  {"422", INPUT, ANSWER (422, "")},
  {"429, JSON that says nothing", LIMIT, ANSWER (429, "{}")},
  {"451", POLICY, ANSWER (451, "")},
  {"301", ELSEWHERE, MOVED (301)},
  {"302", ELSEWHERE, MOVED (302)},
  {"307", ELSEWHERE, MOVED (307)},
  {"308", ELSEWHERE, MOVED (308)},
  KLING (200, KEY, "1000", "Authentication failed"),
  KLING (200, ACCOUNT, "1102", "Account balance not enough"),
  KLING (200, POLICY, "1301", "risk"),
  KLING (200, BUSY, "1302", "Too many requests"),
  KLING (200, ACCOUNT, "1304", "IP is not on the whitelist"),
  KLING (200, UNKNOWN, "5000", "Server internal error"),
  KLING (500, UNKNOWN, "1201", "Voice id not found"),
  {"303", UNKNOWN, MOVED (303)},
  {"408", UNKNOWN, ANSWER (408, "")},
  {"200 without an id", UNKNOWN, ANSWER (200, "{\"code\":0,\"data\":{}}"), "0"},
  {"200, null", UNKNOWN, ANSWER (200, FLAT ("success", "")), "success"},
  {"200, unreadable", UNKNOWN, ANSWER (200, "{\"code\":0,\"data\":{\"task")},
  {"200, empty", UNKNOWN, ANSWER (200, "")},
  {"reset", UNKNOWN, {.act = KLING_TEST_RESET}},
  {"closed", UNKNOWN, {.act = KLING_TEST_CLOSE}},
};
/* *INDENT-ON* */

#define N_KLING G_N_ELEMENTS (kling_rows)
#define N_GATEWAY G_N_ELEMENTS (gateway_rows)
#define N_ROWS (N_KLING + N_GATEWAY + G_N_ELEMENTS (ending_rows))

static const Row *
get_row (guint i)
{
  if (i < N_KLING)
    return &kling_rows[i];
  return i < N_KLING + N_GATEWAY ? &gateway_rows[i - N_KLING]
      : &ending_rows[i - N_KLING - N_GATEWAY];
}

/* A call that is paid for, and what is said when its answer tells nothing */
typedef struct
{
  const gchar *path;
  gboolean official;
  const gchar *doubt;
} Call;

static const Call identify_call = { IDENTIFY_PATH, FALSE,
  "may have looked for faces"
};

static const Call create_call = { CREATE_PATH, FALSE,
  "may have been accepted and paid for"
};

static const Call speech_call =
    { RELAY_SPEECH_PATH, TRUE, "may have spoken the text" };

/* ---- what is right for every error ---- */

static void
check_text (const gchar * text)
{
  fail_unless (g_utf8_validate (text, -1, NULL));
  fail_unless (g_utf8_strlen (text, -1) <= MAX_SENTENCE);
  fail_unless (strstr (text, TEST_KEY) == NULL, "the key is in \"%s\"", text);
  for (const gchar * at = text; *at; at = g_utf8_next_char (at)) {
    GUnicodeType type = g_unichar_type (g_utf8_get_char (at));

    fail_if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT
        || type == G_UNICODE_LINE_SEPARATOR
        || type == G_UNICODE_PARAGRAPH_SEPARATOR, "\"%s\"", text);
  }
}

static gboolean
check_detail (GQuark field, const GValue * value, gpointer user_data)
{
  if (G_VALUE_HOLDS_STRING (value))
    check_text (g_value_get_string (value));
  return TRUE;
}

/* The sentence, what is beside it, and nothing that came of it but one end. */
static void
check_fit (KlingTestRun * run, const gchar * sentence)
{
  GstMessage *message = kling_test_run_wait (run, GST_MESSAGE_ERROR, 30);
  g_autofree gchar *debug = NULL;

  gst_message_parse_error (message, NULL, &debug);
  fail_if (debug && strstr (debug, TEST_KEY));
  check_text (sentence);
  fail_unless (g_str_has_suffix (sentence, "."), "%s", sentence);
  gst_structure_foreach (kling_test_run_details (run), check_detail, NULL);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
}

static void
check_details (KlingTestRun * run, const Row * row)
{
  const GstStructure *details = kling_test_run_details (run);
  guint status = 0;

  gst_structure_get_uint (details, "http-status-code", &status);
  fail_unless_equals_int (status, row->step.status);
  fail_unless_equals_string (gst_structure_get_string (details,
          "service-code"), row->code);
  fail_unless_equals_string (gst_structure_get_string (details,
          "request-id"), row->request_id);
}

/* Codes that mean success are not worth a word. */
static gchar *
describe_numbers (const Row * row)
{
  GString *numbers = g_string_new (NULL);
  const gchar *code = row->code;

  g_string_printf (numbers, "HTTP %u", row->step.status);
  if (code && !g_str_equal (code, "0") && !g_str_equal (code, "success"))
    g_string_append_printf (numbers, ", code %s", code);
  if (row->request_id)
    g_string_append_printf (numbers, ", request id %s", row->request_id);
  return g_string_free (numbers, FALSE);
}

static const gchar *
check_error (KlingTestRun * run, const Row * row, const Call * call)
{
  const Kind *kind = &kinds[row->kind];
  const gchar *sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      kind->error);

  kling_test_check_contains (sentence, kind->happened);
  kling_test_check_contains (sentence, kind->advice);
  if (row->kind == UNKNOWN)
    kling_test_check_contains (sentence, call->doubt);
  if (row->words)
    kling_test_check_contains (sentence, row->words);
  if (row->step.status) {
    g_autofree gchar *numbers = describe_numbers (row);

    kling_test_check_contains (sentence, numbers);
  }
  check_fit (run, sentence);
  check_details (run, row);
  return sentence;
}

/* ---- the rows ---- */

static gboolean
goes_on (const Row * row)
{
  return row->kind == BUSY || row->kind == CREATED;
}

/* A service that answers to @call as the row says: twice, when it is busy; once,
 * when it takes the call with that; else always. */
static KlingTestService *
start_service (const Row * row, const Call * call)
{
  KlingTestStep steps[] = {
    row->step,
    {.path = RELAY_SPEECH_PATH,.body = SPEECH_OK},
  };

  steps[0].method = "POST";
  steps[0].path = call->path;
  steps[0].times = row->kind == BUSY ? 2 : row->kind == CREATED ? 1 : 0;
  return kling_test_service_start (steps, G_N_ELEMENTS (steps));
}

/* The dialect official has its paths below those of the scripted gateway. */
static void
make_official (KlingTestRun * run, KlingTestService * service)
{
  g_autofree gchar *url = g_strconcat (service->url, "/kling", NULL);

  g_object_set (run->lipsync, "base-url", url, NULL);
  gst_util_set_object_arg (G_OBJECT (run->lipsync), "dialect", "official");
}

static KlingTestRun *
make_run (KlingTestService * service, const Call * call)
{
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  if (call->official)
    make_official (run, service);
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
check_sent (KlingTestService * service, const Call * call, guint n)
{
  fail_unless_equals_int (kling_test_server_count (service->server, "POST",
          call->path), n);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          "/elsewhere"), 0);
}

static void
check_success (KlingTestRun * run, KlingTestService * service, const Row * row,
    const Call * call)
{
  guint sent = row->kind == BUSY ? 3 : 1;

  kling_test_run_eos (run);
  check_sent (service, call, sent);
  start_again (run);
  kling_test_run_eos (run);
  check_sent (service, call, sent);
  fail_unless_equals_int (kling_test_service_paid (service), call
      == &create_call ? sent : 1);
}

/* What was refused may be sent again, by a new activation; a video that may have
 * been bought is not; what costs little is, with a warning. */
static void
check_failure (KlingTestRun * run, KlingTestService * service, const Row * row,
    const Call * call)
{
  g_autofree gchar *before = g_strdup (check_error (run, row, call));
  gboolean is_unknown = row->kind == UNKNOWN;
  gboolean of_create = call == &create_call;

  check_sent (service, call, 1);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 0);
  start_again (run);
  fail_unless_equals_string (check_error (run, row, call), before);
  check_sent (service, call, is_unknown && of_create ? 1 : 2);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING),
      is_unknown && !of_create ? 1 : 0);
  if (!of_create)
    fail_unless_equals_int (kling_test_service_paid (service), 0);
}

static void
check_row (const Row * row, const Call * call)
{
  g_autoptr (KlingTestService) service = start_service (row, call);
  g_autoptr (KlingTestRun) run = make_run (service, call);

  GST_INFO ("%s, %s", row->name, call->path);
  kling_test_run_set (run, GST_STATE_PLAYING);
  if (goes_on (row))
    check_success (run, service, row, call);
  else
    check_failure (run, service, row, call);
}

GST_START_TEST (test_create)
{
  check_row (get_row (__i__), &create_call);
}

GST_END_TEST;

GST_START_TEST (test_identify)
{
  check_row (get_row (__i__), &identify_call);
}

GST_END_TEST;

GST_START_TEST (test_speech)
{
  check_row (get_row (__i__), &speech_call);
}

GST_END_TEST;

/* ---- rows that hang on what was sent ---- */

/* With a token, what is about its time is signed and sent once more. */
GST_START_TEST (test_token)
{
  const Row *row = &kling_rows[__i__];
  guint sent = row->kind == CLOCK ? 2 : 1;
  g_autoptr (KlingTestService) service = start_service (row, &speech_call);
  g_autoptr (KlingTestRun) run = make_run (service, &speech_call);
  const gchar *sentence;

  g_object_set (run->lipsync, "api-key", NULL, "access-key", "AK_EXAMPLE",
      "secret-key", "SK_EXAMPLE", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  kling_test_check_contains (sentence, row->words);
  kling_test_check_contains (sentence, "this machine's clock");
  kling_test_check_contains (sentence, "API key (api-key)");
  fail_if (strstr (sentence, "_EXAMPLE"));
  check_fit (run, sentence);
  check_details (run, row);
  check_sent (service, &speech_call, sent);

  start_again (run);
  kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  check_sent (service, &speech_call, 2 * sent);
}

GST_END_TEST;

/* Audio that went within the call can go another way. */
GST_START_TEST (test_large_audio)
{
  static const Row row = { "413", SIZE, ANSWER (413, "") };
  g_autoptr (KlingTestService) service = start_service (&row, &create_call);
  g_autoptr (KlingTestRun) run = make_run (service, &speech_call);

  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, NULL);
  kling_test_send (run, "audio", SENDER_SPEECH);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (check_error (run, &row, &create_call),
      "Set the property upload");
  check_sent (service, &create_call, 1);
}

GST_END_TEST;

/* Each call for a video carries the id that is in @sentence. */
static void
check_own_id (KlingTestService * service, const gchar * sentence)
{
  const gchar *id = strstr (sentence, "kl1-");
  g_autofree gchar *own = NULL;
  const KlingTestCall *call;

  fail_unless (id != NULL, "%s", sentence);
  own = g_strndup (id, strlen ("kl1-") + 32);
  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    if (g_str_equal (call->method, "POST")
        && g_str_equal (call->path, CREATE_PATH))
      kling_test_check_contains (g_bytes_get_data (call->body, NULL), own);
  }
}

/* Where our own id of a task can be looked up: what got no clear answer is sent
 * once more when the service still knows of none after two minutes, with the same
 * id, and then never again. */
GST_START_TEST (test_unknown_official)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.status = 502,.body = PAGE ("Bad")},
    {.path = RELAY_SPEECH_PATH,.body = SPEECH_OK},
    {.method = "GET",.path = CREATE_PATH "?",.body =
          "{\"code\":0,\"data\":[]}"},
    {.method = "GET",.path = CREATE_PATH "/kl1-",.status = 404},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, &speech_call);
  g_autofree gchar *before = NULL;

  kling_test_run_set (run, GST_STATE_PLAYING);
  before = g_strdup (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SYNC));
  check_fit (run, before);
  kling_test_check_contains (before, create_call.doubt);
  kling_test_check_contains (before, "look for the task by that id");
  check_own_id (service, before);
  check_sent (service, &create_call, 2);

  start_again (run);
  fail_unless_equals_string (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SYNC), before);
  check_sent (service, &create_call, 2);
}

GST_END_TEST;

/* What could mean that the id is in use is looked up, and is an error of the
 * input when it is not. */
GST_START_TEST (test_input_official)
{
  static const Row row = KLING (400, INPUT, "1201", "Voice id not found");
  KlingTestStep steps[] = {
    row.step,
    {.path = RELAY_SPEECH_PATH,.body = SPEECH_OK},
    {.method = "GET",.path = CREATE_PATH "?",.body =
          "{\"code\":0,\"data\":[]}"},
    {.method = "GET",.path = CREATE_PATH "/kl1-",.status = 404},
  };
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;

  steps[0].method = "POST";
  steps[0].path = CREATE_PATH;
  service = kling_test_service_start (steps, G_N_ELEMENTS (steps));
  run = make_run (service, &speech_call);
  kling_test_run_set (run, GST_STATE_PLAYING);
  check_error (run, &row, &create_call);
  check_sent (service, &create_call, 1);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          CREATE_PATH), 2);
}

GST_END_TEST;

/* The older lip-sync stands elsewhere at gateways. */
GST_START_TEST (test_legacy_path)
{
  static const Row row = { "404", CALL, ANSWER (404, "") };
  static const Call call = { "/v1/videos/lip-sync", FALSE, NULL };
  g_autoptr (KlingTestService) service = start_service (&row, &call);
  g_autoptr (KlingTestRun) run = make_run (service, &call);

  gst_util_set_object_arg (G_OBJECT (run->lipsync), "dialect", "legacy");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (check_error (run, &row, &call),
      "https://host/kling");
  check_sent (service, &call, 1);
}

GST_END_TEST;

/* ---- questions, which cost nothing ---- */

/* Whatever is said to a question, the task is ours. Between two rows the service
 * is well, or the waits would add up. */
GST_START_TEST (test_queries)
{
  static const KlingTestStep well = {.method = "GET",
    .path = "/kling/v1/videos/",.times = 1,.body = POLL_STATUS ("processing")
  };
  KlingTestStep steps[2 * N_ROWS];
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;
  guint n = 0;

  for (guint i = 0; i < N_ROWS; i++) {
    const Row *row = get_row (i);

    if (row->kind == CREATED)
      continue;
    steps[n] = row->step;
    steps[n].method = well.method;
    steps[n].path = well.path;
    steps[n++].times = 1;
    steps[n++] = well;
  }
  service = kling_test_service_start (steps, n);
  run = make_run (service, &create_call);
  g_object_set (run->lipsync, "task-timeout", 24 * 3600 * GST_SECOND,
      "poll-interval", GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless (kling_test_server_count (service->server, "GET",
          "/kling/v1/videos/") > n);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

#define FAILED_TASK(code, reason) "{\"code\":" code ",\"message\":" \
  "\"SUCCEED\",\"request_id\":\"rq-task\",\"data\":{\"task_id\":\"" TEST_TASK \
  "\",\"task_status\":\"failed\",\"task_status_msg\":\"" reason "\"," \
  "\"task_info\":{},\"task_result\":{}}}"
#define FAILED_OUTSIDE(reason) "{\"code\":\"success\",\"data\":{\"task_id\":" \
  "\"" TEST_TASK "\",\"status\":\"FAILURE\",\"fail_reason\":\"" reason "\"}}"

/* But a task that the service gave up. It is asked for once more by a new
 * activation, unless the reason lies in what was asked. */
static const struct
{
  const gchar *body;
  gint error;
  guint paid;                   /* by two activations */
  const gchar *code;
  const gchar *request_id;
  const gchar *words;           /* in the sentence */
} failures[] = {
  {FAILED_TASK ("0", "Image pixel is invalid"), GST_RESOURCE_ERROR_FAILED, 2,
      "0", "rq-task", "(HTTP 200, request id rq-task), with the words"
        " \"Image pixel is invalid\""},
  {FAILED_TASK ("5000", "oops"), GST_RESOURCE_ERROR_FAILED, 2, "5000",
      "rq-task", "(HTTP 200, code 5000, request id rq-task), with the words"
        " \"oops\""},
  {FAILED_TASK ("1301", "risk control"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "1301", "rq-task", "(HTTP 200, code 1301, request id rq-task), with the"
        " words \"risk control\""},
  {FAILED_TASK ("1201", "there is no human in the video"),
        GST_RESOURCE_ERROR_SETTINGS, 1, "1201", "rq-task",
      "\"there is no human in the video\""},
  {FAILED_OUTSIDE ("{\\\"code\\\":1301,\\\"message\\\":\\\"risk\\\","
            "\\\"request_id\\\":\\\"rq-i\\\"}"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "1301", "rq-i", "code 1301, request id rq-i), with the words \"risk\""},
  {FAILED_OUTSIDE ("upstream gave up"), GST_RESOURCE_ERROR_FAILED, 2,
      "success", NULL, "(HTTP 200), with the words \"upstream gave up\""},
};

static void
check_failed_task (KlingTestRun * run, guint i)
{
  const gchar *sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      failures[i].error);
  const GstStructure *details = kling_test_run_details (run);

  kling_test_check_contains (sentence, TEST_TASK);
  kling_test_check_contains (sentence, failures[i].words);
  check_fit (run, sentence);
  fail_unless_equals_string (gst_structure_get_string (details,
          "service-code"), failures[i].code);
  fail_unless_equals_string (gst_structure_get_string (details,
          "request-id"), failures[i].request_id);
  fail_unless_equals_string (gst_structure_get_string (details, "task-id"),
      TEST_TASK);
}

GST_START_TEST (test_failed_tasks)
{
  KlingTestStep step = {.method = "GET",.path = CREATE_PATH "/",
    .body = failures[__i__].body
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, &create_call);

  kling_test_run_set (run, GST_STATE_PLAYING);
  check_failed_task (run, __i__);
  kling_test_service_check (service, 1, 1);
  start_again (run);
  check_failed_task (run, __i__);
  kling_test_service_check (service, 1, failures[__i__].paid);
}

GST_END_TEST;

/* ---- what strangers write ---- */

#define HUGE_MARK "@HUGE@"
#define HUGE_SIZE 900000

/* Each in an answer that refuses the key */
static const struct
{
  const gchar *body;
  const gchar *words;           /* in the sentence */
} texts[] = {
  {"{\"code\":1000,\"message\":\"\\u0007bell \\u001b[31mred\\r\\nline\\ttab"
        "\\u0085next\\u2028end\"}", "red line tab"},
  {"{\"code\":1000,\"message\":\"a\xe2\x80\xae" "b\xe2\x81\xa6" "c"
        "\xe2\x80\x8f" "d\"}", "abcd"},
  {"{\"code\":1000,\"message\":\"bad \xff\xfe\xc0\x80 bytes\"}", "bytes"},
  {"{\"code\":1000,\"message\":\"cut\\u0000off\"}", "cut"},
  {"{\"code\":1000,\"message\":\"" HUGE_MARK "\"}", "xxx..."},
  {"{\"code\":1000,\"message\":\"x\",\"request_id\":\"" HUGE_MARK "\"}",
      "xxx..."},
  {"{\"code\":\"" HUGE_MARK "\",\"message\":\"m\"}", "xxx..."},
  {"{\"error\":\"" HUGE_MARK "\"}", "xxx..."},
  {"{\"code\":1000,\"message\":\"{\\\"message\\\":\\\"" HUGE_MARK "\\\"}\"}",
      "xxx..."},
  {"<html><script>" HUGE_MARK "</script><b>page</b></html>", "HTTP 401"},
  {HUGE_MARK, "xxx..."},
  {"{\"code\":\"" TEST_KEY "\",\"message\":\"" TEST_KEY TEST_KEY "\","
        "\"request_id\":\"" TEST_KEY "\"}", "***"},
  {"<h1>" TEST_KEY "</h1>", "***"},
  {"{\"code\":1000,\"message\":\"{\\\"message\\\":\\\"" TEST_KEY "\\\"}\"}",
      "***"},
  {"{\"code\":1000,\"message\":\"a\",\"request_id\":\"one\\ntwo\\u202e\"}",
      "one two"},
};

GST_START_TEST (test_texts)
{
  g_autofree gchar *many = g_strnfill (HUGE_SIZE, 'x');
  g_autoptr (GString) body = g_string_new (texts[__i__].body);
  Row row = { "text", KEY, ANSWER (401, NULL) };
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;
  const gchar *sentence;

  g_string_replace (body, HUGE_MARK, many, 0);
  row.step.body = body->str;
  service = start_service (&row, &create_call);
  run = make_run (service, &create_call);
  kling_test_run_set (run, GST_STATE_PLAYING);
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  kling_test_check_contains (sentence, texts[__i__].words);
  check_fit (run, sentence);
  check_sent (service, &create_call, 1);
}

GST_END_TEST;

static Suite *
errors_suite (void)
{
  Suite *suite = suite_create ("errors");
  TCase *tcase = tcase_create ("errors");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_create, 0, N_ROWS);
  tcase_add_loop_test (tcase, test_identify, 0, N_ROWS);
  tcase_add_loop_test (tcase, test_speech, 0, N_ROWS);
  /* the first rows are about the key */
  tcase_add_loop_test (tcase, test_token, 0, 6);
  tcase_add_test (tcase, test_large_audio);
  tcase_add_test (tcase, test_unknown_official);
  tcase_add_test (tcase, test_input_official);
  tcase_add_test (tcase, test_legacy_path);
  tcase_add_test (tcase, test_queries);
  tcase_add_loop_test (tcase, test_failed_tasks, 0, G_N_ELEMENTS (failures));
  tcase_add_loop_test (tcase, test_texts, 0, G_N_ELEMENTS (texts));
  return suite;
}

GST_CHECK_MAIN (errors);
