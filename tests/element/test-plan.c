/* klinglipsync tests: a dry run
 *
 * Nothing is sent, and what is told is what a run then sends: the same element
 * runs twice in each test, and the calls that arrive the second time are compared
 * with the plan of the first. What the sandbox charges is compared with its
 * prices.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <glib/gstdio.h>
#include <string.h>

/* How fast the clock of the element runs */
#define SPEED 20
/* A session, a face, a URL: what may be longer or shorter than the plan knows */
#define SLACK 400

#define LEGACY_PATH "/v1/videos/lip-sync"
#define AUDIO_PATH "/speech.wav"
#define PLACE_PATH "/place/"
#define SPEECH_TASK_PATH OFFICIAL_SPEECH_PATH "/speech-1"

/* ---- the plan ---- */

static const GValue *
get_calls (const GstStructure * plan)
{
  const GValue *calls = gst_structure_get_value (plan, "calls");

  fail_unless (calls != NULL && GST_VALUE_HOLDS_ARRAY (calls));
  return calls;
}

static const GstStructure *
get_call (const GstStructure * plan, guint i)
{
  return gst_value_get_structure (gst_value_array_get_value (get_calls (plan),
          i));
}

static gboolean
is_paid (const GstStructure * call)
{
  gboolean paid = FALSE;

  fail_unless (gst_structure_get_boolean (call, "paid", &paid));
  return paid;
}

/* What a person has to be told of a call, and what not */
static void
check_call (KlingTestRun * run, const GstStructure * call)
{
  const gchar *text = gst_structure_get_string (call, "text");
  const gchar *url = gst_structure_get_string (call, "url");

  kling_test_check_contains (text, "Would ");
  fail_unless (kling_test_run_has_text (run, text), "%s", text);
  fail_if (strstr (text, "signature=") || strstr (text, TEST_KEY), "%s", text);
  fail_if (url && strchr (url, '?'), "%s", url);
  fail_if (is_paid (call)
      && g_strcmp0 (gst_structure_get_string (call, "method"), "POST") != 0);
}

/* Plays a dry run. Returns: (transfer full): klinglipsync-plan */
static GstStructure *
play_dry (KlingTestRun * run)
{
  const GstStructure *message;
  GstStructure *plan;
  guint paid = 0, told;

  g_object_set (run->lipsync, "dry-run", TRUE, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_EOS), 1);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-plan"), 1);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-result"), 0);
  message = kling_test_run_wait_element (run, "klinglipsync-plan", 10);
  plan = gst_structure_copy (message);
  for (guint i = 0; i < gst_value_array_get_size (get_calls (plan)); i++) {
    check_call (run, get_call (plan, i));
    paid += is_paid (get_call (plan, i)) ? 1 : 0;
  }
  fail_unless (gst_structure_get_uint (plan, "paid-calls", &told));
  fail_unless_equals_int (told, paid);
  fail_unless_equals_int (strlen (gst_structure_get_string (plan, "digest")),
      64);
  fail_unless (kling_test_run_has_text (run,
          gst_structure_get_string (plan, "text")));
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_clear (run);
  return plan;
}

static void
play_wet (KlingTestRun * run)
{
  g_object_set (run->lipsync, "dry-run", FALSE, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless (kling_test_run_count_buffers (run) > 0);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-plan"), 0);
  kling_test_run_set (run, GST_STATE_NULL);
}

/* ---- the plan and what came of it ---- */

/* Whether @call is what @planned says, as far as it was known */
static gboolean
is_as_planned (KlingTestService * service, const GstStructure * planned,
    const KlingTestCall * call)
{
  const gchar *url = gst_structure_get_string (planned, "url");
  g_autofree gchar *whole = g_strconcat (service->url, call->path, NULL);
  gsize open;

  if (g_strcmp0 (gst_structure_get_string (planned, "method"), call->method))
    return FALSE;
  if (url == NULL)
    return TRUE;
  /* of an upload the host is told, and of a task that it has an id */
  open = strcspn (url, "(");
  return strncmp (whole, url, open) == 0
      && (url[open] == '(' || open == strlen (service->url)
      || open == strcspn (whole, "?"));
}

static void
check_size (const GstStructure * planned, const KlingTestCall * call)
{
  guint64 size = 0;
  gboolean is_exact = TRUE;
  gint64 difference;

  gst_structure_get_uint64 (planned, "size", &size);
  gst_structure_get_boolean (planned, "exact", &is_exact);
  difference = (gint64) g_bytes_get_size (call->body) - (gint64) size;
  fail_unless (is_exact ? difference == 0 : ABS (difference) < SLACK,
      "%s is %" G_GINT64_FORMAT " bytes off", gst_structure_get_string (planned,
          "name"), difference);
}

/* Each planned call has come, in that order, and no other has. */
static void
compare (KlingTestService * service, const GstStructure * plan)
{
  guint n_calls = kling_test_server_count (service->server, NULL, NULL);
  guint n_planned = gst_value_array_get_size (get_calls (plan)), at = 0;

  for (guint i = 0; i < n_planned; i++) {
    const GstStructure *planned = get_call (plan, i);
    const gchar *name = gst_structure_get_string (planned, "name");
    const KlingTestCall *call;

    fail_unless (at < n_calls, "no %s has come", name);
    call = kling_test_server_call (service->server, at++);
    fail_unless (is_as_planned (service, planned, call), "%s %s is no %s",
        call->method, call->path, name);
    check_size (planned, call);
    while (g_str_equal (name, "poll") && at < n_calls
        && g_str_has_prefix (kling_test_server_call (service->server,
                at)->path, call->path))
      at++;
  }
  fail_unless (at == n_calls, "%u calls were not planned", n_calls - at);
}

static const KlingTestStep legacy_steps[] = {
  {.method = "POST",.path = LEGACY_PATH,.body = OFFICIAL_CREATED},
  {.method = "GET",.path = LEGACY_PATH "/",.body = OFFICIAL_DONE (TEST_TASK)},
};

/* What is said: "text", a path of audio, or samples for the pad */
typedef enum
{ SAY_TEXT, SAY_URL, SAY_PART, SAY_PAD, SAY_UPLOAD } Say;

static const struct
{
  const gchar *dialect;
  Say say;
  gboolean with_session;
  const gchar *names;
  gdouble min, max;             /* 0: not known */
} runs[] = {
  {"gateway", SAY_TEXT, FALSE, "identify-face create poll download"},
  {"gateway", SAY_URL, TRUE, "create poll download"},
  {"gateway", SAY_UPLOAD, FALSE, "upload check-upload identify-face create poll"
        " remove-upload download"},
  {"relay", SAY_TEXT, FALSE, "identify-face speech create poll download"},
  {"legacy", SAY_TEXT, FALSE, "create poll download"},
  {"legacy", SAY_PAD, FALSE, "create poll download"},
  {"official", SAY_TEXT, FALSE, "identify-face speech create poll download",
      0.6, 6.1},
  {"official", SAY_URL, FALSE, "read-audio identify-face create poll download",
      0.55, 6.05},
  {"official", SAY_PART, TRUE, "create poll download", 0.5, 6},
  {"official", SAY_PAD, FALSE, "identify-face create poll download", 0.55,
      6.05},
  {"official", SAY_UPLOAD, FALSE, "upload check-upload identify-face create"
        " poll remove-upload download", 0.55, 6.05},
};

static KlingTestService *
start_service (guint i, GBytes * audio)
{
  KlingTestStep steps[] = {
    {.method = "GET",.path = AUDIO_PATH},
    {.method = "PUT",.path = PLACE_PATH},
    {.method = "GET",.path = PLACE_PATH},
    {.method = "DELETE",.path = PLACE_PATH},
    legacy_steps[0], legacy_steps[1],
  };

  steps[0].body = g_bytes_get_data (audio, &steps[0].size);
  /* only its length is looked at */
  steps[2].body = steps[0].body;
  steps[2].size = SENDER_SPEECH_SIZE;
  fail_unless (steps[0].size >= SENDER_SPEECH_SIZE);
  return g_str_equal (runs[i].dialect, "official")
      ? kling_test_service_start_official (steps, G_N_ELEMENTS (steps))
      : kling_test_service_start (steps, G_N_ELEMENTS (steps));
}

static void
say (KlingTestRun * run, KlingTestService * service, Say how)
{
  g_autofree gchar *url = g_strconcat (service->url, AUDIO_PATH "?signature=2",
      NULL);
  g_autofree gchar *place = g_strconcat (service->url, PLACE_PATH "{name}",
      NULL);

  if (how == SAY_TEXT)
    return;
  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, NULL);
  if (how == SAY_URL || how == SAY_PART)
    g_object_set (run->lipsync, "audio-url", url, NULL);
  else
    kling_test_send (run, "audio", SENDER_SPEECH);
  if (how == SAY_PART)
    g_object_set (run->lipsync, "audio-end", 2500 * GST_MSECOND, NULL);
  if (how == SAY_UPLOAD)
    g_object_set (run->lipsync, "upload", place, NULL);
}

static KlingTestRun *
make_run (KlingTestService * service, guint i)
{
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  kling_test_run_use_dialect (run, runs[i].dialect);
  say (run, service, runs[i].say);
  if (runs[i].with_session)
    g_object_set (run->lipsync, "video-url", NULL, "session-id", TEST_SESSION,
        NULL);
  if (runs[i].with_session && g_str_equal (runs[i].dialect, "official"))
    g_object_set (run->lipsync, "face-id", "0", NULL);
  return run;
}

static void
check_names (const GstStructure * plan, const gchar * expected)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < gst_value_array_get_size (get_calls (plan)); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "",
        gst_structure_get_string (get_call (plan, i), "name"));
  fail_unless_equals_string (names->str, expected);
  g_string_free (names, TRUE);
}

static void
check_units (const GstStructure * plan, gdouble min, gdouble max)
{
  gdouble units_min = 0, units_max = 0;
  gboolean told = gst_structure_get_double (plan, "units-min", &units_min)
      && gst_structure_get_double (plan, "units-max", &units_max);

  fail_unless (told == (max > 0));
  fail_unless (ABS (units_min - min) < 1e-6, "%g", units_min);
  fail_unless (ABS (units_max - max) < 1e-6, "%g", units_max);
}

GST_START_TEST (test_run)
{
  g_autoptr (GBytes) audio = kling_test_make_wav (12000);
  g_autoptr (KlingTestService) service = start_service (__i__, audio);
  g_autoptr (KlingTestRun) run = make_run (service, __i__);
  g_autoptr (GstStructure) plan = play_dry (run);

  fail_unless_equals_int (kling_test_server_count_connections (service->server),
      0);
  check_names (plan, runs[__i__].names);
  check_units (plan, runs[__i__].min, runs[__i__].max);
  play_wet (run);
  compare (service, plan);
}

GST_END_TEST;

/* ---- without what a run needs ---- */

GST_START_TEST (test_no_key)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  g_autoptr (GstStructure) plan = NULL;

  g_object_set (run->lipsync, "api-key", NULL, NULL);
  plan = play_dry (run);
  kling_test_check_contains (gst_structure_get_string (plan, "text"),
      "it has no key yet: There is no key for the service.");
  g_object_set (run->lipsync, "dry-run", FALSE, NULL);
  kling_test_run_refused (run, GST_STATE_PLAYING);
}

GST_END_TEST;

/* What a run would be refused, with its error */
GST_START_TEST (test_refused)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");

  g_object_set (run->lipsync, "dry-run", TRUE, "voice-id", NULL, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "has no voice");
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-plan"), 0);
  fail_unless_equals_int (kling_test_server_count_connections (service->server),
      0);
}

GST_END_TEST;

/* ---- after it ---- */

/* An EOS from the application finds nothing to wait for, and there is nothing to
 * seek in. */
GST_START_TEST (test_over)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  g_autofree gchar *status = NULL;

  g_object_set (run->lipsync, "dry-run", TRUE, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  status = kling_test_run_dup_status (run);
  fail_unless_equals_string (status, "done");
  gst_element_send_event (run->lipsync, gst_event_new_eos ());
  fail_if (gst_element_seek_simple (run->pipeline, GST_FORMAT_BYTES,
          GST_SEEK_FLAG_FLUSH, 0));
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_check_no_error (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (kling_test_server_count_connections (service->server),
      0);
}

GST_END_TEST;

GST_START_TEST (test_launch)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *line = g_strdup_printf ("klinglipsync dry-run=true"
      " base-url=%s video-url=" TEST_VIDEO_URL " text=Hello"
      " voice-id=oversea_male1 voice-language=en ! fakesink", service->url);
  g_autoptr (KlingTestChild) child = kling_test_child_launch (line, NULL);
  g_autofree gchar *output = NULL;

  fail_unless (kling_test_child_wait (child, 40));
  fail_unless_equals_int (kling_test_child_get_exit (child), 0);
  output = kling_test_child_read (child, FALSE);
  kling_test_check_contains (output, "Would look for the face in the video");
  kling_test_check_contains (output, "Would ask for the video");
  kling_test_check_contains (output, "This was a dry run");
  fail_if (strstr (output, "signature="), "%s", output);
  fail_unless_equals_int (kling_test_server_count_connections (service->server),
      0);
}

GST_END_TEST;

/* ---- after earlier runs ---- */

static void
remove_videos (const gchar * store)
{
  g_autofree gchar *path = g_build_filename (store, "results", NULL);
  g_autoptr (GDir) results = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (results && (name = g_dir_read_name (results))) {
    g_autofree gchar *video = g_build_filename (path, name, NULL);

    fail_unless_equals_int (g_unlink (video), 0);
  }
}

static KlingTestRun *
make_run_with_store (KlingTestService * service, const gchar * store)
{
  KlingTestRun *run = kling_test_run_new (service->url, "fakesink");

  kling_test_set_speed (SPEED);
  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "store", store, NULL);
  return run;
}

/* What is asked for after a first run, and what is still to be paid then */
static const struct
{
  const gchar *property, *value, *names;
  gdouble min, max;
  gboolean without_video;       /* it has been removed from the store */
} later[] = {
  {"text", TEST_TEXT, "", 0, 0},
  {"text", TEST_TEXT, "poll download", 0, 0, TRUE},
  {"text", "Something else.", "speech create poll download", 0.55, 6.05},
  {"take", "2", "create poll download", 0.5, 6},
  {"video-url", "https://media.example/other.mp4",
      "identify-face create poll download", 0.55, 6.05},
};

static void
check_later (KlingTestService * service, const gchar * store, guint i)
{
  g_autoptr (KlingTestRun) run = make_run_with_store (service, store);
  g_autoptr (GstStructure) plan = NULL;
  gdouble min = -1, max = -1;

  g_object_set (run->lipsync, later[i].property, later[i].value, NULL);
  plan = play_dry (run);
  check_names (plan, later[i].names);
  gst_structure_get_double (plan, "units-min", &min);
  gst_structure_get_double (plan, "units-max", &max);
  fail_unless (ABS (min - later[i].min) < 1e-6, "%g", min);
  fail_unless (ABS (max - later[i].max) < 1e-6, "%g", max);
}

/* What others have paid for is not counted, and no store is made for a plan. */
GST_START_TEST (test_store)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (NULL, 0);
  g_autofree gchar *directory = kling_test_make_tree ("test-plan");
  g_autofree gchar *store = g_build_filename (directory, "store", NULL);
  g_autoptr (KlingTestRun) run = make_run_with_store (service, store);
  g_autoptr (GstStructure) plan = play_dry (run);

  fail_if (g_file_test (store, G_FILE_TEST_EXISTS));
  play_wet (run);
  compare (service, plan);
  for (guint i = 0; i < G_N_ELEMENTS (later); i++) {
    if (later[i].without_video)
      remove_videos (store);
    check_later (service, store, i);
  }
  kling_test_service_check (service, 1, 1);
  kling_test_remove_tree (directory);
}

GST_END_TEST;

/* Paid by a run that was stopped before it was there */
GST_START_TEST (test_awaited_speech)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = OFFICIAL_SPEECH_PATH,
        .body = SPEECH_STATUS ("submitted")},
    {.method = "GET",.path = SPEECH_TASK_PATH,.times = 1,
        .body = SPEECH_STATUS ("processing")},
    {.method = "GET",.path = SPEECH_TASK_PATH,.body = SPEECH_OK},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  g_autoptr (GstStructure) plan = NULL;

  kling_test_set_speed (SPEED);
  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "poll-interval", 300 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_service_wait (service, "GET", SPEECH_TASK_PATH, 1,
          20000));
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_clear (run);
  plan = play_dry (run);
  check_names (plan, "await-speech create poll download");
  check_units (plan, 0.5, 6);
  g_object_set (run->lipsync, "poll-interval", 1 * GST_SECOND, NULL);
  play_wet (run);
  fail_unless_equals_int (kling_test_server_count (service->server, "POST",
          OFFICIAL_SPEECH_PATH), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_here)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  g_autoptr (GstStructure) plan = NULL;

  kling_test_set_speed (SPEED);
  play_wet (run);
  kling_test_run_clear (run);
  plan = play_dry (run);
  check_names (plan, "");
  kling_test_check_contains (gst_structure_get_string (plan, "text"),
      "The video is here");
}

GST_END_TEST;

/* A question that an earlier run has left is not answered by a plan. */
GST_START_TEST (test_doubt)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.act = KLING_TEST_RESET},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  guint n_calls;

  kling_test_set_speed (SPEED);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SYNC);
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_clear (run);
  n_calls = kling_test_server_count (service->server, NULL, NULL);
  g_object_set (run->lipsync, "dry-run", TRUE, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SYNC), "may have been accepted");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL, NULL),
      n_calls);
}

GST_END_TEST;

/* ---- what the sandbox charges ---- */

static void
check_charged (KlingTestSandbox * sandbox, const GstStructure * plan,
    gboolean to_the_unit)
{
  g_autoptr (JsonNode) ledger =
      kling_test_sandbox_get_json (sandbox, "/sandbox/ledger");
  gdouble charged = json_object_get_double_member (json_node_get_object
      (ledger), "units");
  gdouble min, max;

  fail_unless (gst_structure_get_double (plan, "units-min", &min));
  fail_unless (gst_structure_get_double (plan, "units-max", &max));
  fail_unless (charged > min - 1e-6 && charged < max + 1e-6,
      "%g is not %g to %g", charged, min, max);
  fail_unless (!to_the_unit || max - min < 1e-6, "%g is not %g", min, max);
}

/* Returns: whether the first file that has arrived is the first that was planned */
static gboolean
is_first_upload (KlingTestSender * sender, const GstStructure * plan)
{
  g_autoptr (JsonArray) calls = kling_test_sender_get_calls (sender);
  const gchar *text = gst_structure_get_string (get_call (plan, 0), "text");

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    if (g_str_equal (json_object_get_string_member (call, "method"), "PUT"))
      return g_str_has_suffix (json_object_get_string_member (call, "path"),
          ".wav") == (strstr (text, "upload the audio") != NULL);
  }
  return FALSE;
}

/* Speech and video are here, so the price is known. */
GST_START_TEST (test_price_of_files)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autoptr (GstStructure) plan = NULL;

  kling_test_run_use_dialect (sender->run, "official");
  kling_test_sender_use_sandbox (sender);
  plan = play_dry (sender->run);
  check_units (plan, 0.55, 0.55);
  kling_test_sender_check_paid (sender, 0, 0);
  fail_unless_equals_int (kling_test_sender_count (sender, "PUT", ""), 0);
  play_wet (sender->run);
  kling_test_sender_check_paid (sender, 1, 1);
  fail_unless (is_first_upload (sender, plan));
  check_charged (sender->sandbox, plan, TRUE);
}

GST_END_TEST;

/* The sandbox makes the video, which is as long as it is. */
GST_START_TEST (test_price_of_text)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.5", "--api-key", TEST_KEY,
      NULL);
  g_autoptr (KlingTestRun) run =
      kling_test_run_new (kling_test_sandbox_get_url (sandbox), "fakesink");
  g_autofree gchar *face = kling_test_sandbox_url (sandbox,
      "/sandbox/face.mp4");
  g_autoptr (GstStructure) plan = NULL;

  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "video-url", face, "poll-interval",
      500 * GST_MSECOND, "text", "The quick brown fox jumps over the lazy dog.",
      NULL);
  plan = play_dry (run);
  check_units (plan, 0.6, 6.1);
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "identify"), 0);
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "tts"), 0);
  play_wet (run);
  check_charged (sandbox, plan, FALSE);
}

GST_END_TEST;

static Suite *
plan_suite (void)
{
  Suite *suite = suite_create ("plan");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_run, 0, G_N_ELEMENTS (runs));
  tcase_add_test (tcase, test_no_key);
  tcase_add_test (tcase, test_refused);
  tcase_add_test (tcase, test_over);
  tcase_add_test (tcase, test_launch);
  tcase_add_test (tcase, test_store);
  tcase_add_test (tcase, test_awaited_speech);
  tcase_add_test (tcase, test_here);
  tcase_add_test (tcase, test_doubt);
  tcase_add_test (tcase, test_price_of_files);
  tcase_add_test (tcase, test_price_of_text);
  return suite;
}

GST_CHECK_MAIN (plan);
