/* klinglipsync tests: a run with files to send, and a sandbox to send them to
 *
 * The functions run on the thread of the test. The samples are kept on a
 * streaming thread, and read when the run has ended.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <string.h>

#define WAV_HEADER 44

/* ---- what is sent ---- */

/* Each start of the pipeline sends the same once more. */
static GstPadProbeReturn
keep_samples (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GByteArray *samples = user_data;
  GstMapInfo map;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    fail_unless (gst_buffer_map (GST_PAD_PROBE_INFO_BUFFER (info), &map,
            GST_MAP_READ));
    g_byte_array_append (samples, map.data, map.size);
    gst_buffer_unmap (GST_PAD_PROBE_INFO_BUFFER (info), &map);
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))
      == GST_EVENT_STREAM_START) {
    g_byte_array_set_size (samples, 0);
  }
  return GST_PAD_PROBE_OK;
}

static GstElement *
add_source (KlingTestRun * run, const gchar * description)
{
  g_autoptr (GError) error = NULL;
  GstElement *bin = gst_parse_bin_from_description (description, TRUE, &error);

  fail_unless (bin != NULL, "%s: %s", description, error ? error->message : "");
  fail_unless (gst_bin_add (GST_BIN (run->pipeline), bin));
  return bin;
}

/**
 * kling_test_send:
 * @run: a run in NULL
 * @pad: "audio" or "video"
 * @description: launch line of what goes into this pad
 */
void
kling_test_send (KlingTestRun * run, const gchar * pad,
    const gchar * description)
{
  GstElement *bin = add_source (run, description);

  fail_unless (gst_element_link_pads (bin, "src", run->lipsync, pad));
}

static void
send_all (KlingTestSender * sender)
{
  g_autofree gchar *video =
      g_strdup_printf ("filesrc location=\"%s/" CLIP_FACE "\"",
      g_getenv ("KLING_TEST_CLIPS"));
  g_autoptr (GstPad) sink = NULL;

  kling_test_send (sender->run, "audio", SENDER_SPEECH);
  kling_test_send (sender->run, "video", video);
  sink = gst_element_get_static_pad (sender->run->lipsync, "audio");
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_samples, sender->samples,
      NULL);
}

/* ---- the sender ---- */

/**
 * kling_test_sender_new:
 * @latency: seconds that a task takes
 *
 * The element's clock runs %SENDER_SPEED times as fast. The property upload is
 * still to be set.
 *
 * Returns: (transfer full): a sender in NULL
 */
KlingTestSender *
kling_test_sender_new (const gchar * latency)
{
  KlingTestSender *sender = g_new0 (KlingTestSender, 1);
  g_autofree gchar *clip = g_build_filename (g_getenv ("KLING_TEST_CLIPS"),
      CLIP_SMALL, NULL);

  kling_test_set_speed (SENDER_SPEED);
  sender->sandbox = kling_test_sandbox_start ("--clip", clip, "--latency",
      latency, "--api-key", TEST_KEY, "--upload-auth",
      SENDER_PLACE_AUTHORIZATION, NULL);
  sender->samples = g_byte_array_new ();
  sender->run =
      kling_test_run_new (kling_test_sandbox_get_url (sender->sandbox),
      "fakesink");
  g_object_set (sender->run->lipsync, "video-url", NULL, "text", NULL,
      "voice-id", NULL, "voice-language", NULL, "poll-interval",
      2 * GST_SECOND, NULL);
  send_all (sender);
  return sender;
}

/**
 * kling_test_sender_free:
 * @sender: (transfer full): a sender
 */
void
kling_test_sender_free (KlingTestSender * sender)
{
  kling_test_run_free (sender->run);
  kling_test_sandbox_stop (sender->sandbox);
  g_byte_array_unref (sender->samples);
  g_free (sender);
}

/**
 * kling_test_sender_set_place:
 * @sender: a sender in NULL
 * @format: printf format of the property upload
 * @...: its arguments
 */
void
kling_test_sender_set_place (KlingTestSender * sender, const gchar * format,
    ...)
{
  g_autofree gchar *address = NULL;
  va_list args;

  va_start (args, format);
  address = g_strdup_vprintf (format, args);
  va_end (args);
  g_object_set (sender->run->lipsync, "upload", address, NULL);
}

/**
 * kling_test_sender_use_sandbox:
 * @sender: a sender in NULL
 *
 * The sandbox is the place, by PUT.
 */
void
kling_test_sender_use_sandbox (KlingTestSender * sender)
{
  kling_test_sender_set_place (sender, "%s" SENDER_PUT,
      kling_test_sandbox_get_url (sender->sandbox));
  kling_test_set_upload_header (sender->run, "Authorization",
      SENDER_PLACE_AUTHORIZATION);
}

/**
 * kling_test_set_upload_header:
 * @run: a run
 * @name: of a header
 * @value: (nullable): its value, or %NULL for no header at all
 */
void
kling_test_set_upload_header (KlingTestRun * run, const gchar * name,
    const gchar * value)
{
  g_autoptr (GstStructure) headers = value ? gst_structure_new ("headers",
      name, G_TYPE_STRING, value, NULL) : NULL;

  g_object_set (run->lipsync, "upload-headers", headers, NULL);
}

/**
 * kling_test_sender_play:
 * @sender: a sender in NULL
 *
 * Starts it, and forgets what it said before.
 */
void
kling_test_sender_play (KlingTestSender * sender)
{
  kling_test_run_clear (sender->run);
  kling_test_run_set (sender->run, GST_STATE_PLAYING);
}

/**
 * kling_test_sender_play_to_end:
 * @sender: a sender in NULL
 *
 * From NULL to NULL, with a video.
 */
void
kling_test_sender_play_to_end (KlingTestSender * sender)
{
  kling_test_sender_play (sender);
  kling_test_run_eos (sender->run);
  kling_test_run_check_progress (sender->run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_run_set (sender->run, GST_STATE_NULL);
}

/* ---- what came of it ---- */

static gchar *
dup_session_id (KlingTestSender * sender, const gchar * task_id)
{
  g_autofree gchar *path = g_strconcat ("/sandbox/tasks/", task_id, NULL);
  g_autoptr (JsonNode) task = kling_test_sandbox_get_json (sender->sandbox,
      path);
  JsonObject *request = json_object_get_object_member
      (json_node_get_object (task), "request");

  return g_strdup (json_object_get_string_member
      (json_object_get_object_member (request, "input"), "session_id"));
}

/**
 * kling_test_sender_check_received:
 * @sender: a sender that has made a video
 *
 * The service read what was sent.
 */
void
kling_test_sender_check_received (KlingTestSender * sender)
{
  g_autoptr (JsonNode) tasks = kling_test_sandbox_get_json (sender->sandbox,
      "/sandbox/tasks");
  JsonObject *task = json_array_get_object_element (json_node_get_array (tasks),
      0);
  const gchar *task_id = json_object_get_string_member (task, "id");
  g_autofree gchar *session_id = dup_session_id (sender, task_id);
  g_autofree gchar *speech_path = g_strdup_printf ("/sandbox/tasks/%s/speech",
      task_id);
  g_autofree gchar *video_path = g_strdup_printf ("/sandbox/sessions/%s/video",
      session_id);
  g_autoptr (GBytes) speech = kling_test_sandbox_get (sender->sandbox,
      speech_path);
  g_autoptr (GBytes) video = kling_test_sandbox_get (sender->sandbox,
      video_path);
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_FACE);
  gsize size;
  const gchar *wav = g_bytes_get_data (speech, &size);

  fail_unless_equals_int (size, SENDER_SPEECH_SIZE);
  fail_unless_equals_int (sender->samples->len, size - WAV_HEADER);
  fail_unless (memcmp (wav + WAV_HEADER, sender->samples->data,
          sender->samples->len) == 0, "the speech is another one");
  fail_unless (g_bytes_equal (video, clip), "the video is another one");
}

/**
 * kling_test_sender_check_paid:
 * @sender: a sender
 * @identified: how many sessions there must have been
 * @paid: how many tasks there must have been
 */
void
kling_test_sender_check_paid (KlingTestSender * sender, guint identified,
    guint paid)
{
  fail_unless_equals_int64 (kling_test_sandbox_count (sender->sandbox,
          "identify"), identified);
  fail_unless_equals_int64 (kling_test_sandbox_count (sender->sandbox,
          "paid"), paid);
}

/**
 * kling_test_sender_get_calls:
 * @sender: a sender
 *
 * Returns: (transfer full): what the ledger of the sandbox lists
 */
JsonArray *
kling_test_sender_get_calls (KlingTestSender * sender)
{
  g_autoptr (JsonNode) ledger = kling_test_sandbox_get_json (sender->sandbox,
      "/sandbox/ledger");

  return json_array_ref (json_object_get_array_member
      (json_node_get_object (ledger), "calls"));
}

/**
 * kling_test_sender_count:
 * @sender: a sender
 * @method: of the calls
 * @path: what their paths begin with
 *
 * Returns: how many such calls the sandbox lists
 */
guint
kling_test_sender_count (KlingTestSender * sender, const gchar * method,
    const gchar * path)
{
  g_autoptr (JsonArray) calls = kling_test_sender_get_calls (sender);
  guint n = 0;

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    n += g_str_equal (json_object_get_string_member (call, "method"), method)
        && g_str_has_prefix (json_object_get_string_member (call, "path"),
        path) ? 1 : 0;
  }
  return n;
}

/**
 * kling_test_sender_wait:
 * @sender: a sender
 * @method: of the calls
 * @path: what their paths begin with
 * @n: how many to wait for
 *
 * Returns: whether they have come
 */
gboolean
kling_test_sender_wait (KlingTestSender * sender, const gchar * method,
    const gchar * path, guint n)
{
  gint64 start = g_get_monotonic_time ();

  while (kling_test_sender_count (sender, method, path) < n) {
    if (kling_test_ms_since (start) > 20000)
      return FALSE;
    g_usleep (5000);
  }
  return TRUE;
}

/**
 * kling_test_sender_count_files:
 * @sender: a sender
 *
 * Returns: how many uploads the sandbox has
 */
guint
kling_test_sender_count_files (KlingTestSender * sender)
{
  g_autoptr (JsonNode) list = kling_test_sandbox_get_json (sender->sandbox,
      "/sandbox/uploads");

  return json_array_get_length (json_node_get_array (list));
}

/* Whose credentials a call has to carry, and no other's */
static const gchar *
find_right_credential (JsonObject * call)
{
  const gchar *method = json_object_get_string_member (call, "method");
  const gchar *path = json_object_get_string_member (call, "path");

  if (g_str_has_prefix (path, "/kling/"))
    return "service";
  if (g_str_has_prefix (path, SENDER_POST) && !g_str_equal (method, "GET")
      && !g_str_equal (method, "FETCH"))
    return "upload";
  return "";
}

static gchar *
join_credentials (JsonObject * call)
{
  JsonArray *list = json_object_get_array_member (call, "credentials");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (list); i++)
    g_string_append_printf (text, "%s%s", i ? " " : "",
        json_array_get_string_element (list, i));
  return g_string_free (text, FALSE);
}

/**
 * kling_test_sender_check_credentials:
 * @sender: a sender
 *
 * The service's key came with the calls of the service, those of the place with
 * what changes files there, and neither with anything else.
 */
void
kling_test_sender_check_credentials (KlingTestSender * sender)
{
  g_autoptr (JsonArray) calls = kling_test_sender_get_calls (sender);

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);
    g_autofree gchar *credentials = join_credentials (call);
    const gchar *right = find_right_credential (call);

    fail_unless (g_str_equal (credentials, right), "%s %s came with \"%s\"",
        json_object_get_string_member (call, "method"),
        json_object_get_string_member (call, "path"), credentials);
  }
}

/**
 * kling_test_get_warnings:
 * @run: a run
 *
 * Returns: (transfer none): the sentences of all its warnings, one a line
 */
const gchar *
kling_test_get_warnings (KlingTestRun * run)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const gchar *interned;

  g_mutex_lock (&run->lock);
  for (guint i = 0; i < run->log->len; i++) {
    GstMessage *message = run->log->pdata[i];
    g_autoptr (GError) warning = NULL;

    if (!GST_IS_MESSAGE (message)
        || GST_MESSAGE_TYPE (message) != GST_MESSAGE_WARNING)
      continue;
    gst_message_parse_warning (message, &warning, NULL);
    g_string_append_printf (text, "%s\n", warning->message);
  }
  g_mutex_unlock (&run->lock);
  interned = g_intern_string (text->str);
  return interned;
}

/**
 * kling_test_sender_check_made:
 * @sender: a sender that has made a video
 *
 * All was as it should be.
 */
void
kling_test_sender_check_made (KlingTestSender * sender)
{
  kling_test_sender_check_received (sender);
  kling_test_sender_check_paid (sender, 1, 1);
  kling_test_sender_check_credentials (sender);
  fail_unless_equals_string (kling_test_get_warnings (sender->run), "");
}
