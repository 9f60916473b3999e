/* klinglipsync tests: from properties to bytes, and what is remembered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* An interval between polls is 50 ms then */
#define SPEED 100

static void
check_data (KlingTestRun * run, KlingTestService * service)
{
  g_autoptr (GBytes) data = kling_test_run_get_data (run);

  fail_unless (g_bytes_equal (data, service->clip),
      "%" G_GSIZE_FORMAT " bytes came out of %" G_GSIZE_FORMAT,
      g_bytes_get_size (data), g_bytes_get_size (service->clip));
}

/* ---- the whole way ---- */

static void
check_events (KlingTestRun * run)
{
  static const GstEventType types[] = {
    GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_EOS
  };
  guint next = 0;

  for (guint i = 0; i < run->log->len; i++) {
    gpointer object = run->log->pdata[i];

    if (GST_IS_BUFFER (object))
      fail_unless_equals_int (next, 3);
    if (!GST_IS_EVENT (object))
      continue;
    fail_unless (next < G_N_ELEMENTS (types), "more than 4 events");
    fail_unless_equals_string (GST_EVENT_TYPE_NAME (object),
        gst_event_type_get_name (types[next]));
    next++;
  }
  fail_unless_equals_int (next, G_N_ELEMENTS (types));
}

static void
check_caps (KlingTestRun * run)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (run->src);
  g_autofree gchar *text = gst_caps_to_string (caps);

  fail_unless_equals_string (text, "video/quicktime, variant=(string)iso");
}

static void
check_result_message (KlingTestRun * run, GBytes * clip)
{
  const GstStructure *result = kling_test_run_wait_element (run,
      "klinglipsync-result", 1);
  g_autofree gchar *sum =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, clip);
  guint64 size, duration;

  fail_unless (result != NULL);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-result"), 1);
  fail_unless_equals_string (gst_structure_get_string (result, "task-id"),
      TEST_TASK);
  fail_unless_equals_string (gst_structure_get_string (result, "sha256"), sum);
  fail_unless (gst_structure_get_uint64 (result, "size", &size));
  fail_unless_equals_uint64 (size, g_bytes_get_size (clip));
  fail_unless (gst_structure_get_uint64 (result, "duration", &duration));
  fail_unless (ABS (GST_CLOCK_DIFF (2 * GST_SECOND, duration)) <
      100 * GST_MSECOND);
}

static void
check_task_message (KlingTestRun * run)
{
  const GstStructure *task = kling_test_run_wait_element (run,
      "klinglipsync-task", 1);
  guint64 elapsed;
  guint attempt;

  fail_unless (task != NULL);
  fail_unless_equals_string (gst_structure_get_string (task, "task-id"),
      TEST_TASK);
  fail_unless_equals_string (gst_structure_get_string (task, "status"),
      "queued");
  fail_unless (gst_structure_get_uint64 (task, "elapsed", &elapsed));
  /* the first poll comes after one interval */
  fail_unless (elapsed >= 5 * GST_SECOND && elapsed < 600 * GST_SECOND,
      "%" GST_TIME_FORMAT, GST_TIME_ARGS (elapsed));
  fail_unless (gst_structure_get_uint (task, "attempt", &attempt));
  fail_unless_equals_int (attempt, 1);
}

GST_START_TEST (test_whole_way)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 1,
        .body = POLL_STATUS ("queued")},
    {.method = "GET",.path = CREATE_PATH,.times = 1,
        .body = POLL_PERCENT ("30%")},
    {.method = "GET",.path = CREATE_PATH,.times = 1,
        .body = POLL_PERCENT ("20%")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *status = NULL, *task_id = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);

  check_data (run, service);
  check_events (run);
  check_caps (run);
  check_result_message (run, service->clip);
  check_task_message (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless (kling_test_run_has_text (run, "30 %"));
  fail_unless_equals_int (kling_test_run_count (run,
          GST_MESSAGE_ERROR | GST_MESSAGE_WARNING), 0);
  status = kling_test_run_dup_status (run);
  fail_unless_equals_string (status, "done");
  task_id = kling_test_run_dup_task_id (run);
  fail_unless_equals_string (task_id, TEST_TASK);
  kling_test_service_check (service, 1, 1);
  fail_unless_equals_int (kling_test_service_polls (service), 4);
}

GST_END_TEST;

/* ---- notifications ---- */

static void
note (GObject * object, GParamSpec * pspec, gpointer user_data)
{
  GString *noted = user_data;
  g_autofree gchar *task_id = NULL;
  GValue value = G_VALUE_INIT;

  g_object_get (object, "current-task-id", &task_id, NULL);
  if (g_str_equal (pspec->name, "current-task-id")) {
    g_string_append_printf (noted, "%s ", task_id);
    return;
  }
  g_object_get_property (object, "status", &value);
  g_string_append_printf (noted, "%s ", g_enum_get_value
      (g_type_class_peek (G_VALUE_TYPE (&value)),
          g_value_get_enum (&value))->value_nick);
}

GST_START_TEST (test_notifications)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 1,
        .body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (GString) noted = g_string_new (NULL);
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_signal_connect (run->lipsync, "notify::status", G_CALLBACK (note), noted);
  g_signal_connect (run->lipsync, "notify::current-task-id",
      G_CALLBACK (note), noted);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_free (run);
  fail_unless_equals_string (noted->str, "identifying creating queued "
      TEST_TASK " running downloading done idle ");
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- what the service gets to see ---- */

static void
check_call (KlingTestService * service, const gchar * path, const gchar * body)
{
  const KlingTestCall *call = kling_test_service_find (service, "POST", path);

  fail_unless_equals_string (call->authorization, "Bearer " TEST_KEY);
  fail_unless_equals_string (g_bytes_get_data (call->body, NULL), body);
  kling_test_check_contains (call->head, "Content-Type: application/json");
}

#define VOICE "\"voice_id\":\"oversea_male1\",\"voice_language\":\"en\""
#define TEXT_IN(session) "{\"input\":{\"session_id\":\"" session "\"," \
  "\"text\":\"" TEST_TEXT "\"," VOICE
#define IDENTIFY "{\"video_url\":\"" TEST_VIDEO_URL "\"}"

static const struct
{
  const gchar *session_id;
  const gchar *video_id;
  const gchar *audio_url;
  const gchar *face_image_url;
  const gchar *identify;        /* body, or NULL when there is no such call */
  const gchar *create;
} modes[] = {
  {NULL, NULL, NULL, NULL, IDENTIFY, TEXT_IN (TEST_SESSION) "}}"},
  {NULL, NULL, NULL, "https://media.example/face.png?s=2", IDENTIFY,
      TEXT_IN (TEST_SESSION) ",\"face_image_url\":"
        "\"https://media.example/face.png?s=2\"}}"},
  {NULL, NULL, "https://media.example/speech.mp3?s=3", NULL, IDENTIFY,
      "{\"input\":{\"session_id\":\"" TEST_SESSION "\",\"audio_url\":"
        "\"https://media.example/speech.mp3?s=3\"}}"},
  {NULL, "video-7", NULL, NULL, "{\"video_id\":\"video-7\"}",
      TEXT_IN (TEST_SESSION) "}}"},
  {"session-7", NULL, NULL, NULL, NULL, TEXT_IN ("session-7") "}}"},
};

static void
set_mode (KlingTestRun * run, guint i)
{
  gboolean is_own = modes[i].session_id || modes[i].video_id;

  g_object_set (run->lipsync, "session-id", modes[i].session_id,
      "video-id", modes[i].video_id, "audio-url", modes[i].audio_url,
      "face-image-url", modes[i].face_image_url, NULL);
  if (is_own)
    g_object_set (run->lipsync, "video-url", NULL, NULL);
  if (modes[i].audio_url)
    g_object_set (run->lipsync, "text", NULL, "voice-id", NULL,
        "voice-language", NULL, NULL);
}

GST_START_TEST (test_modes)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  const KlingTestCall *call;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  set_mode (run, __i__);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);

  kling_test_service_check (service, modes[__i__].identify ? 1 : 0, 1);
  if (modes[__i__].identify)
    check_call (service, IDENTIFY_PATH, modes[__i__].identify);
  check_call (service, CREATE_PATH, modes[__i__].create);
  call = kling_test_service_find (service, "GET", CREATE_PATH);
  fail_unless_equals_string (call->path, CREATE_PATH "/" TEST_TASK);
  fail_unless_equals_string (call->authorization, "Bearer " TEST_KEY);
  /* the result is the same origin, and still gets no key */
  call = kling_test_service_find (service, "GET", RESULT_PATH);
  fail_unless (call->authorization == NULL);
  fail_unless (strstr (call->head, TEST_KEY) == NULL);
}

GST_END_TEST;

/* ---- nothing is sent in vain ---- */

GST_START_TEST (test_unlinked)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, NULL);

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "not linked");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* gst-launch-1.0 does not notice what comes before its main loop runs. A busy
 * machine makes the error later, never earlier. */
GST_START_TEST (test_early_error)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, NULL);
  gint64 start = g_get_monotonic_time ();

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  fail_unless (kling_test_ms_since (start) >= 90);
}

GST_END_TEST;

/* ---- nothing is paid for twice ---- */

GST_START_TEST (test_three_cycles)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  guint calls = 0;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  for (guint i = 0; i < 3; i++) {
    kling_test_run_set (run, GST_STATE_PLAYING);
    kling_test_run_eos (run);
    check_data (run, service);
    check_events (run);
    kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
    check_result_message (run, service->clip);
    if (i == 0)
      calls = kling_test_server_count (service->server, NULL, NULL);
    kling_test_run_set (run, i == 1 ? GST_STATE_NULL : GST_STATE_READY);
    kling_test_run_clear (run);
  }
  kling_test_service_check (service, 1, 1);
  /* played again without the network */
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), calls);
}

GST_END_TEST;

/* Stopped while the service works, and started again. */
GST_START_TEST (test_running_task_is_taken_up)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 3,
        .body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_service_wait (service, "GET", CREATE_PATH, 1, 30000));
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  /* caps would promise a video that is not there */
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_CAPS), 0);
  /* the task is named where applications look */
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 1);

  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  check_data (run, service);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

static void
play_text (KlingTestRun * run, const gchar * text)
{
  g_object_set (run->lipsync, "text", text, NULL);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_set (run, GST_STATE_READY);
}

GST_START_TEST (test_other_text)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.times = 1,
        .body = CREATE_ID ("first")},
    {.method = "POST",.path = CREATE_PATH,.times = 1,
        .body = CREATE_ID ("second")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  play_text (run, "One.");
  fail_unless_equals_int (kling_test_service_paid (service), 1);
  play_text (run, "Two.");
  fail_unless_equals_int (kling_test_service_paid (service), 2);
  kling_test_check_contains (kling_test_service_get_body (service, "POST",
          CREATE_PATH), "\"Two.\"");
  /* back to what was bought first: fetched again, not bought again */
  play_text (run, "One.");
  fail_unless_equals_int (kling_test_service_paid (service), 2);
  kling_test_check_contains (kling_test_service_find (service, "GET",
          CREATE_PATH)->path, "/first");
}

GST_END_TEST;

/* A new session is obtained for each text, or an old one is used: but who
 * speaks was identified for one video. */
GST_START_TEST (test_other_video)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  play_text (run, "One.");
  g_object_set (run->lipsync, "video-url", "https://media.example/b.mp4", NULL);
  play_text (run, "One.");
  kling_test_check_contains (kling_test_service_get_body (service, "POST",
          IDENTIFY_PATH), "b.mp4");
  kling_test_service_check (service, 2, 2);
}

GST_END_TEST;

/* Two elements of a process do not know of each other, without a store. */
GST_START_TEST (test_two_elements)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  KlingTestRun *runs[2];

  kling_test_set_speed (SPEED);
  for (guint i = 0; i < 2; i++) {
    runs[i] = kling_test_run_new (service->url, "fakesink");
    g_object_set (runs[i]->lipsync, "text", i ? "One." : "Two.", NULL);
    kling_test_run_set (runs[i], GST_STATE_PLAYING);
  }
  for (guint i = 0; i < 2; i++) {
    kling_test_run_eos (runs[i]);
    check_data (runs[i], service);
    kling_test_run_check_progress (runs[i], GST_PROGRESS_TYPE_COMPLETE);
    kling_test_run_free (runs[i]);
  }
  kling_test_service_check (service, 2, 2);
}

GST_END_TEST;

static Suite *
flow_suite (void)
{
  Suite *suite = suite_create ("flow");
  TCase *tcase = tcase_create ("flow");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_whole_way);
  tcase_add_test (tcase, test_notifications);
  tcase_add_loop_test (tcase, test_modes, 0, G_N_ELEMENTS (modes));
  tcase_add_test (tcase, test_unlinked);
  tcase_add_test (tcase, test_early_error);
  tcase_add_test (tcase, test_three_cycles);
  tcase_add_test (tcase, test_running_task_is_taken_up);
  tcase_add_test (tcase, test_other_text);
  tcase_add_test (tcase, test_other_video);
  tcase_add_test (tcase, test_two_elements);
  return suite;
}

GST_CHECK_MAIN (flow);
