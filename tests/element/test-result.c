/* klinglipsync tests: fetching the result, from wherever it is
 *
 * Nobody downstream gets an error page or half a file, the key goes to nobody
 * but the service, and a task that was paid stays in the error.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

#define SPEED 100

#define POLL(n) .method = "GET",.path = CREATE_PATH "/",.times = n
#define RESULT(n) .method = "GET",.path = RESULT_PATH,.times = n
#define FTYP "\0\0\0\x14" "ftypisom\0\0\2\0isom"

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
check_whole (KlingTestRun * run, KlingTestService * service)
{
  g_autoptr (GBytes) data = NULL;

  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, service->clip));
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (service, 1, 1);
}

static const gchar *
check_failed (KlingTestRun * run, GQuark domain, gint code)
{
  const gchar *sentence = kling_test_run_error (run, domain, code);

  fail_unless_equals_string (gst_structure_get_string (kling_test_run_details
          (run), "task-id"), TEST_TASK);
  kling_test_check_contains (sentence, TEST_TASK);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_CAPS), 0);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-result"), 0);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  return sentence;
}

/* No call to @service, that is not the API, has a key. */
static void
check_no_key (KlingTestService * service)
{
  const KlingTestCall *call;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    fail_unless (call->authorization == NULL);
    fail_unless (strstr (call->head, TEST_KEY) == NULL, "%s", call->head);
  }
}

/* ---- what is no video ---- */

/* A file with sound only; its boxes are right. */
#define BOX(size, type) "\0\0\0" size type
#define SOUND FTYP BOX ("\x8c", "moov") BOX ("\x6c", "mvhd") \
  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\xe8\0\0\7\xd0\0\1\0\0\1\0\0\0\0\0\0\0\0\0\0\0" \
  "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0" \
  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2" \
  BOX ("\x18", "udta") BOX ("\x10", "free") "\0\0\0\0\0\0\0\0" \
  BOX ("\x10", "mdat") "\0\0\0\0\0\0\0\0"

static const struct
{
  const gchar *name;
  KlingTestStep step;
  const gchar *words;
} bad[] = {
  {"HTML", {RESULT (0),.body = "<html><body>Sorry, 404</body></html>"},
      "<html>"},
  {"JSON", {RESULT (0),.body = "{\"error\":\"AccessDenied\"}"}, NULL},
  {"empty", {RESULT (0),.body = ""}, "empty"},
  {"garbage", {RESULT (0),.body = "\1\2\3\4\5\6\7\x8\x9\1\2\3",.size = 12},
      NULL},
  {"ftyp only", {RESULT (0),.body = FTYP,.size = 20}, "moov"},
  {"zeros after ftyp", {RESULT (0),.body = FTYP "\0\0\0\0\0\0\0\0\0\0\0\0",
          .size = 32}, NULL},
  {"no picture", {RESULT (0),.body = SOUND,.size = sizeof SOUND - 1},
      "picture"},
};

GST_START_TEST (test_bad_results)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start (&bad[__i__].step, 1);
  g_autoptr (KlingTestRun) run = start (service);
  const gchar *sentence;

  GST_INFO ("%s", bad[__i__].name);
  sentence = check_failed (run, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  if (bad[__i__].words)
    kling_test_check_contains (sentence, bad[__i__].words);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A file that is cut off, in a way that HTTP does not show */
GST_START_TEST (test_cut_file)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  KlingTestStep step = { RESULT (0),.body = g_bytes_get_data (clip, NULL),
    .size = g_bytes_get_size (clip) - 1000
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = start (service);

  kling_test_check_contains (check_failed (run, GST_STREAM_ERROR,
          GST_STREAM_ERROR_WRONG_TYPE), "cut off");
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Not for ever broken: the next download is whole, and nothing of the first
 * came out. */
static const KlingTestStep once[] = {
  {RESULT (1),.body = "<html>busy</html>"},
  {RESULT (1),.body = FTYP "\0\0\0\x8mdat",.size = 28,.length = 100000,
      .send = 28},
  {RESULT (1),.act = KLING_TEST_RESET},
  {RESULT (1),.act = KLING_TEST_CLOSE},
  {RESULT (1),.act = KLING_TEST_RAW,.body = "no HTTP at all"},
  {RESULT (1),.status = 500,.body = "oops"},
  {RESULT (1),.status = 503},
  {RESULT (1),.status = 206,.body = "half"},
  {RESULT (1),.status = 204},
  {RESULT (1),.status = 302},
  {RESULT (1),.status = 302,.headers = "Location: @BASE@" RESULT_PATH "\r\n"},
  {RESULT (1),.body = FTYP,.size = 20,.headers = "Content-Encoding: gzip\r\n"},
};

GST_START_TEST (test_bad_once)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start (&once[__i__], 1);
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          RESULT_PATH), 2);
}

GST_END_TEST;

/* ---- addresses that expire ---- */

GST_START_TEST (test_expired_url)
{
  static const KlingTestStep steps[] = {
    {POLL (2),.body = POLL_URL ("@BASE@/expired.mp4?t=1")},
    {.method = "GET",.path = "/expired.mp4",.status = 403,
        .body = "<Error>Request has expired</Error>"},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          "/expired.mp4"), 2);
  fail_unless_equals_int (kling_test_service_polls (service), 3);
}

GST_END_TEST;

/* For ever expired: task-timeout ends it, and the id is in the error. */
GST_START_TEST (test_expired_for_ever)
{
  static const KlingTestStep steps[] = {
    {RESULT (0),.status = 403},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "task-timeout", 60 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  check_failed (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- going on with what broke off ---- */

#define ETAG "\"v1\""

/* The @n-th call for the result, from 0 */
static const KlingTestCall *
get_download (KlingTestService * service, guint n)
{
  const KlingTestCall *call;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++)
    if (g_str_has_prefix (call->path, RESULT_PATH) && n-- == 0)
      return call;
  fail ("the result was not asked for so often");
  return NULL;
}

/* @offset: 0 when all is to be asked for */
static void
check_range (const KlingTestCall * call, gsize offset)
{
  g_autofree gchar *range =
      g_strdup_printf ("Range: bytes=%" G_GSIZE_FORMAT "-\r\n", offset);

  if (offset == 0)
    fail_unless (strstr (call->head, "Range:") == NULL, "%s", call->head);
  else
    kling_test_check_contains (call->head, range);
}

/* @step answers with @clip. */
static KlingTestStep
make_step (GBytes * clip, KlingTestStep step)
{
  step.method = "GET";
  if (step.path == NULL)
    step.path = RESULT_PATH;
  step.body = g_bytes_get_data (clip, &step.size);
  return step;
}

static void
check_sent (KlingTestService * service, gsize sent)
{
  /* also what is asked for at another place */
  gsize all = kling_test_server_sent (service->server, RESULT_PATH)
      + kling_test_server_sent (service->server, "/first.mp4");

  fail_unless_equals_int64 (all, sent);
}

static const struct
{
  const gchar *clip;
  guint percent;
} cuts[] = {
  {CLIP_SMALL, 1},
  {CLIP_SMALL, 10},
  {CLIP_SMALL, 50},
  {CLIP_SMALL, 99},
  {CLIP_TAIL, 50},
};

GST_START_TEST (test_cut_download)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (cuts[__i__].clip);
  gsize size = g_bytes_get_size (clip);
  gsize cut = size * cuts[__i__].percent / 100;
  KlingTestStep steps[] = {
    make_step (clip, (KlingTestStep) {.times = 1,.send = cut,.etag = ETAG}),
    make_step (clip, (KlingTestStep) {.etag = ETAG}),
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (cuts[__i__].clip, steps, 2);
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  check_range (get_download (service, 0), 0);
  check_range (get_download (service, 1), cut);
  check_sent (service, size);
  fail_unless (kling_test_run_has_text (run, "goes on after"));
}

GST_END_TEST;

/* Every connection breaks, and still it comes to an end. */
GST_START_TEST (test_cut_often)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  KlingTestStep step =
      make_step (clip, (KlingTestStep) {.send = 100000,.etag = ETAG });
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = start (service);
  gsize size = g_bytes_get_size (clip);

  check_whole (run, service);
  check_sent (service, size);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          RESULT_PATH), (size + 99999) / 100000);
}

GST_END_TEST;

/* The answer to the question for the rest is not the rest. Cut off after half of
 * @first; then comes @then. */
static const struct
{
  const gchar *first;
  KlingTestStep then;
  gboolean again;               /* and is no use */
} others[] = {
  /* no Range known there */
  {CLIP_SMALL, {.headers = "ETag: " ETAG "\r\n"}},
  /* another file meanwhile */
  {CLIP_FACE, {.etag = "\"v2\""}},
  /* another part of it */
  {CLIP_SMALL, {.status = 206,
          .headers = "Content-Range: bytes 0-9/10\r\n"}, TRUE},
  {CLIP_SMALL, {.status = 206,.headers = "ETag: \"v2\"\r\n"}, TRUE},
  /* nothing of it */
  {CLIP_SMALL, {.status = 416}, TRUE},
};

GST_START_TEST (test_not_the_rest)
{
  g_autoptr (GBytes) begun = kling_test_load_clip (others[__i__].first);
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  gsize cut = g_bytes_get_size (begun) / 2;
  KlingTestStep steps[] = {
    make_step (begun, (KlingTestStep) {.times = 1,.send = cut,.etag = ETAG}),
    make_step (clip, others[__i__].then),
  };
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;

  steps[1].times = 1;
  service = kling_test_service_start (steps, 2);
  run = start (service);
  check_whole (run, service);
  check_range (get_download (service, 1), cut);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          RESULT_PATH), others[__i__].again ? 3 : 2);
  if (others[__i__].again)
    check_range (get_download (service, 2), 0);
}

GST_END_TEST;

/* By nothing it could be told whether the rest is of the same file. */
static const gchar *const unnamed[] = { NULL, "ETag: W/\"v1\"\r\n" };

GST_START_TEST (test_no_validator)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  KlingTestStep step = make_step (clip, (KlingTestStep) {.times = 1,
        .send = 300000,.headers = unnamed[__i__]
      });
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  check_range (get_download (service, 1), 0);
}

GST_END_TEST;

/* What was put together is no video: then all of it comes anew. */
GST_START_TEST (test_bad_beginning)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  gsize size = g_bytes_get_size (clip), cut = 300000;
  g_autofree gchar *zeros = g_malloc0 (size);
  g_autoptr (GBytes) broken = g_bytes_new_static (zeros, size);
  KlingTestStep steps[] = {
    make_step (broken, (KlingTestStep) {.times = 1,.send = cut,.etag = ETAG}),
    make_step (clip, (KlingTestStep) {.etag = ETAG}),
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps, 2);
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  check_range (get_download (service, 1), cut);
  check_range (get_download (service, 2), 0);
  check_sent (service, 2 * size);
}

GST_END_TEST;

/* The address expires while the video comes; a fresh one has the same file. */
GST_START_TEST (test_expired_meanwhile)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  gsize size = g_bytes_get_size (clip), cut = 200000;
  KlingTestStep steps[] = {
    {POLL (2),.body = POLL_URL ("@BASE@/first.mp4?sig=1")},
    make_step (clip, (KlingTestStep) {.path = "/first.mp4",.times = 1,
            .send = cut,.etag = ETAG}),
    {.method = "GET",.path = "/first.mp4",.status = 403},
    make_step (clip, (KlingTestStep) {.etag = ETAG}),
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (steps, 4);
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  check_range (kling_test_service_find (service, "GET", "/first.mp4"), cut);
  check_range (get_download (service, 0), cut);
  check_sent (service, size);
}

GST_END_TEST;

/* ---- another origin ---- */

/* The result stands at @location of another server. */
static KlingTestService *
start_elsewhere (KlingTestService * other, const gchar * location,
    gboolean redirect)
{
  g_autofree gchar *url = g_strconcat (other->url, location, NULL);
  g_autofree gchar *answer = g_strdup_printf (POLL_URL ("%s"), url);
  g_autofree gchar *header = g_strdup_printf ("Location: %s\r\n", url);
  KlingTestStep polled = { POLL (0),.body = g_intern_string (answer) };
  KlingTestStep redirected = { RESULT (0),.status = 302,
    .headers = g_intern_string (header)
  };

  return kling_test_service_start (redirect ? &redirected : &polled, 1);
}

GST_START_TEST (test_other_origin)
{
  g_autoptr (KlingTestService) other = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestService) service =
      start_elsewhere (other, RESULT_PATH "?token=2", __i__);
  g_autoptr (KlingTestRun) run = start (service);

  check_whole (run, service);
  check_no_key (other);
  fail_unless_equals_int (kling_test_server_count (other->server, NULL, NULL),
      1);
  fail_unless (kling_test_service_find (service, "POST",
          CREATE_PATH)->authorization != NULL);
}

GST_END_TEST;

/* From one address to the next, and never to an end */
GST_START_TEST (test_redirect_loop)
{
  static const KlingTestStep steps[] = {
    {RESULT (0),.status = 302,.headers = "Location: @BASE@" RESULT_PATH "\r\n"},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "task-timeout", 30 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  check_failed (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- addresses that are not asked ---- */

#define N_HTTP 3

static const struct
{
  const gchar *url;
  const gchar *shown;
} refused[] = {
  {"http://192.0.2.1/a.mp4?signature=hidden", "http://192.0.2.1"},
  {"http://results.example/a.mp4?signature=hidden", "http://results.example"},
  {"http://127.0.0.1.example/a.mp4?signature=hidden",
      "http://127.0.0.1.example"},
  /* in an answer these are not even taken for URLs */
  {"ftp://127.0.0.1/a.mp4?signature=hidden", "ftp://127.0.0.1"},
  {"file:///etc/passwd", NULL},
  {"data:video/mp4;base64,AAAA", NULL},
};

/* Asked for in vain and never again; the rest of the address may be a key. */
static void
check_refused (KlingTestService * service, const gchar * shown)
{
  g_autoptr (KlingTestRun) run = NULL;
  const gchar *sentence;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "task-timeout", 2000 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  sentence = check_failed (run, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  if (shown)
    kling_test_check_contains (sentence, shown);
  fail_unless (strstr (sentence, "hidden") == NULL, "%s", sentence);
  kling_test_service_check (service, 1, 1);
}

GST_START_TEST (test_refused_url)
{
  g_autofree gchar *answer =
      g_strdup_printf (POLL_URL ("%s"), refused[__i__].url);
  KlingTestStep step = { POLL (0),.body = answer };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);

  check_refused (service, refused[__i__].shown);
}

GST_END_TEST;

GST_START_TEST (test_refused_redirect)
{
  g_autofree gchar *header =
      g_strdup_printf ("Location: %s\r\n", refused[__i__].url);
  KlingTestStep step = { RESULT (0),.status = 307,.headers = header };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);

  check_refused (service, refused[__i__].shown);
}

GST_END_TEST;

/* Anything but http(s) in an answer is never opened. */
GST_START_TEST (test_other_scheme)
{
  static const gchar *const urls[] = { "file:///etc/passwd",
    "ftp://127.0.0.1/a.mp4", "javascript:1", "/relative.mp4"
  };
  g_autofree gchar *answer = g_strdup_printf (POLL_URL ("%s"), urls[__i__]);
  KlingTestStep step = { POLL (0),.body = answer };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);

  check_refused (service, NULL);
  fail_unless_equals_int (kling_test_server_count (service->server, "GET",
          "/relative"), 0);
}

GST_END_TEST;

static Suite *
result_suite (void)
{
  Suite *suite = suite_create ("result");
  TCase *tcase = tcase_create ("result");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_bad_results, 0, G_N_ELEMENTS (bad));
  tcase_add_test (tcase, test_cut_file);
  tcase_add_loop_test (tcase, test_bad_once, 0, G_N_ELEMENTS (once));
  tcase_add_test (tcase, test_expired_url);
  tcase_add_test (tcase, test_expired_for_ever);
  tcase_add_loop_test (tcase, test_cut_download, 0, G_N_ELEMENTS (cuts));
  tcase_add_test (tcase, test_cut_often);
  tcase_add_loop_test (tcase, test_not_the_rest, 0, G_N_ELEMENTS (others));
  tcase_add_loop_test (tcase, test_no_validator, 0, G_N_ELEMENTS (unnamed));
  tcase_add_test (tcase, test_bad_beginning);
  tcase_add_test (tcase, test_expired_meanwhile);
  tcase_add_loop_test (tcase, test_other_origin, 0, 2);
  tcase_add_test (tcase, test_redirect_loop);
  tcase_add_loop_test (tcase, test_refused_url, 0, N_HTTP);
  tcase_add_loop_test (tcase, test_refused_redirect, 0, G_N_ELEMENTS (refused));
  tcase_add_loop_test (tcase, test_other_scheme, 0, 4);
  return suite;
}

GST_CHECK_MAIN (result);
