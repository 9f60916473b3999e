/* klinglipsync tests: pipelines into the sink pads, and a sandbox behind them
 *
 * One sandbox serves all tests of a program, because it takes half a second to
 * start: setup and teardown are for an unchecked fixture, before and after the
 * tests fork; kling_test_inputs_begin() is for a checked one. What a test has
 * paid is the difference.
 *
 * What goes wrong here fails the test. One thread, that of the test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "inputs-helper.h"

#include <math.h>
#include <string.h>

/* Of fast results */
#define LATENCY "0.1"
#define WAV_HEADER 44

static KlingTestSandbox *sandbox;
static gchar *directory;
static gint64 paid_before;

/* ---- the sandbox ---- */

/**
 * kling_test_inputs_setup:
 * @clip: (nullable): the clip that is the result of every task, or %NULL for
 *   results that are drawn
 */
void
kling_test_inputs_setup (const gchar * clip)
{
  g_autofree gchar *path = clip ? g_build_filename (g_getenv
      ("KLING_TEST_CLIPS"), clip, NULL) : NULL;

  directory = kling_test_make_tree ("test-inputs");
  g_assert (directory != NULL);
  sandbox = kling_test_sandbox_start ("--latency", LATENCY, clip ? "--clip"
      : NULL, path, NULL);
}

/**
 * kling_test_inputs_teardown:
 */
void
kling_test_inputs_teardown (void)
{
  g_clear_pointer (&sandbox, kling_test_sandbox_stop);
  kling_test_remove_tree (directory);
  g_clear_pointer (&directory, g_free);
}

/**
 * kling_test_inputs_begin:
 *
 * A test begins: what was paid up to now was for others.
 */
void
kling_test_inputs_begin (void)
{
  paid_before = kling_test_sandbox_count (sandbox, "paid");
}

/**
 * kling_test_inputs_get_sandbox:
 *
 * Returns: (transfer none): the sandbox
 */
KlingTestSandbox *
kling_test_inputs_get_sandbox (void)
{
  return sandbox;
}

/**
 * kling_test_inputs_count_paid:
 *
 * Returns: how many tasks this test has paid for
 */
guint
kling_test_inputs_count_paid (void)
{
  return (guint) (kling_test_sandbox_count (sandbox, "paid") - paid_before);
}

/**
 * kling_test_inputs_path:
 * @name: a file name
 *
 * Returns: (transfer full): a path for a file of the tests
 */
gchar *
kling_test_inputs_path (const gchar * name)
{
  return g_build_filename (directory, name, NULL);
}

/* ---- pipelines ---- */

/**
 * kling_test_inputs_make:
 * @format: printf format of a launch line
 * @...: its arguments
 *
 * Plays it to its end, to make a file.
 */
void
kling_test_inputs_make (const gchar * format, ...)
{
  g_autofree gchar *line = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch (line, &error);
  fail_unless (error == NULL, "%s: %s", line, error ? error->message : "");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS, "%s",
      line);
}

/**
 * kling_test_inputs_new:
 * @format: printf format of what follows klinglipsync in the launch line: its
 *   sink, then the branches that lead to "lipsync.audio" and the like
 * @...: its arguments
 *
 * Nothing is set of what is said; the video is that of the sandbox.
 *
 * Returns: (transfer full): a pipeline in NULL
 */
KlingTestRun *
kling_test_inputs_new (const gchar * format, ...)
{
  g_autofree gchar *face = kling_test_sandbox_url (sandbox,
      "/sandbox/face.mp4");
  g_autofree gchar *line = NULL;
  KlingTestRun *run;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  run = kling_test_run_new (kling_test_sandbox_get_url (sandbox), line);
  g_object_set (run->lipsync, "api-key", KLING_TEST_SANDBOX_KEY, "video-url",
      face, "text", NULL, "voice-id", NULL, "voice-language", NULL, "upload",
      "serve:0", "poll-interval", 100 * GST_MSECOND, NULL);
  return run;
}

/**
 * kling_test_inputs_play:
 * @run: a run in any state
 * @paid: what this test shall have paid at the end
 *
 * Plays it to a good end.
 */
void
kling_test_inputs_play (KlingTestRun * run, guint paid)
{
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (kling_test_inputs_count_paid (), paid);
}

/**
 * kling_test_inputs_find:
 * @run: a run
 * @name: an element of its pipeline
 *
 * Returns: (transfer full): the element
 */
GstElement *
kling_test_inputs_find (KlingTestRun * run, const gchar * name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (run->pipeline), name);

  fail_unless (element != NULL, "no %s", name);
  return element;
}

/**
 * kling_test_inputs_push:
 * @run: a run in PAUSED or PLAYING
 * @name: an appsrc of its pipeline
 * @buffer: (transfer full): what comes next
 */
void
kling_test_inputs_push (KlingTestRun * run, const gchar * name,
    GstBuffer * buffer)
{
  g_autoptr (GstElement) source = kling_test_inputs_find (run, name);
  GstFlowReturn ret;

  g_signal_emit_by_name (source, "push-buffer", buffer, &ret);
  gst_buffer_unref (buffer);
  fail_unless_equals_int (ret, GST_FLOW_OK);
}

/**
 * kling_test_inputs_end:
 * @run: a run in PAUSED or PLAYING
 * @name: an appsrc of its pipeline
 */
void
kling_test_inputs_end (KlingTestRun * run, const gchar * name)
{
  g_autoptr (GstElement) source = kling_test_inputs_find (run, name);
  GstFlowReturn ret;

  g_signal_emit_by_name (source, "end-of-stream", &ret);
  fail_unless_equals_int (ret, GST_FLOW_OK);
}

/* ---- what the sandbox has received ---- */

/**
 * kling_test_inputs_get_task:
 * @run: a run that has got its video
 *
 * Returns: (transfer full): the task, as the sandbox tells it
 */
JsonObject *
kling_test_inputs_get_task (KlingTestRun * run)
{
  g_autofree gchar *task_id = kling_test_run_dup_task_id (run);
  g_autofree gchar *path = g_strdup_printf ("/sandbox/tasks/%s", task_id);
  g_autoptr (JsonNode) task = kling_test_sandbox_get_json (sandbox, path);

  return json_object_ref (json_node_get_object (task));
}

/**
 * kling_test_inputs_get_speech:
 * @run: a run that has got its video
 *
 * Returns: (transfer full): the audio file that the sandbox has fetched
 */
GBytes *
kling_test_inputs_get_speech (KlingTestRun * run)
{
  g_autofree gchar *task_id = kling_test_run_dup_task_id (run);
  g_autofree gchar *path = g_strdup_printf ("/sandbox/tasks/%s/speech",
      task_id);

  return kling_test_sandbox_get (sandbox, path);
}

/**
 * kling_test_inputs_get_video:
 * @run: a run that has got its video
 *
 * Returns: (transfer full): the source video that the sandbox has fetched
 */
GBytes *
kling_test_inputs_get_video (KlingTestRun * run)
{
  JsonObject *task = kling_test_inputs_get_task (run);
  g_autofree gchar *path = g_strdup_printf ("/sandbox/sessions/%s/video",
      json_object_get_string_member (task, "session_id"));

  json_object_unref (task);
  return kling_test_sandbox_get (sandbox, path);
}

/* ---- what was said ---- */

/**
 * kling_test_inputs_first_error:
 * @run: a run
 *
 * Waits for an error. Those that follow are of elements upstream, whose streams
 * end with it.
 *
 * Returns: (transfer none): the sentence of the first one, which is ours
 */
const gchar *
kling_test_inputs_first_error (KlingTestRun * run)
{
  GstMessage *message = kling_test_run_wait (run, GST_MESSAGE_ERROR, 20);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no error within 20 s");
  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT (run->lipsync));
  gst_message_parse_error (message, &error, NULL);
  return g_intern_string (error->message);
}

/**
 * kling_test_inputs_wait_text:
 * @run: a run
 * @words: a part of a sentence
 *
 * Returns: whether a progress message says it within 20 s
 */
gboolean
kling_test_inputs_wait_text (KlingTestRun * run, const gchar * words)
{
  gint64 start = g_get_monotonic_time ();

  while (!kling_test_run_has_text (run, words)) {
    if (kling_test_ms_since (start) > 20000)
      return FALSE;
    g_usleep (2000);
  }
  return TRUE;
}

/* ---- samples ---- */

/**
 * kling_test_samples_clear:
 * @samples: samples
 */
void
kling_test_samples_clear (KlingTestSamples * samples)
{
  g_clear_pointer (&samples->data, g_free);
}

/**
 * kling_test_samples_read:
 * @wav: a WAV file as klinglipsync makes it
 *
 * Returns: (transfer full): what is in it
 */
KlingTestSamples
kling_test_samples_read (GBytes * wav)
{
  KlingTestSamples samples = { 0 };
  gsize size;
  const guint8 *data = g_bytes_get_data (wav, &size);

  fail_unless (size >= WAV_HEADER && memcmp (data, "RIFF", 4) == 0);
  fail_unless_equals_int (GST_READ_UINT16_LE (data + 22), 1);
  fail_unless_equals_int (GST_READ_UINT16_LE (data + 34), 16);
  fail_unless_equals_int (GST_READ_UINT32_LE (data + 40), size - WAV_HEADER);
  samples.rate = (gint) GST_READ_UINT32_LE (data + 24);
  samples.n = (size - WAV_HEADER) / 2;
  samples.data = g_new (gint16, samples.n);
  for (gsize i = 0; i < samples.n; i++)
    samples.data[i] = (gint16) GST_READ_UINT16_LE (data + WAV_HEADER + 2 * i);
  return samples;
}

/**
 * kling_test_samples_chirp:
 * @seconds: when
 *
 * Returns: from -0.5 to 0.5; a tone that rises, so that no part of it is like
 *   another
 */
gdouble
kling_test_samples_chirp (gdouble seconds)
{
  return 0.5 * sin (2 * G_PI * (300 + 200 * seconds) * seconds);
}

/* The chirp from @start seconds on */
static gdouble *
make_chirp (gdouble start, gint rate, gsize n)
{
  gdouble *chirp = g_new (gdouble, n);

  for (gsize i = 0; i < n; i++)
    chirp[i] = kling_test_samples_chirp (start + i / (gdouble) rate);
  return chirp;
}

/**
 * kling_test_samples_find_lag:
 * @samples: a chirp
 * @most: seconds
 *
 * Returns: how much later than it should be it is, in seconds, from -@most to
 *   @most
 */
gdouble
kling_test_samples_find_lag (const KlingTestSamples * samples, gdouble most)
{
  gint end = (gint) (most * samples->rate), best = 0;
  g_autofree gdouble *chirp = make_chirp (-end / (gdouble) samples->rate,
      samples->rate, samples->n + 2 * end);
  gdouble highest = 0;

  for (gint lag = -end; lag <= end; lag++) {
    gdouble sum = 0;

    for (gsize i = 0; i < samples->n; i++)
      sum += samples->data[i] * chirp[(gint) i - lag + end];
    if (sum > highest) {
      highest = sum;
      best = lag;
    }
  }
  fail_unless (highest > 0);
  return best / (gdouble) samples->rate;
}

/**
 * kling_test_make_wav:
 * @milliseconds: how long
 *
 * Returns: (transfer full): a WAV file of 8-bit mono at 8000 Hz, so that a byte is
 *   125 us; it is not silent
 */
GBytes *
kling_test_make_wav (guint milliseconds)
{
  guint size = milliseconds * 8;
  guint8 *data = g_malloc (WAV_HEADER + size);

  memcpy (data, "RIFF    WAVEfmt ", 16);
  GST_WRITE_UINT32_LE (data + 4, WAV_HEADER - 8 + size);
  GST_WRITE_UINT32_LE (data + 16, 16);
  GST_WRITE_UINT16_LE (data + 20, 1);
  GST_WRITE_UINT16_LE (data + 22, 1);
  GST_WRITE_UINT32_LE (data + 24, 8000);
  GST_WRITE_UINT32_LE (data + 28, 8000);
  GST_WRITE_UINT16_LE (data + 32, 1);
  GST_WRITE_UINT16_LE (data + 34, 8);
  memcpy (data + 36, "data", 4);
  GST_WRITE_UINT32_LE (data + 40, size);
  for (guint i = 0; i < size; i++)
    data[WAV_HEADER + i] = (guint8) (i * 7);
  return g_bytes_new_take (data, WAV_HEADER + size);
}
