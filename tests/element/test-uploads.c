/* klinglipsync tests: files from pads to where the service reads them
 *
 * Raw audio and a video file come into the pads; the sandbox is the service,
 * and what it fetched is compared with what was sent. The places are the
 * sandbox itself and the element; real ones are in test-places.c. The sandbox's
 * ledger says whose credentials came with each call.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <string.h>

#include <libsoup/soup.h>

/* ---- each kind of place ---- */

GST_START_TEST (test_sandbox_put)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");

  kling_test_sender_use_sandbox (sender);
  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_made (sender);
  fail_unless_equals_int (kling_test_sender_count (sender, "PUT", ""), 2);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", ""), 2);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
}

GST_END_TEST;

static const struct
{
  const gchar *shape, *options;
  gboolean cleanup;
} forms[] = {
  {"flat", "", TRUE},
  {"flat", "#field=file&url=/url", FALSE},
  {"nested", "#field=file&url=/data/downloadUrl", FALSE},
};

static void
set_shape (KlingTestSender * sender, const gchar * shape)
{
  g_autofree gchar *url = kling_test_sandbox_url (sender->sandbox,
      "/sandbox/shape");
  g_autofree gchar *body = g_strdup_printf ("{\"upload\": \"%s\"}", shape);
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (GBytes) answer = NULL;

  soup_message_set_request_body_from_bytes (message, "application/json", bytes);
  answer = soup_session_send_and_read (session, message, NULL, NULL);
  fail_unless_equals_int (soup_message_get_status (message), 200);
}

/* Two files stay, and nothing else is warned of. */
static void
forget_warnings (KlingTestRun * run)
{
  const gchar *warnings = kling_test_get_warnings (run);

  kling_test_check_contains (warnings, "Left behind: the file at http://127");
  kling_test_check_contains (warnings, "has no way to delete it");
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 2);
  kling_test_run_clear (run);
}

/* Such a place has no way to delete, which is said if it was wanted. */
GST_START_TEST (test_form)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");

  set_shape (sender, forms[__i__].shape);
  kling_test_sender_set_place (sender, "post+%s" SENDER_POST "%s",
      kling_test_sandbox_get_url (sender->sandbox), forms[__i__].options);
  kling_test_set_upload_header (sender->run, "Authorization",
      SENDER_PLACE_AUTHORIZATION);
  g_object_set (sender->run->lipsync, "upload-cleanup", forms[__i__].cleanup,
      NULL);
  kling_test_sender_play_to_end (sender);
  if (forms[__i__].cleanup)
    forget_warnings (sender->run);
  kling_test_sender_check_made (sender);
  fail_unless_equals_int (kling_test_sender_count (sender, "POST",
          SENDER_POST), 2);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", ""), 0);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 2);
}

GST_END_TEST;

/* Returns: (transfer full): where the service was sent to for the speech */
static gchar *
dup_audio_url (KlingTestSender * sender)
{
  g_autoptr (JsonNode) tasks = kling_test_sandbox_get_json (sender->sandbox,
      "/sandbox/tasks");
  JsonObject *task = json_array_get_object_element (json_node_get_array (tasks),
      0);
  JsonObject *request = json_object_get_object_member (task, "request");

  return g_strdup (json_object_get_string_member
      (json_object_get_object_member (request, "input"), "audio_url"));
}

static gboolean
is_served (const gchar * url)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GBytes) answer = soup_session_send_and_read (session, message,
      NULL, NULL);

  return answer != NULL;
}

GST_START_TEST (test_serve)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autofree gchar *url = NULL;

  kling_test_sender_set_place (sender, "serve:0");
  kling_test_sender_play (sender);
  kling_test_run_eos (sender->run);
  kling_test_sender_check_made (sender);
  url = dup_audio_url (sender);
  kling_test_check_contains (url, "http://127.0.0.1:");
  /* not when the element is stopped, but when the task has ended */
  fail_if (is_served (url), "%s is still there", url);
}

GST_END_TEST;

/* ---- headers, one by one ---- */

#define SERVICE_HEADER "X-Team"
#define PLACE_HEADER "X-Place-Key"
#define OUR_SECRETS TEST_KEY, "value-for-the-service", "value-for-the-place"

static gboolean
is_for_service (const KlingTestCall * call)
{
  return g_str_has_prefix (call->path, "/kling/");
}

static gboolean
changes_place (const KlingTestCall * call)
{
  return g_str_equal (call->method, "PUT")
      || g_str_equal (call->method, "DELETE");
}

static guint
check_head (const KlingTestCall * call, const gchar * secret, gboolean due)
{
  gboolean there = strstr (call->head, secret) != NULL;

  fail_unless (there == due, "%s %s: %s", call->method, call->path, call->head);
  return 1;
}

static guint
check_heads (KlingTestServer * server, gboolean is_service)
{
  static const gchar *const secrets[] = { OUR_SECRETS };
  const KlingTestCall *call;
  guint n = 0;

  for (; (call = kling_test_server_call (server, n)); n++) {
    gboolean paid = is_service && is_for_service (call);

    check_head (call, secrets[0], paid);
    check_head (call, secrets[1], paid);
    check_head (call, secrets[2], !is_service && changes_place (call));
  }
  return n;
}

/* Whatever the service and the place are sent: a look at all of it */
GST_START_TEST (test_headers)
{
  const KlingTestStep steps[] = {
    {.method = "PUT",.status = 201},
    {.method = "GET",.body = "RIFF",.length = SENDER_SPEECH_SIZE},
    {.method = "DELETE",.status = 204},
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestServer) place =
      kling_test_server_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *address = kling_test_server_url (place, "/in/{name}?q=1");
  g_autoptr (GstStructure) headers = gst_structure_new ("headers",
      SERVICE_HEADER, G_TYPE_STRING, "value-for-the-service", NULL);

  kling_test_set_speed (SENDER_SPEED);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "video-url", NULL, "text", NULL, "voice-id",
      NULL, "voice-language", NULL, "session-id", "session", "upload", address,
      "extra-headers", headers, NULL);
  kling_test_set_upload_header (run, PLACE_HEADER, "value-for-the-place");
  kling_test_send (run, "audio", SENDER_SPEECH);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless (check_heads (service->server, TRUE) >= 3);
  fail_unless_equals_int (check_heads (place, FALSE), 3);
  fail_unless (strstr (kling_test_server_call (place, 1)->path, "?") == NULL);
}

GST_END_TEST;

/* ---- how tasks end, and what is left ---- */

static const struct
{
  const gchar *order;
  guint identified, paid;
  gint code;
  const gchar *sentence;
} bad_ends[] = {
  /* the task fails */
  {"{\"match\": {\"kind\": \"create\"}, \"do\": {\"fail\": \"no lips\"}}", 1, 1,
      GST_RESOURCE_ERROR_FAILED, "no lips"},
  /* the create is refused: by what was asked, by who asked, by the policy */
  {"{\"match\": {\"kind\": \"create\"}, \"do\": {\"code\": 1201}}", 1, 0,
      GST_RESOURCE_ERROR_SETTINGS, "1201"},
  {"{\"match\": {\"kind\": \"create\"}, \"do\": {\"code\": 1002}}", 1, 0,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED, "1002"},
  {"{\"match\": {\"kind\": \"create\"}, \"do\": {\"code\": 1301}}", 1, 0,
      GST_RESOURCE_ERROR_SETTINGS, "1301"},
  /* identify-face is refused */
  {"{\"match\": {\"kind\": \"identify\"}, \"do\": {\"code\": 1201}}", 0, 0,
      GST_RESOURCE_ERROR_SETTINGS, "1201"},
};

/* Where there is no task any more that could read them, the files go. */
GST_START_TEST (test_bad_end)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");

  kling_test_sender_use_sandbox (sender);
  kling_test_sandbox_add_fault (sender->sandbox, "%s", bad_ends[__i__].order);
  kling_test_sender_play (sender);
  kling_test_check_contains (kling_test_run_error (sender->run,
          GST_RESOURCE_ERROR, bad_ends[__i__].code), bad_ends[__i__].sentence);
  kling_test_run_set (sender->run, GST_STATE_NULL);
  kling_test_sender_check_paid (sender, bad_ends[__i__].identified,
      bad_ends[__i__].paid);
  kling_test_sender_check_credentials (sender);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", ""), 2);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
  fail_unless_equals_string (kling_test_get_warnings (sender->run), "");
}

GST_END_TEST;

/* ---- before identify-face, which costs ---- */

static gint
find_call (JsonArray * calls, const gchar * method, const gchar * path,
    gboolean last)
{
  gint found = -1;

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    if (g_str_equal (json_object_get_string_member (call, "method"), method)
        && g_str_has_prefix (json_object_get_string_member (call, "path"), path)
        && (last || found < 0))
      found = i;
  }
  fail_unless (found >= 0, "no %s %s", method, path);
  return found;
}

/* How often an uploaded file was read before call @end */
static guint
count_reads_before (JsonArray * calls, gint end)
{
  guint n = 0;

  for (gint i = 0; i < end; i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    n += g_str_equal (json_object_get_string_member (call, "method"), "GET")
        && g_str_has_prefix (json_object_get_string_member (call, "path"),
        SENDER_POST) ? 1 : 0;
  }
  return n;
}

GST_START_TEST (test_order)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autoptr (JsonArray) calls = NULL;
  gint identify;

  kling_test_sender_use_sandbox (sender);
  kling_test_sender_play_to_end (sender);
  calls = kling_test_sender_get_calls (sender);
  identify = find_call (calls, "POST", IDENTIFY_PATH, FALSE);
  fail_unless (find_call (calls, "PUT", SENDER_POST, TRUE) < identify);
  /* by us, and the video by the service */
  fail_unless_equals_int (count_reads_before (calls, identify), 3);
  fail_unless (find_call (calls, "POST", CREATE_PATH, FALSE) > identify);
  fail_unless (find_call (calls, "DELETE", SENDER_POST, FALSE)
      > find_call (calls, "GET", CREATE_PATH, TRUE));
}

GST_END_TEST;

static const gchar *const late_faults[] = {
  /* the second file, and nobody reads it */
  "{\"match\": {\"method\": \"PUT\", \"nth\": 2}, \"do\": {\"status\": 403}}",
  "{\"match\": {\"method\": \"GET\", \"path\": \"/sandbox/uploads/\","
      " \"nth\": 2}, \"do\": {\"status\": 404}}",
};

/* When the second file has no luck, nothing was paid for the first. */
GST_START_TEST (test_second_file)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");

  kling_test_sender_use_sandbox (sender);
  kling_test_sandbox_add_fault (sender->sandbox, "%s", late_faults[__i__]);
  kling_test_sender_play (sender);
  fail_unless (kling_test_run_wait (sender->run, GST_MESSAGE_ERROR, 30));
  kling_test_run_set (sender->run, GST_STATE_NULL);
  fail_unless_equals_int (kling_test_sender_count (sender, "POST",
          "/kling/"), 0);
  kling_test_sender_check_paid (sender, 0, 0);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
}

GST_END_TEST;

/* ---- a service that quotes ---- */

#define PLACE "/place/our-secret-name.wav"
#define QUOTED "@BASE@" PLACE "?token=our-secret-token"
#define COMPLAINT "cannot read " QUOTED " (" PLACE "), sorry"
#define REFUSAL "{\"code\":1201,\"message\":\"" COMPLAINT "\"}"
#define TASK_FAILED "{\"code\":\"success\",\"data\":{\"status\":\"FAILURE\"," \
  "\"data\":{\"task_id\":\"" TEST_TASK "\",\"task_status\":\"failed\"," \
  "\"task_status_msg\":\"" COMPLAINT "\"}}}"

static const struct
{
  KlingTestStep step;
  gint code;
} quotes[] = {
  {{.method = "POST",.path = CREATE_PATH,.status = 400,.body = REFUSAL},
      GST_RESOURCE_ERROR_SETTINGS},
  {{.method = "GET",.path = CREATE_PATH,.body = TASK_FAILED},
      GST_RESOURCE_ERROR_FAILED},
  {{.method = "POST",.path = CREATE_PATH,.status = 502,.body = REFUSAL},
      GST_RESOURCE_ERROR_SYNC},
};

static void
check_no_quote (KlingTestRun * run)
{
  g_mutex_lock (&run->lock);
  for (guint i = 0; i < run->log->len; i++) {
    GstMessage *message = run->log->pdata[i];
    g_autofree gchar *text = GST_IS_MESSAGE (message)
        && gst_message_get_structure (message)
        ? gst_structure_to_string (gst_message_get_structure (message)) : NULL;

    fail_unless (text == NULL || strstr (text, "our-secret") == NULL, "%s",
        text);
  }
  g_mutex_unlock (&run->lock);
}

/* The service is its own place here, so that it knows the URL.
 * Returns: a run with a speech of %SENDER_SPEECH_SIZE bytes to send */
static KlingTestRun *
new_quoted_run (KlingTestService * service)
{
  g_autofree gchar *address = g_strconcat (service->url, PLACE, NULL);
  g_autofree gchar *public_url = g_strconcat (address,
      "?token=our-secret-token", NULL);
  KlingTestRun *run = kling_test_run_new (service->url, "fakesink");

  g_object_set (run->lipsync, "video-url", NULL, "text", NULL, "voice-id",
      NULL, "voice-language", NULL, "session-id", "session", "upload", address,
      "upload-public-url", public_url, "poll-interval", 2 * GST_SECOND, NULL);
  kling_test_send (run, "audio", SENDER_SPEECH);
  return run;
}

static KlingTestService *
start_quoting_service (const KlingTestStep * quote)
{
  const KlingTestStep steps[] = {
    {.method = "PUT",.path = PLACE,.status = 201},
    {.method = "GET",.path = PLACE,.body = "RIFF",
        .length = SENDER_SPEECH_SIZE},
    {.method = "DELETE",.path = PLACE,.status = 204},
    *quote,
  };

  kling_test_set_speed (SENDER_SPEED);
  return kling_test_service_start (steps, G_N_ELEMENTS (steps));
}

GST_START_TEST (test_quoted_url)
{
  g_autoptr (KlingTestService) service =
      start_quoting_service (&quotes[__i__].step);
  g_autoptr (KlingTestRun) run = new_quoted_run (service);

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          quotes[__i__].code), "cannot read (the uploaded file)");
  kling_test_check_contains (kling_test_service_get_body (service, "POST",
          CREATE_PATH), "our-secret-token");
  check_no_quote (run);
  kling_test_service_check (service, 0, 1);
}

GST_END_TEST;

/* In progress, too */
GST_START_TEST (test_quoted_in_progress)
{
  const KlingTestStep quote = {.method = "GET",.path = CREATE_PATH,.times = 1,
    .status = 500,.body = REFUSAL
  };
  g_autoptr (KlingTestService) service = start_quoting_service (&quote);
  g_autoptr (KlingTestRun) run = new_quoted_run (service);

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless (kling_test_run_has_text (run,
          "cannot read (the uploaded file)"));
  check_no_quote (run);
}

GST_END_TEST;

static const struct
{
  guint nth;
  guint identified;
} unread[] = {
  /* two are read by us; the next is the video, the last the audio */
  {3, 0},
  {4, 1},
};

/* The sandbox quotes what it could not fetch, with its path. */
GST_START_TEST (test_quoting_sandbox)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  const gchar *sentence;

  kling_test_sender_use_sandbox (sender);
  kling_test_sandbox_add_fault (sender->sandbox, "{\"match\": {\"method\":"
      " \"GET\", \"path\": \"/sandbox/uploads/\", \"nth\": %u}, \"do\":"
      " {\"status\": 404}}", unread[__i__].nth);
  kling_test_sender_play (sender);
  sentence = kling_test_run_error (sender->run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, "cannot fetch (the uploaded file)");
  fail_unless (strstr (sentence, "/uploads/") == NULL, "%s", sentence);
  kling_test_run_set (sender->run, GST_STATE_NULL);
  kling_test_sender_check_paid (sender, unread[__i__].identified, 0);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
}

GST_END_TEST;

/* ---- what upload says ---- */

static const struct
{
  const gchar *address, *header;
  const gchar *words;
} wrong[] = {
  {"http://media.example/{name}", NULL, "https"},
  {"post+http://media.example/", NULL, "https"},
  {"https://user:our-secret@media.example/{name}", NULL, "upload-headers"},
  {"ftp://media.example/{name}", NULL, "s3://bucket/prefix"},
  {"/home/me/{name}", NULL, "s3://bucket/prefix"},
  {"s3://bucket?region=eu-central-1", NULL,
      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
  {"s3://bucket", NULL, "region="},
  {"serve:", NULL, "serve:0"},
  {"serve:0?public=http://media.example/", NULL, "https"},
  {"serve:0", "our-secret", "upload-headers has no meaning"},
  {"https://media.example/{name}", "our-secret\nX: y", "cannot be sent"},
  {NULL, NULL, "Set upload, or KLING_UPLOAD, to serve:0"},
  {NULL, NULL, "https://my.host/dir/{name}"},
  {NULL, NULL, "post+https://my.host/upload"},
  {NULL, NULL, "s3://bucket/prefix"},
};

static KlingTestRun *
new_run_with_pad (const gchar * url, const gchar * address)
{
  KlingTestRun *run = kling_test_run_new (url, "fakesink");

  g_object_set (run->lipsync, "video-url", NULL, "text", NULL, "voice-id",
      NULL, "voice-language", NULL, "session-id", "session", "upload", address,
      NULL);
  kling_test_send (run, "audio", SENDER_SPEECH);
  return run;
}

/* Before anything is collected, in one sentence that says what to do */
GST_START_TEST (test_wrong)
{
  static const gchar *const names[] = { "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  const gchar *sentence;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_unsetenv (names[i]);
  run = new_run_with_pad (service->url, wrong[__i__].address);
  kling_test_set_upload_header (run, "X-Key", wrong[__i__].header);
  kling_test_run_refused (run, GST_STATE_READY);
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, wrong[__i__].words);
  check_no_quote (run);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

static const struct
{
  const gchar *property, *environment;
  gboolean good;
} sources[] = {
  {NULL, "serve:0", TRUE},
  {"", "serve:0", TRUE},
  {NULL, "ftp://media.example/", FALSE},
  /* the property wins */
  {"serve:0", "ftp://media.example/", TRUE},
  {"ftp://media.example/", "serve:0", FALSE},
};

GST_START_TEST (test_environment)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SENDER_SPEED);
  g_setenv ("KLING_UPLOAD", sources[__i__].environment, TRUE);
  run = new_run_with_pad (service->url, sources[__i__].property);
  if (sources[__i__].good) {
    kling_test_run_set (run, GST_STATE_PLAYING);
    kling_test_run_eos (run);
    kling_test_service_check (service, 0, 1);
  } else {
    kling_test_run_refused (run, GST_STATE_READY);
    kling_test_service_check (service, 0, 0);
  }
}

GST_END_TEST;

static const struct
{
  const gchar *base_url, *upload;
  gboolean warned;
} reaches[] = {
  {"https://127.0.0.1:1", "serve:0", TRUE},
  {"https://127.0.0.1:1", "http://127.0.0.1:1/{name}", TRUE},
  {"http://127.0.0.1:1", "serve:0", FALSE},
};

/* A service elsewhere cannot read what is on this machine only. */
GST_START_TEST (test_loopback)
{
  g_autoptr (KlingTestRun) run = NULL;
  const gchar *warnings;

  kling_test_set_speed (SENDER_SPEED);
  run = new_run_with_pad (reaches[__i__].base_url, reaches[__i__].upload);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait (run, GST_MESSAGE_ERROR, 30));
  warnings = kling_test_get_warnings (run);
  if (reaches[__i__].warned)
    kling_test_check_contains (warnings, "where only this machine can read it");
  else
    fail_unless_equals_string (warnings, "");
}

GST_END_TEST;

static Suite *
uploads_suite (void)
{
  Suite *suite = suite_create ("uploads");
  TCase *tcase = tcase_create ("uploads");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_sandbox_put);
  tcase_add_loop_test (tcase, test_form, 0, G_N_ELEMENTS (forms));
  tcase_add_test (tcase, test_serve);
  tcase_add_test (tcase, test_headers);
  tcase_add_loop_test (tcase, test_bad_end, 0, G_N_ELEMENTS (bad_ends));
  tcase_add_test (tcase, test_order);
  tcase_add_loop_test (tcase, test_second_file, 0, G_N_ELEMENTS (late_faults));
  tcase_add_loop_test (tcase, test_quoted_url, 0, G_N_ELEMENTS (quotes));
  tcase_add_test (tcase, test_quoted_in_progress);
  tcase_add_loop_test (tcase, test_quoting_sandbox, 0, G_N_ELEMENTS (unread));
  tcase_add_loop_test (tcase, test_wrong, 0, G_N_ELEMENTS (wrong));
  tcase_add_loop_test (tcase, test_environment, 0, G_N_ELEMENTS (sources));
  tcase_add_loop_test (tcase, test_loopback, 0, G_N_ELEMENTS (reaches));
  return suite;
}

GST_CHECK_MAIN (uploads);
