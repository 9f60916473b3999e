/* The faults that kling-sandbox can be ordered to have: what the client sees of
 * each, and what was paid.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "sandbox-test.h"

#define V1 "/v1/videos/"
#define TTS "/v1/audio/tts"

/* One fault of a create. */
typedef struct
{
  const char *order;            /* the "do" */
  guint status;                 /* seen, 0: none */
  gint64 paid;
  gboolean breaks;              /* the exchange ends in an error */
  const char *body;             /* (nullable): a part of what arrived */
} FaultCase;

static const FaultCase fault_cases[] = {
  {"{\"code\":1303}", 429, 0, FALSE, "1303"},
  {"{\"code\":1102}", 429, 0, FALSE, "balance not enough"},
  {"{\"status\":502,\"body\":\"<html>\"}", 502, 0, FALSE, "<html>"},
  {"{\"status\":502,\"body\":\"<html>\",\"commit\":true}", 502, 1, FALSE,
      "<html>"},
  {"{\"body\":{\"id\":850508686686064678}}", 200, 0, FALSE,
      "850508686686064678"},
  {"{\"status\":429,\"body\":\"\"}", 429, 0, FALSE, ""},
  {"{\"status\":302,\"headers\":{\"Location\":\"http://x/\"}}", 302, 0, FALSE,
      NULL},
  {"{\"fill\":100000}", 200, 0, FALSE, "xxxx"},
  {"{\"delay\":0.5}", 200, 1, FALSE, "task_id"},
  {"{\"drip\":2000}", 200, 1, FALSE, "task_id"},
  {"{\"reset\":true}", 0, 1, TRUE, NULL},
  {"{\"reset\":\"after\"}", 0, 1, TRUE, NULL},
  {"{\"reset\":\"before\"}", 0, 0, TRUE, NULL},
  {"{\"hang\":true}", 0, 1, TRUE, NULL},
  {"{\"hang\":\"before\"}", 0, 0, TRUE, NULL},
  {"{\"truncate\":10}", 200, 1, TRUE, "{\"id\":\"tas"},
  {"{\"truncate\":10,\"reset\":true}", 200, 1, TRUE, NULL},
  {"{\"truncate\":10,\"hang\":true}", 200, 1, TRUE, NULL},
  {"{\"length\":1000}", 200, 1, TRUE, "task_id"},
  {"{\"length\":10}", 200, 1, FALSE, "{\"id\":\"tas"},
};

static void
check_fault (Box * box, const char *session, const FaultCase * test)
{
  g_autofree char *order =
      g_strdup_printf ("{\"match\":{\"kind\":\"create\"},\"do\":%s}",
      test->order);
  g_autofree char *body = hello_body (session);
  gint64 paid = box_ledger (box, "paid");
  g_autoptr (Answer) answer = NULL;
  g_autofree char *text = NULL;

  box_fault (box, order);
  answer = box_service (box, "POST", CREATE, body);
  text = answer_text (answer);
  g_test_message ("%s: status %u, %s", test->order, answer->status,
      answer->error ? answer->error->message : "whole");
  if (test->status)
    g_assert_cmpuint (answer->status, ==, test->status);
  g_assert_true ((answer->error != NULL) == test->breaks);
  if (test->body)
    g_assert_nonnull (strstr (text, test->body));
  g_assert_cmpint (box_ledger (box, "paid") - paid, ==, test->paid);
}

static void
test_faults (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);

  /* who hangs is waited for */
  answer_timeout = 2;
  for (guint i = 0; i < G_N_ELEMENTS (fault_cases); i++)
    check_fault (box, session, &fault_cases[i]);
  answer_timeout = 60;
}

static void
test_fault_details (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *body = hello_body (session);
  g_autofree char *task = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *status = NULL;
  g_autoptr (Answer) answer = NULL;

  box_fault (box, "{\"match\":{\"kind\":\"create\"},\"do\":{\"delay\":0.4,"
      "\"code\":1302,\"headers\":{\"Retry-After\":\"7\"}}}");
  answer = box_service (box, "POST", CREATE, body);
  g_assert_cmpuint (answer->status, ==, 429);
  g_assert_cmpfloat (answer->seconds, >=, 0.39);
  g_assert_cmpstr (soup_message_headers_get_one (answer->headers,
          "Retry-After"), ==, "7");

  box_fault (box, "{\"match\":{\"kind\":\"create\"},"
      "\"do\":{\"fail\":\"Image pixel is invalid\"}}");
  task = box_create_text (box, session, "a", "AOT", "en");
  status = box_wait (box, task, &reason);
  g_assert_cmpstr (status, ==, "FAILED");
  g_assert_cmpstr (reason, ==, "Image pixel is invalid");
}

/* nth counts matching requests, times how often the order holds. */
static void
test_fault_counting (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const guint expected[] = { 200, 503, 503, 200, 200 };
  g_autoptr (Answer) bad = NULL;
  g_autoptr (Answer) cleared = NULL;

  box_fault (box, "{\"match\":{\"method\":\"GET\",\"path\":\"/sandbox/vo*s\","
      "\"nth\":2},\"do\":{\"status\":503},\"times\":2}");
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/voices", NULL);

    g_assert_cmpuint (answer->status, ==, expected[i]);
  }
  bad = box_call (box, "POST", "/sandbox/faults", "{\"do\":{\"statuss\":503}}");
  g_assert_cmpuint (bad->status, ==, 400);
  box_fault (box, "{\"do\":{\"status\":503},\"times\":0}");
  for (int i = 0; i < 3; i++) {
    g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/voices", NULL);

    g_assert_cmpuint (answer->status, ==, 503);
  }
  cleared = box_call (box, "DELETE", "/sandbox/faults", NULL);
  g_assert_cmpuint (cleared->status, ==, 200);
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

static void
test_fault_of_task (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *first = box_create_text (box, session, "a", "AOT", "en");
  g_autofree char *second = box_create_text (box, session, "b", "AOT", "en");
  g_autofree char *order = g_strdup_printf ("{\"match\":{\"task\":\"%s\"},"
      "\"do\":{\"status\":500},\"times\":-1}", first);
  g_autofree char *path = g_strconcat (CREATE "/", first, NULL);
  g_autofree char *other = g_strconcat (CREATE "/", second, NULL);
  g_autofree char *file = g_strdup_printf ("/sandbox/results/%s.mp4", first);
  g_autoptr (Answer) a = NULL;
  g_autoptr (Answer) b = NULL;
  g_autoptr (Answer) c = NULL;

  box_fault (box, order);
  a = box_service (box, "GET", path, NULL);
  b = box_service (box, "GET", other, NULL);
  c = box_call (box, "GET", file, NULL);
  g_assert_cmpuint (a->status, ==, 500);
  g_assert_cmpuint (b->status, ==, 200);
  g_assert_cmpuint (c->status, ==, 500);
}

static void
test_fault_of_download (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *task = box_create_text (box, session, "a", "AOT", "en");
  g_autofree char *url = NULL;
  g_autofree char *status = box_wait (box, task, &url);
  g_autoptr (Answer) whole = box_call (box, "GET", url, NULL);
  g_autoptr (Answer) cut = NULL;
  g_autoptr (Answer) ignored = NULL;
  g_autoptr (Answer) expired = NULL;

  g_assert_cmpstr (status, ==, "SUCCESS");
  box_fault (box, "{\"match\":{\"path\":\"/sandbox/results/\"},"
      "\"do\":{\"truncate\":1000}}");
  cut = box_call (box, "GET", url, NULL);
  g_assert_nonnull (cut->error);
  g_assert_cmpuint (g_bytes_get_size (cut->body), ==, 1000);
  g_assert_cmpint (soup_message_headers_get_content_length (cut->headers), ==,
      g_bytes_get_size (whole->body));

  box_fault (box, "{\"match\":{\"path\":\"/sandbox/results/\"},"
      "\"do\":{\"ignore-range\":true}}");
  ignored = get_range (box, url, "bytes=1000-", NULL);
  g_assert_cmpuint (ignored->status, ==, 200);
  g_assert_true (g_bytes_equal (ignored->body, whole->body));

  box_fault (box, "{\"match\":{\"path\":\"/sandbox/results/\"},"
      "\"do\":{\"status\":403}}");
  expired = box_call (box, "GET", url, NULL);
  g_assert_cmpuint (expired->status, ==, 403);
}

/* Orders match the other dialects' paths by their kind. */
static void
test_dialect_faults (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const calls[][3] = {
    {"identify", "POST", V1 "identify-face"},
    {"create", "POST", V1 "advanced-lip-sync"},
    {"create", "POST", V1 "lip-sync"},
    {"create", "POST", "/kling" V1 "lip-sync"},
    {"query", "GET", V1 "advanced-lip-sync"},
    {"query", "GET", V1 "advanced-lip-sync/1"},
    {"query", "GET", V1 "lip-sync/1"},
    {"query", "GET", TTS "/1"},
    {"tts", "POST", TTS},
    {"tts", "POST", "/kling" TTS},
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autofree char *order = g_strdup_printf ("{\"match\":{\"kind\":\"%s\"},"
        "\"do\":{\"code\":1303}}", calls[i][0]);
    g_autoptr (Answer) answer = NULL;

    box_fault (box, order);
    answer = box_service (box, calls[i][1], calls[i][2],
        strcmp (calls[i][1], "POST") == 0 ? "{}" : NULL);
    g_assert_cmpuint (answer->status, ==, 429);
    assert_refused (answer, 1303, "parallel task");
  }
}

/* An order can let a speech fail, as a task. */
static void
test_tts_fails (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (Answer) answer = NULL;
  g_autoptr (JsonObject) json = NULL;

  box_fault (box, "{\"match\":{\"kind\":\"tts\"},"
      "\"do\":{\"fail\":\"no voice today\"}}");
  answer = box_service (box, "POST", TTS, "{\"text\":\"Hello.\","
      "\"voice_id\":\"AOT\",\"voice_language\":\"en\"}");
  json = answer_json (answer);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (find_string (json, "data.task_status"), ==, "failed");
  g_assert_cmpstr (find_string (json, "data.task_status_msg"), ==,
      "no voice today");
  g_assert_cmpint (box_ledger (box, "tts"), ==, 0);
}

void
add_fault_tests (void)
{
  g_test_add_func ("/sandbox/faults/create", test_faults);
  g_test_add_func ("/sandbox/faults/details", test_fault_details);
  g_test_add_func ("/sandbox/faults/counting", test_fault_counting);
  g_test_add_func ("/sandbox/faults/task", test_fault_of_task);
  g_test_add_func ("/sandbox/faults/download", test_fault_of_download);
  g_test_add_func ("/sandbox/faults/dialects", test_dialect_faults);
  g_test_add_func ("/sandbox/faults/tts", test_tts_fails);
}
