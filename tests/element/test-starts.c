/* klinglipsync tests: when the job starts, and what it costs
 *
 * Real pipelines into the element, whose pads come late, go early, are flushed,
 * stall or never end, with a sandbox behind it that keeps the account.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "inputs-helper.h"

#include <math.h>
#include <signal.h>
#include <string.h>

/* The ten seconds of patience are half a second then. */
#define SPEED 20
#define STOPS 30

/* 3.5 s */
#define SAMPLES 153600
#define TONE "audiotestsrc num-buffers=150 ! audio/x-raw,rate=44100,channels=1"
#define PICTURES "videotestsrc num-buffers=20 pattern=ball !" \
  " video/x-raw,width=640,height=512,framerate=10/1 !" \
  " x264enc speed-preset=ultrafast key-int-max=5"
#define NO_LIMIT "max-size-time=0 max-size-bytes=0 max-size-buffers=0"

static void
setup (void)
{
  kling_test_inputs_setup (CLIP_SMALL);
}

/* Returns: (transfer full): a file of SAMPLES */
static gchar *
make_wav (void)
{
  gchar *path = kling_test_inputs_path ("speech.wav");

  kling_test_inputs_make (TONE " ! wavenc ! filesink location=%s", path);
  return path;
}

static gchar *
make_m4a (void)
{
  gchar *path = kling_test_inputs_path ("speech.m4a");

  kling_test_inputs_make (TONE " ! avenc_aac ! mp4mux ! filesink location=%s",
      path);
  return path;
}

static gchar *
make_mp4 (void)
{
  gchar *path = kling_test_inputs_path ("face.mp4");

  kling_test_inputs_make (PICTURES " ! mp4mux ! filesink location=%s", path);
  return path;
}

static void
set_text (KlingTestRun * run)
{
  g_object_set (run->lipsync, "text", TEST_TEXT, "voice-id", "oversea_male1",
      "voice-language", "en", NULL);
}

static void
check_paid (guint paid)
{
  fail_unless_equals_int (kling_test_inputs_count_paid (), paid);
}

static const gchar *
check_refused (KlingTestRun * run)
{
  const gchar *sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);

  check_paid (0);
  return sentence;
}

/* The length of what was said, in samples */
static gsize
count_samples (KlingTestRun * run)
{
  g_autoptr (GBytes) speech = kling_test_inputs_get_speech (run);
  g_auto (KlingTestSamples) samples = kling_test_samples_read (speech);

  return samples.n;
}

/* ---- pads that come and go ---- */

/* The pad comes when the element is in PAUSED already. */
GST_START_TEST (test_late_pad)
{
  g_autofree gchar *path = make_wav ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! decodebin ! lipsync.", path);

  kling_test_inputs_play (run, 1);
  fail_unless_equals_int (count_samples (run), SAMPLES);
}

GST_END_TEST;

/* Nobody can know that a pad will come: the text is spoken, or nothing is. */
GST_START_TEST (test_late_second_speech)
{
  g_autofree gchar *path = make_wav ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! decodebin ! lipsync.", path);
  const gchar *sentence;

  set_text (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  sentence = kling_test_inputs_first_error (run);
  kling_test_check_contains (sentence, "text");
  kling_test_check_contains (sentence, "the pad audio");
  kling_test_run_set (run, GST_STATE_NULL);
  fail_unless (kling_test_inputs_count_paid () <= 1);
}

GST_END_TEST;

GST_START_TEST (test_two_speeches)
{
  g_autofree gchar *path = make_wav ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! lipsync.", path);
  const gchar *sentence;

  set_text (run);
  kling_test_run_refused (run, GST_STATE_PLAYING);
  sentence = check_refused (run);
  kling_test_check_contains (sentence, "text");
  kling_test_check_contains (sentence, "the pad audio");
}

GST_END_TEST;

static void
set_locked (KlingTestRun * run, const gchar * name, gboolean locked)
{
  g_autoptr (GstElement) element = kling_test_inputs_find (run, name);

  gst_element_set_locked_state (element, locked);
  if (!locked)
    fail_unless (gst_element_sync_state_with_parent (element));
}

/* A branch of a filesrc, which a decoder could start by itself, and its decoder:
 * downstream first when they start */
static void
set_late_locked (KlingTestRun * run, gboolean locked)
{
  set_locked (run, "decoder", locked);
  set_locked (run, "late", locked);
}

/* The video has ended long before there is a pad for the audio. */
GST_START_TEST (test_video_before_audio)
{
  g_autofree gchar *video = make_mp4 (), *audio = make_m4a ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! lipsync.video filesrc name=late location=%s !"
      " decodebin name=decoder ! lipsync.audio", video, audio);

  g_object_set (run->lipsync, "video-url", NULL, NULL);
  set_late_locked (run, TRUE);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_inputs_wait_text (run, "what is said"));
  g_usleep (200 * 1000);
  check_paid (0);
  set_late_locked (run, FALSE);
  kling_test_inputs_play (run, 1);
  fail_unless (count_samples (run) >= SAMPLES);
}

GST_END_TEST;

static GstPad *
request_audio (KlingTestRun * run)
{
  GstPad *pad = gst_element_request_pad_simple (run->lipsync, "audio");

  fail_unless (pad != NULL);
  return pad;
}

/* A parser that links and thinks better of it */
GST_START_TEST (test_released_in_null)
{
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink");
  g_autoptr (GstPad) pad = request_audio (run);

  gst_element_release_request_pad (run->lipsync, pad);
  set_text (run);
  kling_test_inputs_play (run, 1);
}

GST_END_TEST;

/* A branch is taken away while it is sending; what it brought does not count,
 * another one takes its place. */
GST_START_TEST (test_released_while_collecting)
{
  g_autofree gchar *path = make_wav ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink audiotestsrc"
      " is-live=true ! tee allow-not-linked=true ! queue name=branch !"
      " lipsync.audio filesrc name=late location=%s ! wavparse name=decoder",
      path);
  g_autoptr (GstElement) branch = kling_test_inputs_find (run, "branch");
  g_autoptr (GstElement) decoder = kling_test_inputs_find (run, "decoder");
  g_autoptr (GstPad) source = gst_element_get_static_pad (branch, "src");
  g_autoptr (GstPad) pad = gst_pad_get_peer (source);
  g_autoptr (GstPad) upstream = gst_element_get_static_pad (branch, "sink");
  g_autoptr (GstPad) tee = gst_pad_get_peer (upstream);

  set_late_locked (run, TRUE);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_status (run, "collecting", 30));
  g_usleep (200 * 1000);
  gst_pad_unlink (tee, upstream);
  gst_pad_unlink (source, pad);
  gst_element_release_request_pad (run->lipsync, pad);
  g_usleep (200 * 1000);
  check_paid (0);
  kling_test_run_check_no_error (run);

  fail_unless (gst_element_link_pads (decoder, "src", run->lipsync, "audio"));
  set_late_locked (run, FALSE);
  kling_test_inputs_play (run, 1);
  fail_unless_equals_int (count_samples (run), SAMPLES);
}

GST_END_TEST;

/* ---- flushes ---- */

static void
seek_display (KlingTestRun * run, gint64 position)
{
  g_autoptr (GstElement) display = kling_test_inputs_find (run, "display");

  fail_unless (gst_element_seek_simple (display, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, position));
}

/* A tee to us and to a preview in which somebody seeks. What came before a seek
 * does not count while we collect; later nothing of it matters. The video
 * decides when the job starts. */
GST_START_TEST (test_seek_in_preview)
{
  g_autofree gchar *audio = make_wav (), *video = make_mp4 ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink async=false"
      " filesrc location=%s ! wavparse ! tee name=t t. ! queue " NO_LIMIT
      " ! fakesink name=display sync=true t. ! queue ! lipsync.audio"
      " filesrc name=late location=%s ! lipsync.video", audio, video);

  g_object_set (run->lipsync, "video-url", NULL, NULL);
  set_locked (run, "late", TRUE);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_status (run, "collecting", 30));
  kling_test_run_preroll (run);
  for (guint i = 0; i < 3; i++) {
    g_usleep (100 * 1000);
    seek_display (run, i * GST_SECOND / 4);
  }
  g_usleep (200 * 1000);
  check_paid (0);
  set_locked (run, "late", FALSE);
  fail_unless (kling_test_inputs_wait_text (run, "Looking for the face"));
  seek_display (run, 0);
  fail_unless (kling_test_inputs_wait_text (run, "was accepted"));
  seek_display (run, 0);
  fail_unless (kling_test_run_wait_status (run, "done", 20));
  seek_display (run, 0);
  kling_test_inputs_play (run, 1);
  fail_unless_equals_int (count_samples (run), SAMPLES - 44100 / 2);
}

GST_END_TEST;

/* ---- inputs that do not end ---- */

GST_START_TEST (test_endless)
{
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_inputs_new ("fakesink appsrc name=in format=time"
      " caps=audio/x-raw,format=S16LE,rate=16000,channels=1,"
      "layout=interleaved ! lipsync.audio");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_inputs_push (run, "in", gst_buffer_new_allocate (NULL, 32000,
          NULL));
  fail_unless (kling_test_run_wait (run, GST_MESSAGE_WARNING, 20) != NULL);
  fail_unless (kling_test_run_has_text (run,
          "Waiting for the end of the input (audio)"));
  fail_unless (kling_test_run_has_warning (run, "Nothing has come for 10"));
  check_paid (0);
}

GST_END_TEST;

/* The display waits for us to preroll, we for the rest of the audio, which is
 * behind the display's full queue. */
GST_START_TEST (test_stalled_tee)
{
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (SPEED);
  run = kling_test_inputs_new ("fakesink " TONE " ! tee name=t"
      " t. ! queue max-size-buffers=5 ! fakesink name=display"
      " t. ! queue ! lipsync.audio");
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait (run, GST_MESSAGE_WARNING, 20) != NULL);
  fail_unless (kling_test_run_has_warning (run,
          "the tee's other branch needs a queue without limits"));
  check_paid (0);
}

GST_END_TEST;

/* With that queue it goes on. */
GST_START_TEST (test_tee)
{
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink " TONE
      " ! tee name=t t. ! queue " NO_LIMIT " ! fakesink t. ! queue !"
      " lipsync.audio");

  kling_test_inputs_play (run, 1);
}

GST_END_TEST;

/* ---- several pads, several sinks ---- */

static const gchar *const sinks[] = { "filesink location=%s",
  "decodebin ! video/x-raw ! fakesink", "decodebin3 ! video/x-raw ! fakesink"
};

/* Every branch that there is, for each sink: two files, or one text */
static gchar *
make_line (guint i)
{
  g_autofree gchar *out = kling_test_inputs_path ("out.mp4");
  g_autofree gchar *cues = kling_test_inputs_path ("lines.srt");
  g_autofree gchar *video = make_mp4 (), *audio = make_m4a ();
  g_autoptr (GString) sink = g_string_new (sinks[i % 3]);

  fail_unless (g_file_set_contents (cues,
          "1\n00:00:01,000 --> 00:00:02,000\nGood evening.\n\n", -1, NULL));
  g_string_replace (sink, "%s", out, 1);
  if (i < 3)
    return g_strdup_printf ("%s filesrc location=%s ! lipsync.video"
        " filesrc location=%s ! decodebin ! lipsync.audio", sink->str, video,
        audio);
  return g_strdup_printf ("%s filesrc location=%s ! lipsync.video"
      " filesrc location=%s ! subparse ! lipsync.text", sink->str, video, cues);
}

#define N_LINES 6

/* The tests make each warning of the framework fatal. */
GST_START_TEST (test_pads_together)
{
  g_autofree gchar *line = make_line ((guint) __i__);
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("%s", line);

  g_object_set (run->lipsync, "video-url", NULL, NULL);
  if (__i__ >= 3)
    g_object_set (run->lipsync, "voice-id", "oversea_male1", "voice-language",
        "en", NULL);
  kling_test_inputs_play (run, 1);
}

GST_END_TEST;

/* All three pads: that is two speeches. */
GST_START_TEST (test_three_pads)
{
  g_autofree gchar *line = make_line (3), *audio = make_wav ();
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("%s filesrc"
      " location=%s ! lipsync.audio", line, audio);
  const gchar *sentence;

  g_object_set (run->lipsync, "video-url", NULL, NULL);
  kling_test_run_refused (run, GST_STATE_PLAYING);
  sentence = check_refused (run);
  kling_test_check_contains (sentence, "the pad audio");
  kling_test_check_contains (sentence, "the pad text");
}

GST_END_TEST;

/* ---- gst-launch-1.0 ---- */

/* @options: of gst-launch-1.0; @line: from the sink of klinglipsync on */
static KlingTestChild *
launch (const gchar * options, const gchar * properties, const gchar * line)
{
  const gchar *base =
      kling_test_sandbox_get_url (kling_test_inputs_get_sandbox ());
  g_autofree gchar *all = g_strdup_printf ("%s klinglipsync name=lipsync"
      " base-url=%s api-key=" KLING_TEST_SANDBOX_KEY " upload=serve:0"
      " poll-interval=100000000 %s ! %s", options, base, properties, line);
  static const gchar *const environment[] = { "G_DEBUG=fatal-warnings",
    "GST_DEBUG=1", "GST_DEBUG_NO_COLOR=1", "KLING_TEST_SPEED=1", NULL
  };

  return kling_test_child_launch (all, environment);
}

/* No complaint: of GLib, of GStreamer's debug log, of gst-launch-1.0 itself */
static void
check_quiet (KlingTestChild * child)
{
  static const gchar *const complaints[] = { "WARNING", "CRITICAL", "ERROR" };
  g_autofree gchar *errors = kling_test_child_read (child, TRUE);
  g_autofree gchar *output = kling_test_child_read (child, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (complaints); i++) {
    fail_unless (strstr (errors, complaints[i]) == NULL, "%s", errors);
    fail_unless (strstr (output, complaints[i]) == NULL, "%s", output);
  }
}

static void
check_well (KlingTestChild * child)
{
  gboolean ended = kling_test_child_wait (child, 40);
  g_autofree gchar *output = kling_test_child_read (child, FALSE);

  fail_unless (ended, "it does not end: %s", output);
  check_quiet (child);
  fail_unless_equals_int (kling_test_child_get_exit (child), 0);
  check_paid (1);
}

GST_START_TEST (test_launch)
{
  g_autofree gchar *line = make_line ((guint) __i__);
  g_autoptr (KlingTestChild) child = launch ("", __i__ < 3 ? ""
      : "voice-id=oversea_male1 voice-language=en", line);

  check_well (child);
}

GST_END_TEST;

static gboolean
wait_output (KlingTestChild * child, const gchar * words)
{
  gint64 start = g_get_monotonic_time ();

  while (kling_test_ms_since (start) < 20000) {
    g_autofree gchar *output = kling_test_child_read (child, FALSE);

    if (strstr (output, words))
      return TRUE;
    g_usleep (5000);
  }
  return FALSE;
}

static gchar *
repeat (const gchar * text, guint n)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (out, text);
  return g_string_free (out, FALSE);
}

/* Somebody speaks, and ends it. */
static KlingTestChild *
record (const gchar * options, const gchar * out)
{
  g_autofree gchar *face = kling_test_sandbox_url
      (kling_test_inputs_get_sandbox (), "/sandbox/face.mp4");
  g_autofree gchar *video = g_strdup_printf ("video-url=%s", face);
  /* that many take a while on their way to PAUSED, as microphones do */
  g_autofree gchar *slow = repeat ("identity ! ", 60);
  g_autofree gchar *line = g_strdup_printf ("filesink location=%s"
      " audiotestsrc is-live=true ! %s lipsync.", out, slow);
  KlingTestChild *child = launch (options, video, line);

  fail_unless (wait_output (child, "Waiting for the end of the input"));
  return child;
}

/* Ctrl-C with -e ends the recording, and the video is made. */
GST_START_TEST (test_recording)
{
  g_autofree gchar *out = kling_test_inputs_path ("out.mp4");
  g_autoptr (KlingTestChild) child = record ("-e", out);
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  g_autofree gchar *contents = NULL;
  gsize size;

  g_usleep (3 * G_USEC_PER_SEC);
  check_paid (0);
  kling_test_child_signal (child, SIGINT);
  check_well (child);
  fail_unless (g_file_get_contents (out, &contents, &size, NULL));
  fail_unless (size >= g_bytes_get_size (clip));
}

GST_END_TEST;

/* Without it, everything ends, and nothing is paid. */
GST_START_TEST (test_interrupted_recording)
{
  g_autofree gchar *out = kling_test_inputs_path ("out.mp4");
  g_autoptr (KlingTestChild) child = record ("", out);

  g_usleep (300 * 1000);
  kling_test_child_signal (child, SIGINT);
  fail_unless (kling_test_child_wait (child, 30));
  check_quiet (child);
  check_paid (0);
}

GST_END_TEST;

/* ---- being stopped ---- */

#define WIDE "audio/x-raw,rate=96000,channels=2"

static const gchar *const streams[] = {
  /* at full speed, then resampled to fit */
  "audiotestsrc num-buffers=55 samplesperbuffer=96000 ! " WIDE
      " ! lipsync.audio",
  /* as long as it is let */
  "audiotestsrc is-live=true ! lipsync.audio",
  "appsrc ! lipsync.audio",
};

/* At any moment of collecting, 30 of them: that the change is quick is asked by
 * each change of a run. */
GST_START_TEST (test_stop)
{
  GRand *random = g_rand_new_with_seed ((guint32) __i__);

  for (guint i = 0; i < STOPS / G_N_ELEMENTS (streams); i++) {
    g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink %s",
        streams[__i__]);

    kling_test_run_set (run, GST_STATE_PLAYING);
    g_usleep ((gulong) g_rand_int_range (random, 0, 800 * 1000));
    kling_test_run_set (run, GST_STATE_NULL);
    kling_test_run_check_no_error (run);
  }
  g_rand_free (random);
  if (__i__ > 0)
    check_paid (0);
}

GST_END_TEST;

static Suite *
starts_suite (void)
{
  Suite *suite = suite_create ("starts");
  TCase *tcase = tcase_create ("starts");

  suite_add_tcase (suite, tcase);
  tcase_add_unchecked_fixture (tcase, setup, kling_test_inputs_teardown);
  tcase_add_checked_fixture (tcase, kling_test_inputs_begin, NULL);
  tcase_add_test (tcase, test_late_pad);
  tcase_add_test (tcase, test_late_second_speech);
  tcase_add_test (tcase, test_two_speeches);
  tcase_add_test (tcase, test_video_before_audio);
  tcase_add_test (tcase, test_released_in_null);
  tcase_add_test (tcase, test_released_while_collecting);
  tcase_add_test (tcase, test_seek_in_preview);
  tcase_add_test (tcase, test_endless);
  tcase_add_test (tcase, test_stalled_tee);
  tcase_add_test (tcase, test_tee);
  tcase_add_loop_test (tcase, test_pads_together, 0, N_LINES);
  tcase_add_test (tcase, test_three_pads);
  tcase_add_loop_test (tcase, test_launch, 0, N_LINES);
  tcase_add_test (tcase, test_recording);
  tcase_add_test (tcase, test_interrupted_recording);
  tcase_add_loop_test (tcase, test_stop, 0, G_N_ELEMENTS (streams));
  return suite;
}

GST_CHECK_MAIN (starts);
