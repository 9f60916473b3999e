/* klinglipsync tests: the whole product against the sandbox
 *
 * Real videos are made, fetched, decoded and measured: that they are as long as
 * the speech, and that the mouth moves with it. The clock runs as it does for
 * users.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <math.h>
#include <string.h>

#include "kling-testsandbox.h"

/* Where the sample's mouth may be; what is dark there is the inside of it. */
#define MOUTH_X 540
#define MOUTH_Y 440
#define MOUTH_WIDTH 200
#define MOUTH_HEIGHT 130
#define DARK 75

#define MIN_CORRELATION 0.6
/* How many pictures the video may be longer or shorter than the speech */
#define LENGTH_SLACK 2

#define DECODE "qtdemux name=demux" \
  "  demux.video_0 ! video/x-h264 ! queue ! avdec_h264 ! videoconvert !" \
  " video/x-raw,format=I420 ! fakesink name=video signal-handoffs=true" \
  "  demux.audio_0 ! audio/mpeg,mpegversion=4 ! queue ! avdec_aac !" \
  " audioconvert ! audio/x-raw,format=S16LE,channels=1 !" \
  " fakesink name=audio signal-handoffs=true"

/* ---- a decoded film ---- */

typedef struct
{
  GArray *openings;             /* double: dark pixels of the mouth, a picture */
  GArray *times;                /* GstClockTime of the pictures */
  GArray *samples;              /* gint16 */
  GstClockTime audio_start;
  gint width, height, rate;
} Film;

static void
film_init (Film * film)
{
  memset (film, 0, sizeof *film);
  film->openings = g_array_new (FALSE, FALSE, sizeof (gdouble));
  film->times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  film->samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  film->audio_start = GST_CLOCK_TIME_NONE;
}

static void
film_clear (Film * film)
{
  g_array_unref (film->openings);
  g_array_unref (film->times);
  g_array_unref (film->samples);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Film, film_clear);

static gdouble
count_dark (const guint8 * luma, gint stride)
{
  guint n = 0;

  for (guint y = MOUTH_Y; y < MOUTH_Y + MOUTH_HEIGHT; y++)
    for (guint x = MOUTH_X; x < MOUTH_X + MOUTH_WIDTH; x++)
      n += luma[y * stride + x] < DARK ? 1 : 0;
  return n;
}

static const GstStructure *
get_structure (GstPad * pad, GstCaps ** caps)
{
  *caps = gst_pad_get_current_caps (pad);
  return gst_caps_get_structure (*caps, 0);
}

/* On the streaming thread of the picture */
static void
on_picture (GstElement * sink, GstBuffer * buffer, GstPad * pad,
    gpointer user_data)
{
  Film *film = user_data;
  GstCaps *caps;
  const GstStructure *structure = get_structure (pad, &caps);
  GstClockTime time = GST_BUFFER_PTS (buffer);
  GstMapInfo map;
  gdouble opening = 0;

  gst_structure_get_int (structure, "width", &film->width);
  gst_structure_get_int (structure, "height", &film->height);
  gst_caps_unref (caps);
  if (film->width >= 1280 && film->height >= 720
      && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    opening = count_dark (map.data, GST_ROUND_UP_4 (film->width));
    gst_buffer_unmap (buffer, &map);
  }
  g_array_append_val (film->openings, opening);
  g_array_append_val (film->times, time);
}

/* On the streaming thread of the sound */
static void
on_sound (GstElement * sink, GstBuffer * buffer, GstPad * pad,
    gpointer user_data)
{
  Film *film = user_data;
  GstCaps *caps;
  const GstStructure *structure = get_structure (pad, &caps);
  GstMapInfo map;

  gst_structure_get_int (structure, "rate", &film->rate);
  gst_caps_unref (caps);
  if (film->audio_start == GST_CLOCK_TIME_NONE)
    film->audio_start = GST_BUFFER_PTS (buffer);
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  g_array_append_vals (film->samples, map.data, map.size / 2);
  gst_buffer_unmap (buffer, &map);
}

static void
watch (GstElement * pipeline, const gchar * name, GCallback callback,
    Film * film)
{
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_signal_connect (sink, "handoff", callback, film);
}

/* The loudness of the sound under picture @i */
static gdouble
get_loudness (const Film * film, guint i, GstClockTime length)
{
  gint64 start = gst_util_uint64_scale (g_array_index (film->times,
          GstClockTime, i) - film->audio_start, film->rate, GST_SECOND);
  gint64 n = gst_util_uint64_scale (length, film->rate, GST_SECOND);
  gdouble sum = 0;

  for (gint64 j = MAX (start, 0); j < start + n
      && j < (gint64) film->samples->len; j++) {
    gdouble sample = g_array_index (film->samples, gint16, j) / 32768.0;

    sum += sample * sample;
  }
  return sqrt (sum / n);
}

static gdouble
correlate (const gdouble * a, const gdouble * b, guint n)
{
  gdouble mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;

  for (guint i = 0; i < n; i++) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (guint i = 0; i < n; i++) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / sqrt (aa * bb) : 0;
}

static GstClockTime
get_frame (const Film * film)
{
  guint n = film->times->len;

  return (g_array_index (film->times, GstClockTime, n - 1)
      - g_array_index (film->times, GstClockTime, 0)) / (n - 1);
}

static gdouble
measure_lips (const Film * film)
{
  guint n = film->openings->len;
  g_autofree gdouble *loudness = g_new0 (gdouble, n);

  for (guint i = 0; i < n; i++)
    loudness[i] = get_loudness (film, i, get_frame (film));
  return correlate ((const gdouble *) film->openings->data, loudness, n);
}

/* ---- the speech, as the sandbox keeps it ---- */

static void
count_samples (GstElement * sink, GstBuffer * buffer, GstPad * pad,
    gpointer user_data)
{
  *(guint64 *) user_data += gst_buffer_get_size (buffer) / 2;
}

/* Decodes a sound file, resampled to 48 kHz mono. */
static GstClockTime
measure_sound (const gchar * path)
{
  g_autofree gchar *line = g_strdup_printf ("filesrc location=%s ! decodebin !"
      " audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,"
      "rate=48000 ! fakesink name=sound signal-handoffs=true", path);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sound");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  guint64 n = 0;

  g_signal_connect (sink, "handoff", G_CALLBACK (count_samples), &n);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  return gst_util_uint64_scale (n, GST_SECOND, 48000);
}

static GstClockTime
measure_speech (KlingTestSandbox * sandbox, const gchar * task_id)
{
  g_autofree gchar *directory = kling_test_make_tree ("test-speech");
  g_autofree gchar *path = g_build_filename (directory, "speech", NULL);
  g_autofree gchar *where = g_strdup_printf ("/sandbox/tasks/%s/speech",
      task_id);
  g_autoptr (GBytes) sound = kling_test_sandbox_get (sandbox, where);
  GstClockTime length;
  gsize size;
  const gchar *data = g_bytes_get_data (sound, &size);

  fail_unless (g_file_set_contents (path, data, size, NULL));
  length = measure_sound (path);
  kling_test_remove_tree (directory);
  return length;
}

/* ---- the tests ---- */

static KlingTestRun *
make_run (KlingTestSandbox * sandbox, const gchar * downstream)
{
  KlingTestRun *run =
      kling_test_run_new (kling_test_sandbox_get_url (sandbox), downstream);
  g_autofree gchar *face = kling_test_sandbox_url (sandbox,
      "/sandbox/face.mp4");

  g_object_set (run->lipsync, "api-key", KLING_TEST_SANDBOX_KEY, "video-url",
      face, "poll-interval", 200 * GST_MSECOND, NULL);
  return run;
}

static void
check_paid (KlingTestSandbox * sandbox, guint identified, guint paid)
{
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "paid"), paid);
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "identify"),
      identified);
  fail_unless_equals_int (kling_test_sandbox_count_calls (sandbox, "create"),
      paid);
}

/* An index at the end, as of the service: it has to be jumped to. */
static void
check_index_at_end (KlingTestRun * run)
{
  g_autoptr (GBytes) data = kling_test_run_get_data (run);
  const gchar *bytes = g_bytes_get_data (data, NULL);
  gsize moov = 0, mdat = 0, at = 0, size = g_bytes_get_size (data);

  while (at + 8 <= size) {
    guint32 length = GST_READ_UINT32_BE (bytes + at);

    if (memcmp (bytes + at + 4, "moov", 4) == 0)
      moov = at;
    else if (memcmp (bytes + at + 4, "mdat", 4) == 0)
      mdat = at;
    fail_unless (length >= 8, "box of %u bytes at %" G_GSIZE_FORMAT, length,
        at);
    at += length;
  }
  fail_unless (mdat > 0 && moov > mdat);
}

static const struct
{
  const gchar *name, *text, *voice, *language;
} speeches[] = {
  {"English", "Good evening. My name is nobody, and I was drawn by a machine."
        " Now I am going to be quiet again.", "oversea_male1", "en"},
  {"Chinese", "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe5\xbe\x88\xe9\xab\x98"
        "\xe5\x85\xb4\xe8\xae\xa4\xe8\xaf\x86\xe4\xbd\xa0\xe3\x80\x82\xe4\xbb"
        "\x8a\xe5\xa4\xa9\xe5\xa4\xa9\xe6\xb0\x94\xe5\xbe\x88\xe5\xa5\xbd"
        "\xe3\x80\x82", "girlfriend_1_speech02", "zh"},
};

static void
check_film (const Film * film, GstClockTime speech, const gchar * name)
{
  GstClockTime frame = get_frame (film);
  GstClockTime video = film->openings->len * frame;
  gdouble lips = measure_lips (film);

  g_print ("sandbox: %s: %dx%d, video %.2f s, speech %.2f s, lips r = %.2f\n",
      name, film->width, film->height, video / 1e9, speech / 1e9, lips);
  fail_unless (film->width >= 1280 && film->height >= 720);
  fail_unless (speech > GST_SECOND);
  fail_unless (ABS (GST_CLOCK_DIFF (speech, video)) <=
      (gint64) (LENGTH_SLACK * frame));
  fail_unless (film->samples->len > 0);
  fail_unless (lips >= MIN_CORRELATION, "lips: r = %.3f", lips);
}

GST_START_TEST (test_talking)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.5", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, DECODE);
  g_autofree gchar *task_id = NULL;
  g_auto (Film) film;

  film_init (&film);
  watch (run->pipeline, "video", G_CALLBACK (on_picture), &film);
  watch (run->pipeline, "audio", G_CALLBACK (on_sound), &film);
  g_object_set (run->lipsync, "text", speeches[__i__].text, "voice-id",
      speeches[__i__].voice, "voice-language", speeches[__i__].language, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  task_id = kling_test_run_dup_task_id (run);
  kling_test_run_set (run, GST_STATE_NULL);

  check_film (&film, measure_speech (sandbox, task_id), speeches[__i__].name);
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

/* What an application that knows nothing of us does */
GST_START_TEST (test_decodebin)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.2", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox,
      "decodebin ! video/x-raw ! fakesink sync=false");
  gint64 duration = -1;

  g_object_set (run->lipsync, "text", "Yes.", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless (gst_element_query_duration (run->pipeline, GST_FORMAT_TIME,
          &duration));
  fail_unless (duration > 0 && duration < (gint64) (20 * GST_SECOND));
  check_index_at_end (run);
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

/* audio-url: what the sandbox received is what we named. */
GST_START_TEST (test_audio_url)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.2", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");
  g_autofree gchar *spoken = NULL, *received = NULL, *where = NULL, *url = NULL;

  g_object_set (run->lipsync, "text", "One, two, three.", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  spoken = kling_test_run_dup_task_id (run);
  where = g_strdup_printf ("/sandbox/tasks/%s/speech", spoken);
  url = kling_test_sandbox_url (sandbox, where);

  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, "audio-url", url, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  received = kling_test_run_dup_task_id (run);
  fail_if (g_str_equal (spoken, received));
  fail_unless_equals_uint64 (measure_speech (sandbox, spoken),
      measure_speech (sandbox, received));
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "paid"), 2);
}

GST_END_TEST;

/* A video that is not there: refused before anything costs much. */
GST_START_TEST (test_missing_video)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--slots", "1", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");
  g_autofree gchar *url = kling_test_sandbox_url (sandbox, "/nothing.mp4");

  g_object_set (run->lipsync, "video-url", url, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "paid"), 0);
}

GST_END_TEST;

GST_START_TEST (test_wrong_key)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--slots", "1", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");

  g_object_set (run->lipsync, "api-key", "sk-wrong", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  fail_unless_equals_int (kling_test_sandbox_count (sandbox, "paid"), 0);
}

GST_END_TEST;

GST_START_TEST (test_failed_task)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.2", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");

  kling_test_sandbox_add_fault (sandbox, "{\"match\": {\"kind\": \"create\"},"
      " \"do\": {\"fail\": \"the moon was too bright\"}, \"times\": 1}");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_FAILED), "the moon was too bright");
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

/* The answer to a create is lost: it was paid, and is not paid again. */
GST_START_TEST (test_lost_answer)
{
  static const gchar *const faults[] = { "\"reset\": \"after\"",
    "\"truncate\": 5"
  };
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.2", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");

  kling_test_sandbox_add_fault (sandbox, "{\"match\": {\"kind\": \"create\"},"
      " \"do\": {%s}, \"times\": 1}", faults[__i__]);
  for (guint i = 0; i < 2; i++) {
    kling_test_run_set (run, GST_STATE_PLAYING);
    kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SYNC);
    kling_test_run_set (run, GST_STATE_READY);
    kling_test_run_clear (run);
  }
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

/* Counts the calls for results that were answered with @status. */
static guint
count_results (KlingTestSandbox * sandbox, gint64 status)
{
  g_autoptr (JsonNode) ledger =
      kling_test_sandbox_get_json (sandbox, "/sandbox/ledger");
  JsonArray *calls =
      json_object_get_array_member (json_node_get_object (ledger), "calls");
  guint n = 0;

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    if (g_str_has_prefix (json_object_get_string_member (call, "path"),
            "/sandbox/results/")
        && json_object_get_int_member (call, "status") == status)
      n++;
  }
  return n;
}

/* The video breaks off on its way: the rest is asked for, and it is whole. */
GST_START_TEST (test_broken_download)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "0.2", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");

  kling_test_sandbox_add_fault (sandbox, "{\"match\": {\"path\":"
      " \"/sandbox/results/\"}, \"do\": {\"truncate\": 5000}, \"times\": 2}");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (count_results (sandbox, 200), 1);
  fail_unless_equals_int (count_results (sandbox, 206), 2);
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

/* The network goes away in the middle, and comes back. KLING_TEST_OUTAGE says
 * for how many seconds. */
GST_START_TEST (test_outage)
{
  const gchar *text = g_getenv ("KLING_TEST_OUTAGE");
  guint seconds = text ? (guint) g_ascii_strtoull (text, NULL, 10) : 3;
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "2", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");
  g_autoptr (GBytes) data = NULL;

  g_object_set (run->lipsync, "text", "Still here.", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_element (run, "klinglipsync-task", 20)
      != NULL);
  kling_test_sandbox_kill (sandbox);
  g_usleep (seconds * G_USEC_PER_SEC);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
  kling_test_run_check_no_error (run);
  kling_test_sandbox_restart (sandbox);

  /* backoff may have grown up to a minute */
  fail_unless (kling_test_run_wait (run, GST_MESSAGE_EOS | GST_MESSAGE_ERROR,
          90) != NULL);
  kling_test_run_check_no_error (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_get_size (data) > 10000);
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

/* Off and on while it is made, then played again: bought once. */
GST_START_TEST (test_cycles)
{
  g_autoptr (KlingTestSandbox) sandbox =
      kling_test_sandbox_start ("--latency", "1", NULL);
  g_autoptr (KlingTestRun) run = make_run (sandbox, "fakesink");

  for (guint i = 0; i < 6; i++) {
    kling_test_run_set (run, GST_STATE_PLAYING);
    g_usleep (150 * 1000);
    kling_test_run_set (run, i % 2 ? GST_STATE_READY : GST_STATE_NULL);
  }
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  check_paid (sandbox, 1, 1);
}

GST_END_TEST;

static Suite *
sandbox_suite (void)
{
  Suite *suite = suite_create ("sandbox");
  TCase *tcase = tcase_create ("sandbox");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 150);
  tcase_add_loop_test (tcase, test_talking, 0, G_N_ELEMENTS (speeches));
  tcase_add_test (tcase, test_decodebin);
  tcase_add_test (tcase, test_audio_url);
  tcase_add_test (tcase, test_missing_video);
  tcase_add_test (tcase, test_wrong_key);
  tcase_add_test (tcase, test_failed_task);
  tcase_add_loop_test (tcase, test_lost_answer, 0, 2);
  tcase_add_test (tcase, test_broken_download);
  tcase_add_test (tcase, test_outage);
  tcase_add_test (tcase, test_cycles);
  return suite;
}

GST_CHECK_MAIN (sandbox);
