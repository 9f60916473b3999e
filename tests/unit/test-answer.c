/* klinglipsync: tests of the reading of answers
 *
 * The rows are those of the services' documents and of answers seen in the
 * wild: every status word, every place of an id and of a reason, every form of
 * a code, every code, every ending.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-answer.h"

static void
read_answer (KlingAnswer * answer, guint status, const gchar * body)
{
  g_autoptr (GBytes) bytes = body ? g_bytes_new_static (body, strlen (body)) :
      NULL;

  kling_answer_read (answer, status, bytes);
}

/* --- the task's state --- */

static const struct
{
  const gchar *word;
  KlingTaskState state;
} words[] = {
  {NULL, KLING_TASK_WAITING},
  {"", KLING_TASK_WAITING},
  {"not_start", KLING_TASK_WAITING},
  {"NOT_START", KLING_TASK_WAITING},
  {"submitted", KLING_TASK_WAITING},
  {"SUBMITTED", KLING_TASK_WAITING},
  {"queued", KLING_TASK_WAITING},
  {"QUEUED", KLING_TASK_WAITING},
  {"pending", KLING_TASK_WAITING},
  {"processing", KLING_TASK_RUNNING},
  {"PROCESSING", KLING_TASK_RUNNING},
  {"in_progress", KLING_TASK_RUNNING},
  {"IN_PROGRESS", KLING_TASK_RUNNING},
  {"running", KLING_TASK_RUNNING},
  {"succeed", KLING_TASK_SUCCEEDED},
  {"succeeded", KLING_TASK_SUCCEEDED},
  {"success", KLING_TASK_SUCCEEDED},
  {"SUCCESS", KLING_TASK_SUCCEEDED},
  {"completed", KLING_TASK_SUCCEEDED},
  {"failed", KLING_TASK_FAILED},
  {"FAILED", KLING_TASK_FAILED},
  {"failure", KLING_TASK_FAILED},
  {"FAILURE", KLING_TASK_FAILED},
  {"fail", KLING_TASK_FAILED},
  {"error", KLING_TASK_FAILED},
  {"cancelled", KLING_TASK_FAILED},
  {"canceled", KLING_TASK_FAILED},
  {"expired", KLING_TASK_FAILED},
  {"UNKNOWN", KLING_TASK_OTHER},
  {"reviewing", KLING_TASK_OTHER},
  {"succeed ", KLING_TASK_OTHER},
};

GST_START_TEST (test_words)
{
  fail_unless_equals_int (kling_task_state_from_word (words[__i__].word),
      words[__i__].state);
}

GST_END_TEST;

static const struct
{
  const gchar *body;
  KlingTaskState state;
  const gchar *word;
} states[] = {
  /* one place each */
  {"{\"data\":{\"task_status\":\"processing\"}}", KLING_TASK_RUNNING,
      "processing"},
  {"{\"data\":{\"status\":\"QUEUED\"}}", KLING_TASK_WAITING, "QUEUED"},
  {"{\"status\":\"in_progress\"}", KLING_TASK_RUNNING, "in_progress"},
  {"{\"status\":\"\",\"task_id\":\"t\"}", KLING_TASK_WAITING, ""},
  {"{\"success\":true,\"state\":\"succeed\"}", KLING_TASK_SUCCEEDED,
      "succeed"},
  {"{\"data\":[{\"id\":\"1\",\"status\":\"succeeded\"}]}",
      KLING_TASK_SUCCEEDED, "succeeded"},
  {"{\"data\":{\"task_status\":\"reviewing\"}}", KLING_TASK_OTHER,
      "reviewing"},
  /* the innermost task_status comes first */
  {"{\"data\":{\"task_status\":\"submitted\",\"data\":{\"task_status\":"
        "\"processing\"}}}", KLING_TASK_RUNNING, "processing"},
  {"{\"data\":{\"status\":\"IN_PROGRESS\",\"data\":{\"data\":{"
        "\"task_status\":\"submitted\"}}}}", KLING_TASK_WAITING, "submitted"},
  {"{\"status\":\"queued\",\"data\":{\"status\":\"processing\"}}",
      KLING_TASK_RUNNING, "processing"},
  /* an end that either tells is the end */
  {"{\"data\":{\"status\":\"IN_PROGRESS\",\"data\":{\"data\":{"
        "\"task_status\":\"succeed\"}}}}", KLING_TASK_SUCCEEDED, "succeed"},
  {"{\"data\":{\"status\":\"IN_PROGRESS\",\"data\":{\"data\":{"
        "\"task_status\":\"failed\"}}}}", KLING_TASK_FAILED, "failed"},
  {"{\"data\":{\"status\":\"SUCCESS\",\"data\":{\"data\":{"
        "\"task_status\":\"processing\"}}}}", KLING_TASK_SUCCEEDED, "SUCCESS"},
  {"{\"data\":{\"status\":\"SUCCESS\",\"data\":{\"data\":{"
        "\"task_status\":\"failed\"}}}}", KLING_TASK_FAILED, "failed"},
  /* the gateway has given up */
  {"{\"data\":{\"status\":\"FAILURE\",\"data\":{\"data\":{"
        "\"task_status\":\"processing\"}}}}", KLING_TASK_FAILED, "FAILURE"},
  {"{\"data\":{\"status\":\"FAILED\",\"data\":{\"data\":{"
        "\"task_status\":\"succeed\"}}}}", KLING_TASK_FAILED, "FAILED"},
  /* a "success" at the root may only be about the call */
  {"{\"status\":\"success\",\"data\":{\"task_status\":\"processing\"}}",
      KLING_TASK_RUNNING, "processing"},
  {"{\"status\":\"completed\",\"metadata\":{\"url\":\"https://e/v.mp4\"},"
        "\"data\":{\"task_status\":\"processing\"}}", KLING_TASK_SUCCEEDED,
      "completed"},
  /* nothing about a task */
  {"{\"code\":\"success\",\"data\":null}", KLING_TASK_WAITING, NULL},
  {"{\"code\":0,\"data\":{}}", KLING_TASK_WAITING, NULL},
  {"{\"code\":0,\"data\":[]}", KLING_TASK_WAITING, NULL},
  {"{\"status\":200,\"data\":{\"task_status\":null}}", KLING_TASK_WAITING,
      NULL},
};

GST_START_TEST (test_states)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200, states[__i__].body);
  fail_unless (answer.is_json);
  fail_unless_equals_string (answer.task_word, states[__i__].word);
  fail_unless_equals_int (answer.task_state, states[__i__].state);
}

GST_END_TEST;

/* --- ids --- */

#define ID128 \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
  "ccccccccccccccccccccccccccccccccdddddddddddddddddddddddddddddddd"

static const struct
{
  const gchar *id;
  gboolean valid;
} ids[] = {
  {"task_abc123", TRUE},
  {"860260753860210752", TRUE},
  {"abc123-session-id", TRUE},
  {"a", TRUE},
  {"A.b_c-9", TRUE},
  {"...", TRUE},
  {ID128, TRUE},
  {ID128 "e", FALSE},
  {".", FALSE},
  {"..", FALSE},
  {"", FALSE},
  {NULL, FALSE},
  {"task/../../user/token", FALSE},
  {"a/b", FALSE},
  {"a%2fb", FALSE},
  {"a b", FALSE},
  {"a?b", FALSE},
  {"a#b", FALSE},
  {"a\nb", FALSE},
  {"a\\b", FALSE},
  {"tâche", FALSE},
  {"a+b", FALSE},
  {"a:b", FALSE},
};

GST_START_TEST (test_id_is_valid)
{
  fail_unless_equals_int (kling_id_is_valid (ids[__i__].id), ids[__i__].valid);
}

GST_END_TEST;

static const struct
{
  guint status;
  const gchar *body;
  const gchar *id;
} task_ids[] = {
  /* the order */
  {200, "{\"id\":\"r\",\"task_id\":\"t\",\"data\":{\"id\":\"d\","
        "\"task_id\":\"dt\"}}", "dt"},
  {200, "{\"id\":\"r\",\"task_id\":\"t\",\"data\":{\"id\":\"d\"}}", "t"},
  {200, "{\"id\":\"r\",\"data\":{\"id\":\"d\"}}", "d"},
  {200, "{\"id\":\"r\",\"data\":{}}", "r"},
  {200, "{\"code\":0,\"data\":\"task_abc\"}", "task_abc"},
  {200, "{\"data\":[{\"id\":\"d3\"}]}", "d3"},
  /* the outermost, never that of the service behind */
  {200, "{\"data\":{\"task_id\":\"task_public\",\"data\":{\"data\":{"
        "\"task_id\":\"8602\"}}}}", "task_public"},
  {200, "{\"data\":{\"data\":{\"task_id\":\"8602\"}}}", NULL},
  /* the documented answers of a create */
  {200, "{\"id\":\"task_abc123\",\"task_id\":\"task_abc123\",\"object\":"
        "\"video\",\"model\":\"kling-lip-sync\",\"status\":\"\",\"progress\":0,"
        "\"created_at\":1773812605}", "task_abc123"},
  {200, "{\"code\":0,\"message\":\"SUCCEED\",\"request_id\":\"CmJ8\",\"data\":{"
        "\"task_id\":\"8602\",\"task_status\":\"submitted\",\"created_at\":"
        "1737628288136,\"updated_at\":1737628288136}}", "8602"},
  /* numbers are kept exactly or not at all */
  {200, "{\"data\":{\"task_id\":860260753860210752}}", "860260753860210752"},
  {200, "{\"task_id\":999999999999999999}", "999999999999999999"},
  {200, "{\"task_id\":9223372036854775807}", "9223372036854775807"},
  {200, "{\"task_id\":9223372036854775808}", "9223372036854775808"},
  {200, "{\"task_id\":18446744073709551617}", "18446744073709551617"},
  {200, "{\"task_id\":86026075386021075212}", "86026075386021075212"},
  {200, "{\"task_id\":0123}", "0123"},
  {200, "{\"task_id\":-5}", NULL},
  {200, "{\"task_id\":-18446744073709551615}", NULL},
  {200, "{\"task_id\":0}", NULL},
  {200, "{\"task_id\":1.5}", NULL},
  {200, "{\"task_id\":8.6e17}", NULL},
  {200, "{\"task_id\":true}", NULL},
  {200, "{\"task_id\":null,\"id\":\"r\"}", "r"},
  {200, "{\"task_id\":\"\",\"id\":\"r\"}", "r"},
  {200, "{\"task_id\":{\"id\":\"x\"}}", NULL},
  {200, "{\"task_id\":[\"x\"]}", NULL},
  /* ids that lead elsewhere */
  {200, "{\"task_id\":\"task/../../user/token\"}", NULL},
  {200, "{\"task_id\":\"..\"}", NULL},
  {200, "{\"task_id\":\"abc\\u0000def\"}", NULL},
  {200, "{\"task_id\":\"" ID128 "e\"}", NULL},
  /* whatever else it says, an id is an id, if it is called one */
  {500, "{\"code\":5000,\"data\":{\"task_id\":\"8602\"}}", "8602"},
  {400, "{\"error\":{\"message\":\"x\"},\"task_id\":\"8602\"}", "8602"},
  {500, "{\"id\":\"task_x\",\"object\":\"video\"}", "task_x"},
  {400, "{\"id\":\"req_1\",\"message\":\"bad\"}", NULL},
  {200, "{\"code\":1201,\"data\":\"invalid\"}", NULL},
  {200, "{\"error\":{\"message\":\"x\"},\"id\":\"req_1\"}", NULL},
};

GST_START_TEST (test_task_ids)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, task_ids[__i__].status, task_ids[__i__].body);
  fail_unless (answer.is_json);
  fail_unless_equals_string (answer.task_id, task_ids[__i__].id);
}

GST_END_TEST;

static const struct
{
  const gchar *body;
  const gchar *id;
} session_ids[] = {
  {"{\"code\":0,\"message\":\"SUCCEED\",\"data\":{\"session_id\":"
        "\"abc123-session-id\",\"face_list\":[{\"face_id\":\"face_001\","
        "\"face_rect\":{\"x\":120,\"y\":80,\"width\":200,\"height\":250}}]}}",
      "abc123-session-id"},
  {"{\"code\":0,\"data\":{\"session_id\":\"s\",\"final_unit_deduction\":\"0\""
        ",\"face_data\":[{\"face_id\":\"0\",\"face_image\":\"url\","
        "\"start_time\":0,\"end_time\":5200}]}}", "s"},
  {"{\"session_id\":\"top\"}", "top"},
  {"{\"code\":\"success\",\"data\":{\"data\":{\"session_id\":\"deep\"}}}",
      "deep"},
  {"{\"data\":{\"session_id\":850508686686064678}}", "850508686686064678"},
  {"{\"data\":{\"session_id\":\"\"}}", NULL},
  {"{\"data\":{\"session_id\":\"../x\"}}", NULL},
  {"{\"data\":{}}", NULL},
};

GST_START_TEST (test_session_ids)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200, session_ids[__i__].body);
  fail_unless_equals_string (answer.session_id, session_ids[__i__].id);
}

GST_END_TEST;

/* --- a whole answer --- */

/* The documented answer of a gateway to a query, whole */
GST_START_TEST (test_documented_query)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200,
      "{\"code\":\"success\",\"message\":\"\",\"data\":{\"task_id\":"
      "\"860260753860210752\",\"action\":\"/kling/v1/videos/omni-video_POST\","
      "\"status\":\"SUCCESS\",\"fail_reason\":\"<string>\",\"submit_time\":"
      "1773130665,\"start_time\":1773130715,\"finish_time\":1773130790,"
      "\"progress\":\"100%\",\"data\":{\"code\":0,\"message\":\"SUCCEED\","
      "\"request_id\":\"7e91\",\"data\":{\"created_at\":123,\"task_id\":"
      "\"inner\",\"task_status\":\"succeed\",\"updated_at\":123,"
      "\"task_result\":{\"videos\":[{\"id\":\"860260754053148756\",\"url\":"
      "\"https://cdn/v.mp4\",\"duration\":\"5.041\"}]}}}}}");
  fail_unless (answer.succeeded);
  fail_unless_equals_string (answer.code, "success");
  fail_unless_equals_string (answer.task_id, "860260753860210752");
  fail_unless_equals_int (answer.task_state, KLING_TASK_SUCCEEDED);
  fail_unless_equals_string (answer.result_url, "https://cdn/v.mp4");
  fail_unless_equals_string (answer.request_id, "7e91");
  fail_unless_equals_int (answer.percent, 100);
}

GST_END_TEST;

/* --- progress --- */

static const struct
{
  const gchar *body;
  gint percent;
} progresses[] = {
  {"{\"progress\":0}", 0},
  {"{\"progress\":30}", 30},
  {"{\"progress\":30.9}", 30},
  {"{\"progress\":100}", 100},
  {"{\"data\":{\"progress\":\"30%\"}}", 30},
  {"{\"data\":{\"progress\":\"100%\"}}", 100},
  {"{\"data\":{\"progress\":\"45\"}}", 45},
  {"{\"data\":{\"data\":{\"progress\":7}}}", 7},
  {"{\"progress\":\"\",\"data\":{\"progress\":8}}", 8},
  {"{\"progress\":101}", -1},
  {"{\"progress\":-1}", -1},
  {"{\"progress\":1e999}", -1},
  {"{\"progress\":\"nan\"}", -1},
  {"{\"progress\":\"half\"}", -1},
  {"{\"progress\":\"30 of 40\"}", -1},
  {"{\"progress\":true}", -1},
  {"{\"progress\":null}", -1},
  {"{\"progress\":[30]}", -1},
  {"{}", -1},
};

GST_START_TEST (test_progress)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200, progresses[__i__].body);
  fail_unless_equals_int (answer.percent, progresses[__i__].percent);
}

GST_END_TEST;

/* --- success of the call, codes, messages, request ids --- */

static const struct
{
  guint status;
  const gchar *body;
  gboolean succeeded;
  const gchar *code;
} codes[] = {
  {200, "{}", TRUE, NULL},
  {201, "{\"code\":0}", TRUE, "0"},
  {200, "{\"code\":\"0\"}", TRUE, "0"},
  {200, "{\"code\":\"success\"}", TRUE, "success"},
  {200, "{\"code\":200}", TRUE, "200"},
  {200, "{\"code\":\"\"}", TRUE, NULL},
  {200, "{\"code\":null}", TRUE, NULL},
  {200, "{\"code\":0,\"error\":null}", TRUE, "0"},
  {200, "{\"code\":0,\"error\":\"\"}", TRUE, "0"},
  {200, "{\"code\":0,\"error\":{}}", TRUE, "0"},
  {200, "{\"code\":0,\"error\":{\"message\":\"x\"}}", FALSE, "0"},
  {200, "{\"error\":\"no\"}", FALSE, NULL},
  {200, "{\"code\":1303}", FALSE, "1303"},
  {200, "{\"code\":\"1303\"}", FALSE, "1303"},
  {200, "{\"code\":400}", FALSE, "400"},
  {200, "{\"code\":\"task_failed\"}", FALSE, "task_failed"},
  {200, "{\"code\":-1}", FALSE, "-1"},
  {400, "{\"code\":0}", FALSE, "0"},
  {302, "{}", FALSE, NULL},
  {500, "{\"code\":\"success\"}", FALSE, "success"},
  {0, "{}", FALSE, NULL},
  {200, "[]", FALSE, NULL},
  {200, "\"words\"", FALSE, NULL},
  {200, "null", FALSE, NULL},
  /* where the code is, however wrapped; Kling's own counts most */
  {401, "{\"error\":{\"message\":\"Invalid API key provided.\",\"type\":"
        "\"authentication_error\",\"code\":\"invalid_api_key\"}}", FALSE,
      "invalid_api_key"},
  {401, "{\"error\":{\"message\":\"m (request id: 2024)\",\"type\":"
        "\"new_api_error\",\"code\":\"\"}}", FALSE, NULL},
  {429, "{\"code\":\"fail_to_fetch_task\",\"message\":\"{\\\"code\\\":1303,"
        "\\\"message\\\":\\\"parallel task over resource pack limit\\\","
        "\\\"request_id\\\":\\\"r1\\\"}\",\"data\":null}", FALSE, "1303"},
  {400, "{\"code\":\"fail_to_fetch_task\",\"message\":\"status: {\\\"code\\\""
        ":1201,\\\"message\\\":\\\"Voice id not found\\\"} end\"}", FALSE,
      "1201"},
  {200, "{\"message\":\"Voice id not found\",\"data\":{\"data\":{\"code\":1201,"
        "\"message\":\"Voice id not found\",\"request_id\":\"ed47\"},"
        "\"message\":\"Voice id not found\"}}", FALSE, "1201"},
  {429, "{\"error\":{\"code\":\"1302\",\"message\":\"x\"}}", FALSE, "1302"},
  {429, "{\"error\":{\"code\":1302}}", FALSE, "1302"},
  {200, "{\"code\":\"success\",\"data\":{\"status\":\"FAILURE\",\"data\":{"
        "\"code\":1301,\"message\":\"risk\"}}}", FALSE, "1301"},
  {429, "{\"code\":\"insufficient_user_quota\",\"error\":{\"code\":\"x\"}}",
      FALSE, "insufficient_user_quota"},
};

GST_START_TEST (test_codes)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, codes[__i__].status, codes[__i__].body);
  fail_unless (answer.is_json);
  fail_unless_equals_string (answer.code, codes[__i__].code);
  fail_unless_equals_int (answer.succeeded, codes[__i__].succeeded);
}

GST_END_TEST;

static const struct
{
  guint status;
  const gchar *body;
  const gchar *message;
  const gchar *request_id;
} messages[] = {
  /* a failed task: "SUCCEED" is no reason */
  {200, "{\"code\":0,\"message\":\"SUCCEED\",\"request_id\":\"r\",\"data\":{"
        "\"task_status\":\"failed\",\"task_status_msg\":"
        "\"Image pixel is invalid\",\"task_info\":{},\"task_result\":{}}}",
      "Image pixel is invalid", "r"},
  /* the order of the places */
  {200, "{\"message\":\"m\",\"error\":{\"message\":\"e\"},\"data\":{"
        "\"fail_reason\":\"f\",\"data\":{\"data\":{\"task_status_msg\":\"t\"}}"
        "}}", "t", NULL},
  {200, "{\"message\":\"m\",\"error\":{\"message\":\"e\"},\"data\":{"
        "\"fail_reason\":\"f\"}}", "f", NULL},
  {200, "{\"message\":\"m\",\"error\":{\"message\":\"e\"},\"data\":{"
        "\"status\":\"FAILURE\",\"fail_reason\":\"https://e/v.mp4\"}}", "e",
      NULL},
  {400, "{\"message\":\"m\",\"error\":\"e\"}", "e", NULL},
  {400, "{\"message\":\"m\",\"data\":{\"message\":\"n\"}}", "m", NULL},
  {400, "{\"msg\":\"m\"}", "m", NULL},
  {400, "{\"message\":\"success\",\"data\":{\"message\":\"n\"}}", "n", NULL},
  {200, "{\"message\":\"SUCCEED\"}", NULL, NULL},
  {200, "{\"message\":\"\",\"data\":null}", NULL, NULL},
  {200, "{\"message\":17}", NULL, NULL},
  /* JSON in the message */
  {400, "{\"code\":\"fail_to_fetch_task\",\"message\":\"{\\\"code\\\":1201,"
        "\\\"message\\\":\\\"Voice id not found\\\",\\\"request_id\\\":"
        "\\\"r1\\\"}\"}", "Voice id not found", "r1"},
  {400, "{\"message\":\"{\\\"error\\\":{\\\"message\\\":\\\"deep\\\"}}\"}",
      "deep", NULL},
  {400, "{\"message\":\"not {json}\"}", "not {json}", NULL},
  {200, "{\"data\":{\"status\":\"FAILURE\",\"fail_reason\":\"{\\\"code\\\":1,"
        "\\\"message\\\":\\\"risk control\\\"}\"}}", "risk control", NULL},
  /* request ids */
  {401, "{\"error\":{\"message\":\"Bad token (request id: 20240102ab)\"}}",
      "Bad token (request id: 20240102ab)", "20240102ab"},
  {401, "{\"request_id\":\"a\",\"data\":{\"request_id\":\"b\"}}", NULL, "a"},
  {401, "{\"request_id\":\"\",\"message\":\"Request ID: x-1 ...\"}",
      "Request ID: x-1 ...", "x-1"},
  {401, "{\"request_id\":123456789012345678}", NULL, "123456789012345678"},
  {401, "{\"message\":\"request id: \"}", "request id:", NULL},
  /* fit for a sentence */
  {400, "{\"message\":\"two\\nlines\\u001b[31m\\u202e\\u0000\\ud800x\"}",
      "two lines [31m\xef\xbf\xbd\xef\xbf\xbdx", NULL},
  {400, "{\"message\":\"bad \xff utf\"}", "bad \xef\xbf\xbd utf", NULL},
  {400, "{\"message\":\"\\ud83d\\ude00 \\u4f60\"}", "😀 你", NULL},
  /* not JSON */
  {502, "<html><head><title>502 Bad Gateway</title><style>b{c:d}</style>"
        "<script>var x='<b>';</script></head>\n<body bgcolor=\"white\">"
        "<center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>",
      "502 Bad Gateway 502 Bad Gateway nginx", NULL},
  {502, "upstream\r\n\x01 connect error", "upstream connect error", NULL},
  {502, "a < b", "a < b", NULL},
  {502, "<script>", "", NULL},
  {502, "<", "<", NULL},
  {200, "{\"message\":\"cut", "{\"message\":\"cut", NULL},
};

GST_START_TEST (test_messages)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, messages[__i__].status, messages[__i__].body);
  fail_unless_equals_string (answer.message, messages[__i__].message);
  fail_unless_equals_string (answer.request_id, messages[__i__].request_id);
}

GST_END_TEST;

GST_START_TEST (test_message_bounded)
{
  g_autofree gchar *text = g_strnfill (500000, 'x');
  g_autofree gchar *json = g_strdup_printf ("{\"message\":\"%s\",\"code\":"
      "\"%s\",\"request_id\":\"%s\"}", text, text, text);
  g_autofree gchar *url = g_strdup_printf ("{\"data\":{\"task_status\":\"%s\","
      "\"result_url\":\"https://%s\"}}", text, text);
  g_auto (KlingAnswer) a = { 0, };
  g_auto (KlingAnswer) b = { 0, };
  g_auto (KlingAnswer) c = { 0, };

  read_answer (&a, 400, json);
  fail_unless (strlen (a.message) <= 300);
  fail_unless (strlen (a.code) <= 64);
  fail_unless (strlen (a.request_id) <= 128);
  read_answer (&b, 502, text);
  fail_unless (strlen (b.message) <= 200);
  read_answer (&c, 200, url);
  fail_unless (strlen (c.task_word) <= 64);
  fail_if (c.result_url);
}

GST_END_TEST;

/* --- bodies that are no answers --- */

static const gchar *const no_json[] = {
  "<html></html>", "{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1}x", "{a:1}",
  "{'a':1}", "{\"a\":01x}", "{\"a\":0x10}", "{\"a\":.5}", "{\"a\":5.}",
  "{\"a\":1e}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":NaN}", "{\"a\":nul}",
  "{\"a\":\"\\q\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\",
  "{\"a\":1 /* c */}", "{\"a\":1} // c", "# c\n{}", "var a = {\"x\":1};",
  "{\"a\":$10}", "]", "{\"a\":\"", "{\"a\" \"b\"}", "\xff\xfe\xfd",
};

GST_START_TEST (test_no_json)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200, no_json[__i__]);
  fail_if (answer.is_json, "%s", no_json[__i__]);
  fail_if (answer.is_empty);
  fail_if (answer.succeeded);
  fail_if (answer.task_id);
  fail_unless_equals_int (answer.percent, -1);
}

GST_END_TEST;

GST_START_TEST (test_empty)
{
  static const gchar *const bodies[] = { NULL, "", " \r\n\t " };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_auto (KlingAnswer) answer = { 0, };

    read_answer (&answer, 429, bodies[i]);
    fail_unless (answer.is_empty);
    fail_if (answer.is_json);
    fail_if (answer.message);
    fail_unless_equals_int (answer.status, 429);
  }
}

GST_END_TEST;

GST_START_TEST (test_bytes)
{
  static const gchar zeros[] = "\0\0\0\0{\"task_id\":\"x\"}";
  static const gchar bom[] = "\xef\xbb\xbf{\"task_id\":\"x\"}";
  g_autoptr (GBytes) a = g_bytes_new_static (zeros, sizeof zeros - 1);
  g_autoptr (GBytes) b = g_bytes_new_static (bom, sizeof bom - 1);
  g_auto (KlingAnswer) answer = { 0, };

  kling_answer_read (&answer, 200, a);
  fail_if (answer.is_json || answer.is_empty || answer.task_id);
  kling_answer_clear (&answer);
  kling_answer_read (&answer, 200, b);
  fail_unless_equals_string (answer.task_id, "x");
}

GST_END_TEST;

/* Nested so deeply that a recursive reader would leave its stack */
GST_START_TEST (test_depth)
{
  static const gchar *const nests[] = { "[", "{\"data\":", "[{\"data\":[" };
  g_autoptr (GString) body = g_string_new (NULL);
  g_auto (KlingAnswer) answer = { 0, };

  while (body->len < 1024 * 1024)
    g_string_append (body, nests[__i__]);
  read_answer (&answer, 200, body->str);
  fail_if (answer.is_json);
}

GST_END_TEST;

static gchar *
make_nested (guint depth)
{
  g_autofree gchar *open = g_strnfill (depth - 1, '[');
  g_autofree gchar *close = g_strnfill (depth - 1, ']');

  return g_strdup_printf ("{\"task_id\":\"x\",\"deep\":%s%s}", open, close);
}

GST_START_TEST (test_depth_limit)
{
  g_autofree gchar *allowed = make_nested (64);
  g_autofree gchar *refused = make_nested (65);
  g_auto (KlingAnswer) a = { 0, };
  g_auto (KlingAnswer) b = { 0, };

  read_answer (&a, 200, allowed);
  fail_unless_equals_string (a.task_id, "x");
  read_answer (&b, 200, refused);
  fail_if (b.is_json);
}

GST_END_TEST;

/* A valid answer with one byte changed, or cut: whatever it says then, reading
 * it is harmless, and an id it gives is one. */
GST_START_TEST (test_mangled)
{
  static const gchar body[] =
      "{\"code\":\"success\",\"message\":\"{\\\"code\\\":1303}\",\"data\":{"
      "\"task_id\":860260753860210752,\"status\":\"SUCCESS\",\"progress\":"
      "\"30%\",\"data\":{\"data\":{\"task_result\":{\"videos\":[{\"url\":"
      "\"https://e/v\\u4f60.mp4\"}]}}}}}";
  guint32 seed = 1;

  for (guint i = 0; i < 20000; i++) {
    gchar copy[sizeof body];
    g_autoptr (GBytes) bytes = NULL;
    g_auto (KlingAnswer) answer = { 0, };

    memcpy (copy, body, sizeof body);
    seed = seed * 1664525 + 1013904223;
    copy[(seed >> 8) % (sizeof body - 1)] = (gchar) seed;
    bytes = g_bytes_new (copy, i % 4 ? sizeof body - 1 : seed % sizeof body);
    kling_answer_read (&answer, 200, bytes);
    fail_if (answer.task_id && !kling_id_is_valid (answer.task_id));
    fail_if (answer.message && !g_utf8_validate (answer.message, -1, NULL));
  }
}

GST_END_TEST;

/* --- classes of errors --- */

static const struct
{
  guint status;
  const gchar *code;
  KlingError error;
  KlingEnding ending;           /* of a paid call without an id */
} meanings[] = {
  /* Kling's table */
  {401, "1000", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {401, "1001", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {401, "1002", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {401, "1003", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {401, "1004", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {429, "1100", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {429, "1101", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {429, "1102", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {403, "1103", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {400, "1200", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {400, "1201", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {404, "1202", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {404, "1203", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {400, "1300", KLING_ERROR_POLICY, KLING_ENDING_REFUSED},
  {400, "1301", KLING_ERROR_POLICY, KLING_ENDING_REFUSED},
  {429, "1302", KLING_ERROR_SERVICE, KLING_ENDING_BUSY},
  {429, "1303", KLING_ERROR_SERVICE, KLING_ENDING_BUSY},
  {429, "1304", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {500, "5000", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {503, "5001", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {504, "5002", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  /* wrapped by those who pass them on */
  {200, "1000", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {200, "1102", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {200, "1201", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {200, "1304", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {200, "1302", KLING_ERROR_SERVICE, KLING_ENDING_BUSY},
  {400, "1303", KLING_ERROR_SERVICE, KLING_ENDING_BUSY},
  {500, "1303", KLING_ERROR_SERVICE, KLING_ENDING_BUSY},
  {200, "5000", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {400, "5002", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {429, "5001", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {500, "1201", KLING_ERROR_INPUT, KLING_ENDING_UNKNOWN},
  {502, "1102", KLING_ERROR_ACCOUNT, KLING_ENDING_UNKNOWN},
  /* codes of gateways */
  {401, "invalid_api_key", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {401, "", KLING_ERROR_NOT_AUTHORIZED, KLING_ENDING_REFUSED},
  {404, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {503, "model_not_found", KLING_ERROR_SERVICE, KLING_ENDING_REFUSED},
  {500, "model_not_found", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {403, "quota_not_enough", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {403, "insufficient_user_quota", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {429, "insufficient_user_quota", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {400, "fail_to_fetch_task", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {500, "fail_to_fetch_task", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {400, "task_failed", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {400, "task_not_exist", KLING_ERROR_SERVICE, KLING_ENDING_REFUSED},
  {500, "do_request_failed", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {500, "get_task_failed", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  /* the status alone */
  {200, "0", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {200, "400", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {200, "quota_not_enough", KLING_ERROR_ACCOUNT, KLING_ENDING_UNKNOWN},
  {204, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {300, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {301, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {302, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {303, "", KLING_ERROR_SETTINGS, KLING_ENDING_UNKNOWN},
  {307, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {308, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {400, "", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {402, "", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {403, "", KLING_ERROR_ACCOUNT, KLING_ENDING_REFUSED},
  {405, "", KLING_ERROR_SETTINGS, KLING_ENDING_REFUSED},
  {408, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {409, "", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {413, "", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {415, "", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {422, "", KLING_ERROR_INPUT, KLING_ENDING_REFUSED},
  {429, "", KLING_ERROR_SERVICE, KLING_ENDING_REFUSED},
  {429, "strange", KLING_ERROR_SERVICE, KLING_ENDING_REFUSED},
  {451, "", KLING_ERROR_POLICY, KLING_ENDING_REFUSED},
  {499, "", KLING_ERROR_SERVICE, KLING_ENDING_REFUSED},
  {500, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {502, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {503, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {504, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {599, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
  {0, "", KLING_ERROR_SERVICE, KLING_ENDING_UNKNOWN},
};

GST_START_TEST (test_meanings)
{
  g_auto (KlingAnswer) answer = { 0, };
  g_autofree gchar *body = g_strdup_printf ("{\"code\":\"%s\",\"message\":"
      "\"saturated, retry later\"}", meanings[__i__].code);

  read_answer (&answer, meanings[__i__].status, body);
  fail_unless_equals_int (kling_answer_get_error_code (&answer),
      meanings[__i__].error);
  fail_unless_equals_int (kling_answer_get_ending (&answer, NULL),
      meanings[__i__].ending);
  fail_unless_equals_int (kling_answer_get_ending (&answer, "id"),
      KLING_ENDING_CREATED);
}

GST_END_TEST;

/* Endings that hang on more than status and code */
static const struct
{
  guint status;
  const gchar *body;
  KlingEnding ending;
} endings[] = {
  {429, NULL, KLING_ENDING_BUSY},
  {429, "", KLING_ENDING_BUSY},
  {429, "\r\n", KLING_ENDING_BUSY},
  {429, "{}", KLING_ENDING_REFUSED},
  {429, "<html>Too Many Requests</html>", KLING_ENDING_REFUSED},
  {429, "{\"error\":{\"message\":\"later\",\"type\":\"insufficient_quota\","
        "\"code\":\"insufficient_user_quota\"}}", KLING_ENDING_REFUSED},
  {429, "{\"code\":\"fail_to_fetch_task\",\"message\":\"{\\\"code\\\":1303,"
        "\\\"message\\\":\\\"parallel\\\"}\",\"data\":null}",
      KLING_ENDING_BUSY},
  {429, "{\"code\":\"fail_to_fetch_task\",\"message\":\"{\\\"code\\\":1102,"
        "\\\"message\\\":\\\"balance\\\"}\",\"data\":null}",
      KLING_ENDING_REFUSED},
  {200, "{\"message\":\"x\",\"data\":{\"data\":{\"code\":1201}}}",
      KLING_ENDING_REFUSED},
  {200, "{\"message\":\"x\",\"data\":{\"data\":{\"code\":1302}}}",
      KLING_ENDING_BUSY},
  {200, "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{}}",
      KLING_ENDING_UNKNOWN},
  {200, "{\"code\":\"success\",\"data\":null}", KLING_ENDING_UNKNOWN},
  {200, "", KLING_ENDING_UNKNOWN},
  {200, "<html>OK</html>", KLING_ENDING_UNKNOWN},
  {200, "{\"code\":0,\"data\":{\"task_id\":\"87", KLING_ENDING_UNKNOWN},
  {200, "{\"code\":0,\"data\":{\"task_id\":\"a/b\"}}", KLING_ENDING_UNKNOWN},
  {200, "{\"code\":1201,\"data\":{\"task_id\":\"87\"}}", KLING_ENDING_CREATED},
  {500, "{\"data\":{\"task_id\":\"87\"}}", KLING_ENDING_CREATED},
  {502, "<html>Bad Gateway</html>", KLING_ENDING_UNKNOWN},
  {413, "<html>Too Large</html>", KLING_ENDING_REFUSED},
};

GST_START_TEST (test_endings)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, endings[__i__].status, endings[__i__].body);
  fail_unless_equals_int (kling_answer_get_ending (&answer, answer.task_id),
      endings[__i__].ending);
}

GST_END_TEST;

/* --- what it cost --- */

#define UNITS(value) "{\"data\":{\"task_id\":\"1\",\"task_status\":\"succeed\"" \
    ",\"final_unit_deduction\":" value "}}"

static const struct
{
  const gchar *body;
  gdouble units;
} units[] = {
  {UNITS ("\"0.5\""), 0.5},
  {UNITS ("\"12\""), 12},
  {UNITS ("\"0\""), 0},
  {UNITS ("0.5"), 0.5},
  {UNITS ("12"), 12},
  {UNITS ("0"), 0},
  {UNITS ("1000000"), 1e6},
  {"{\"final_unit_deduction\":\"2\",\"data\":{\"task_id\":\"1\"}}", 2},
  {"{\"data\":{\"data\":{\"final_unit_deduction\":\"2\"}}}", 2},
  /* an outer one that tells nothing hides no inner one */
  {"{\"data\":{\"final_unit_deduction\":\"\",\"data\":"
        "{\"final_unit_deduction\":\"2\"}}}", 2},
  /* not told */
  {"{\"data\":{\"task_id\":\"1\"}}", -1},
  {UNITS ("null"), -1},
  {UNITS ("true"), -1},
  {UNITS ("{}"), -1},
  {UNITS ("[]"), -1},
  {UNITS ("[1]"), -1},
  {UNITS ("\"\""), -1},
  {UNITS ("\"a lot\""), -1},
  {UNITS ("\"2 units\""), -1},
  /* cannot be meant */
  {UNITS ("-1"), -1},
  {UNITS ("\"-0.5\""), -1},
  {UNITS ("1000001"), -1},
  {UNITS ("1e300"), -1},
  {UNITS ("\"1e999\""), -1},
  {UNITS ("\"inf\""), -1},
  {UNITS ("\"nan\""), -1},
  {"<html>", -1},
};

GST_START_TEST (test_units)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200, units[__i__].body);
  fail_unless_equals_float (answer.units, units[__i__].units);
}

GST_END_TEST;

GST_START_TEST (test_failed_task)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, 200, "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{"
      "\"task_id\":\"1\",\"task_status\":\"failed\",\"task_status_msg\":\"no\"}"
      "}");
  fail_unless (answer.succeeded);
  fail_unless_equals_int (kling_answer_get_error_code (&answer),
      KLING_ERROR_TASK_FAILED);
}

GST_END_TEST;

static Suite *
answer_suite (void)
{
  Suite *suite = suite_create ("answer");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_words, 0, G_N_ELEMENTS (words));
  tcase_add_loop_test (tc, test_states, 0, G_N_ELEMENTS (states));
  tcase_add_loop_test (tc, test_id_is_valid, 0, G_N_ELEMENTS (ids));
  tcase_add_loop_test (tc, test_task_ids, 0, G_N_ELEMENTS (task_ids));
  tcase_add_loop_test (tc, test_session_ids, 0, G_N_ELEMENTS (session_ids));
  tcase_add_test (tc, test_documented_query);
  tcase_add_loop_test (tc, test_progress, 0, G_N_ELEMENTS (progresses));
  tcase_add_loop_test (tc, test_codes, 0, G_N_ELEMENTS (codes));
  tcase_add_loop_test (tc, test_messages, 0, G_N_ELEMENTS (messages));
  tcase_add_test (tc, test_message_bounded);
  tcase_add_loop_test (tc, test_no_json, 0, G_N_ELEMENTS (no_json));
  tcase_add_test (tc, test_empty);
  tcase_add_test (tc, test_bytes);
  tcase_add_loop_test (tc, test_depth, 0, 3);
  tcase_add_test (tc, test_depth_limit);
  tcase_add_test (tc, test_mangled);
  tcase_add_loop_test (tc, test_meanings, 0, G_N_ELEMENTS (meanings));
  tcase_add_loop_test (tc, test_endings, 0, G_N_ELEMENTS (endings));
  tcase_add_loop_test (tc, test_units, 0, G_N_ELEMENTS (units));
  tcase_add_test (tc, test_failed_task);
  return suite;
}

GST_CHECK_MAIN (answer);
