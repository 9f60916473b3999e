/* klinglipsync: tests of whole files and of text that come into a sink pad
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "collect-helper.h"

#include <string.h>

static KlingMedia *
finish (GstKlingCollect * collect)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  KlingMedia *media =
      gst_kling_collect_finish_media (collect, warnings, &error);

  fail_unless (media != NULL, "%s", error ? error->message : "no error");
  fail_unless_equals_int (warnings->len, 0);
  return media;
}

static void
finish_fails (GstKlingCollect * collect, const gchar * expected)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  GError *error = NULL;

  fail_unless (gst_kling_collect_finish_media (collect, warnings,
          &error) == NULL);
  check_error (error, expected);
}

static void
check_bytes (const KlingMedia * media, gconstpointer data, gsize size)
{
  g_autoptr (GBytes) bytes = kling_spool_get_bytes (media->spool, NULL);
  g_autofree gchar *sha256 =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, size);

  fail_unless_equals_int (g_bytes_get_size (bytes), size);
  fail_unless (memcmp (g_bytes_get_data (bytes, NULL), data, size) == 0);
  fail_unless_equals_string (media->digest, sha256);
}

#define WAV_SIZE (44 + 200000)

/* A WAV file of a sawtooth, which is @size bytes */
static guint8 *
make_wav (gsize size)
{
  guint8 *wav = g_malloc (size);

  memcpy (wav, "RIFF....WAVEfmt ", 16);
  GST_WRITE_UINT32_LE (wav + 4, (guint32) size - 8);
  GST_WRITE_UINT32_LE (wav + 16, 16);
  GST_WRITE_UINT16_LE (wav + 20, 1);
  GST_WRITE_UINT16_LE (wav + 22, 1);
  GST_WRITE_UINT32_LE (wav + 24, 16000);
  GST_WRITE_UINT32_LE (wav + 28, 32000);
  GST_WRITE_UINT16_LE (wav + 32, 2);
  GST_WRITE_UINT16_LE (wav + 34, 16);
  memcpy (wav + 36, "data", 4);
  GST_WRITE_UINT32_LE (wav + 40, (guint32) size - 44);
  for (gsize i = 44; i < size; i++)
    wav[i] = (guint8) (i % 251);
  return wav;
}

static void
push_blocks (GstKlingCollect * collect, const guint8 * data, gsize size)
{
  for (gsize done = 0; done < size;) {
    gsize n = MIN (4096, size - done);

    push (collect, make_buffer (data + done, n));
    done += n;
  }
}

/* What filesrc sends, with the caps of typefind and without */
GST_START_TEST (test_file)
{
  static const gchar *const caps[] = { NULL, "audio/x-wav", "audio/mpeg,"
        "mpegversion=1,layer=3,parsed=false", "application/x-id3",
    "audio/x-m4a", "video/quicktime,variant=iso", "audio/mpeg,mpegversion=4,"
        "stream-format=adts"
  };
  g_autofree guint8 *wav = make_wav (WAV_SIZE);

  for (guint i = 0; i < G_N_ELEMENTS (caps); i++) {
    g_autoptr (GstKlingCollect) collect =
        gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
    g_autoptr (KlingMedia) media = NULL;

    if (caps[i])
      set_caps (collect, caps[i]);
    set_segment (collect, GST_FORMAT_BYTES, 0, 0);
    fail_unless (gst_kling_collect_is_empty (collect));
    push_blocks (collect, wav, WAV_SIZE);
    fail_if (gst_kling_collect_is_empty (collect));
    fail_unless (gst_kling_collect_gap (collect, 0, GST_SECOND, NULL));
    media = finish (collect);
    check_bytes (media, wav, WAV_SIZE);
    fail_unless_equals_int (media->kind, KLING_MEDIA_AUDIO);
    fail_unless (gst_kling_collect_is_empty (collect));
  }
}

GST_END_TEST;

/* What wavenc sends: a header that is wrong, samples in TIME, the header again */
GST_START_TEST (test_header_again)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
  g_autoptr (KlingMedia) media = NULL;
  g_autofree guint8 *wav = make_wav (WAV_SIZE);
  guint8 header[44] = "RIFF";

  set_caps (collect, "audio/x-wav");
  set_segment (collect, GST_FORMAT_TIME, 0, 0);
  push (collect, make_buffer (header, sizeof header));
  push_blocks (collect, wav + 44, WAV_SIZE - 1000 - 44);
  set_segment (collect, GST_FORMAT_BYTES, 0, 0);
  push (collect, make_buffer (wav, 44));
  set_segment (collect, GST_FORMAT_TIME, 0, 0);
  push_blocks (collect, wav + WAV_SIZE - 1000, 1000);
  media = finish (collect);
  check_bytes (media, wav, WAV_SIZE);
}

GST_END_TEST;

/* What mp4mux sends: bytes in the middle are written last. */
GST_START_TEST (test_video)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_VIDEO, &documented_limits);
  g_autoptr (KlingMedia) media = NULL;
  g_autofree gchar *path = g_build_filename (g_getenv ("KLING_TEST_CORPUS"),
      "isobmff", "quicktime.mov", NULL);
  g_autofree gchar *file = NULL;
  guint8 zeros[100] = { 0 };
  gsize size;

  fail_unless (g_file_get_contents (path, &file, &size, NULL), "%s", path);
  fail_unless (size > 200);
  set_caps (collect, "video/quicktime, variant=(string)iso");
  set_segment (collect, GST_FORMAT_BYTES, 0, 0);
  push (collect, make_buffer (file, 50));
  push (collect, make_buffer (zeros, sizeof zeros));
  push (collect, make_buffer (file + 150, size - 150));
  set_segment (collect, GST_FORMAT_BYTES, 50, 0);
  push (collect, make_buffer (file + 50, 100));
  media = finish (collect);
  check_bytes (media, file, size);
  fail_unless_equals_int (media->kind, KLING_MEDIA_VIDEO);
}

GST_END_TEST;

/* At the limit and one byte beyond it; and at a position far away */
GST_START_TEST (test_file_too_large)
{
  g_autofree guint8 *data = make_wav (KLING_AUDIO_BYTES_MAX);
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &presumed_limits);
  g_autoptr (KlingMedia) media = NULL;

  push (collect, make_buffer (data, KLING_AUDIO_BYTES_MAX));
  refuse (collect, make_buffer (data, 1), "5242880 bytes");
  refuse (collect, make_buffer (data, 1), "5242880 bytes");
  finish_fails (collect, "5242880 bytes");

  gst_kling_collect_reset (collect, NULL);
  set_segment (collect, GST_FORMAT_BYTES, G_MAXINT64, 0);
  refuse (collect, make_buffer (data, 1), "5242880 bytes");

  gst_kling_collect_reset (collect, NULL);
  push (collect, make_buffer (data, KLING_AUDIO_BYTES_MAX));
  media = finish (collect);
  check_bytes (media, data, KLING_AUDIO_BYTES_MAX);
}

GST_END_TEST;

GST_START_TEST (test_video_too_large)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_VIDEO, &presumed_limits);

  set_segment (collect, GST_FORMAT_BYTES, KLING_VIDEO_BYTES_MAX - 4, 0);
  refuse (collect, make_buffer ("ftypa", 5), "1024 MiB");
}

GST_END_TEST;

#define RAW "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"
#define MP3 "audio/mpeg,mpegversion=1,layer=3"

GST_START_TEST (test_caps)
{
  static const struct
  {
    GstKlingInput input;
    const gchar *caps;
    const gchar *expected;
  } refused[] = {
    {GST_KLING_INPUT_AUDIO, "video/x-raw,format=I420", "video/x-raw"},
    {GST_KLING_INPUT_AUDIO, "text/x-raw,format=utf8", "decodebin"},
    {GST_KLING_INPUT_AUDIO, "audio/x-opus", "audio/x-opus"},
    {GST_KLING_INPUT_AUDIO, "audio/mpeg,mpegversion=4,stream-format=raw",
        "ADTS"},
    {GST_KLING_INPUT_AUDIO, "audio/mpeg,mpegversion=1,layer=2", "audio/mpeg"},
    {GST_KLING_INPUT_AUDIO, "audio/x-raw,format=S16LE,rate=2000000000,"
          "channels=1,layout=interleaved", "768000 Hz"},
    {GST_KLING_INPUT_AUDIO, "audio/x-raw", "audioconvert"},
    {GST_KLING_INPUT_VIDEO, "video/x-h264", "mp4mux"},
    {GST_KLING_INPUT_VIDEO, RAW, "The video pad does not take audio/x-raw"},
    {GST_KLING_INPUT_TEXT, "application/x-subtitle", "subparse"},
    {GST_KLING_INPUT_TEXT, "text/x-raw,format=ebcdic", "ebcdic"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GstKlingCollect) collect =
        gst_kling_collect_new (refused[i].input, &documented_limits);

    refuse_caps (collect, refused[i].caps, refused[i].expected);
    refuse (collect, make_buffer ("abcd", 4), refused[i].expected);
  }
}

GST_END_TEST;

/* What may follow what, once there is something */
GST_START_TEST (test_caps_change)
{
  static const struct
  {
    const gchar *first;
    const gchar *then;
    gboolean allowed;
  } changes[] = {
    {MP3, MP3, TRUE},
    {MP3 ",rate=44100", MP3 ",rate=44100,bitrate=64000", TRUE},
    {MP3, MP3 ",rate=44100,channels=1,parsed=true", TRUE},
    {MP3 ",rate=44100", MP3 ",rate=48000", FALSE},
    {MP3, "audio/mpeg,mpegversion=4,stream-format=adts", FALSE},
    {"audio/x-wav", MP3, FALSE},
    {MP3, RAW, FALSE},
    {RAW, MP3, FALSE},
    {RAW, "audio/x-wav", FALSE},
    {NULL, RAW, FALSE},
    {NULL, MP3, TRUE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (GstKlingCollect) collect =
        gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);

    if (changes[i].first)
      set_caps (collect, changes[i].first);
    push (collect, make_buffer ("abcd", 4));
    if (changes[i].allowed)
      set_caps (collect, changes[i].then);
    else
      refuse_caps (collect, changes[i].then, "changes to another");
  }
}

GST_END_TEST;

/* Before there is anything, anything may follow. */
GST_START_TEST (test_caps_before)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
  g_autoptr (KlingMedia) media = NULL;
  g_autofree guint8 *wav = make_wav (100);

  set_caps (collect, RAW);
  set_segment (collect, GST_FORMAT_BYTES, 0, 0);
  set_caps (collect, "audio/x-wav");
  set_caps (collect, RAW);
  set_caps (collect, MP3);
  push (collect, make_buffer (wav, 100));
  media = finish (collect);
  check_bytes (media, wav, 100);
}

GST_END_TEST;

GST_START_TEST (test_nothing)
{
  g_autoptr (GstKlingCollect) audio =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
  g_autoptr (GstKlingCollect) video =
      gst_kling_collect_new (GST_KLING_INPUT_VIDEO, &documented_limits);
  g_autoptr (GstKlingCollect) text =
      gst_kling_collect_new (GST_KLING_INPUT_TEXT, &documented_limits);
  GError *error = NULL;

  finish_fails (audio, "The audio pad has ended without any audio.");
  finish_fails (video, "The video pad has ended without any video.");
  fail_unless (gst_kling_collect_finish_text (text, &error) == NULL);
  check_error (error, "The text pad has ended without any text.");

  gst_kling_collect_reset (audio, NULL);
  set_caps (audio, RAW);
  push (audio, make_buffer ("", 0));
  fail_unless (gst_kling_collect_is_empty (audio));
  finish_fails (audio, "The audio pad has ended without any audio.");
}

GST_END_TEST;

/* A finished one ignores everything; a reset opens it and forgets all. */
GST_START_TEST (test_close_and_open)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
  g_autoptr (KlingMedia) media = NULL;
  g_autofree guint8 *wav = make_wav (100);
  g_auto (Sent) sent = { NULL };

  set_caps (collect, RAW);
  push (collect, make_buffer ("abcd", 4));
  sent = finish_samples (collect);
  push (collect, make_buffer ("efgh", 4));
  set_caps (collect, MP3);
  set_segment (collect, GST_FORMAT_BYTES, 2, 0);
  gst_kling_collect_flush (collect);
  push (collect, make_buffer ("efgh", 4));
  fail_unless (gst_kling_collect_is_empty (collect));
  fail_unless_equals_int (sent.frames, 2);
  finish_fails (collect, "without any audio");

  gst_kling_collect_reset (collect, NULL);
  push (collect, make_buffer (wav, 100));
  media = finish (collect);
  check_bytes (media, wav, 100);
}

GST_END_TEST;

/* A flush drops what came and what failed, but not the caps. */
GST_START_TEST (test_flush)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
  g_autoptr (KlingMedia) media = NULL;
  g_autofree guint8 *wav = make_wav (100);

  set_caps (collect, MP3);
  set_segment (collect, GST_FORMAT_BYTES, 0, 0);
  push (collect, make_buffer ("abcd", 4));
  refuse_caps (collect, RAW, "changes to another");
  gst_kling_collect_flush (collect);
  fail_unless (gst_kling_collect_is_empty (collect));
  set_segment (collect, GST_FORMAT_BYTES, 0, 0);
  push (collect, make_buffer ("ef", 2));
  refuse_caps (collect, "audio/x-wav", "changes to another");
  gst_kling_collect_flush (collect);
  push (collect, make_buffer (wav, 100));
  media = finish (collect);
  check_bytes (media, wav, 100);
}

GST_END_TEST;

/* Samples that count up, as long as the other thread does not finish and longer */
static gpointer
push_many (gpointer user_data)
{
  GstKlingCollect *collect = user_data;

  for (gint i = 0; i < 20000; i++) {
    guint16 samples[2] = { GUINT16_TO_LE (2 * i), GUINT16_TO_LE (2 * i + 1) };

    push (collect, make_buffer (samples, sizeof samples));
  }
  return NULL;
}

/* What is pushed from one thread while another one finishes: all of it up to
 * some buffer, and nothing behind that. */
GST_START_TEST (test_two_threads)
{
  for (guint run = 0; run < 10; run++) {
    g_autoptr (GstKlingCollect) collect =
        gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
    g_auto (Sent) sent = { NULL };
    GThread *thread;

    set_caps (collect, RAW);
    thread = g_thread_new ("push", push_many, collect);
    while (gst_kling_collect_is_empty (collect))
      g_thread_yield ();
    sent = finish_samples (collect);
    g_thread_join (thread);
    fail_unless (gst_kling_collect_is_empty (collect));
    fail_unless (sent.frames > 0 && sent.frames % 2 == 0);
    for (gsize i = 0; i < sent.frames; i++)
      check_sample (&sent, i, (gint16) i, 0);
  }
}

GST_END_TEST;

static void
check_text (const gchar * format, const gchar * const *cues,
    const gchar * expected)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_TEXT, &documented_limits);
  g_autofree gchar *caps = g_strdup_printf ("text/x-raw,format=%s", format);
  g_autofree gchar *text = NULL;

  set_caps (collect, caps);
  set_segment (collect, GST_FORMAT_TIME, 0, 0);
  for (guint i = 0; cues[i]; i++)
    push (collect, make_buffer (cues[i], strlen (cues[i])));
  text = gst_kling_collect_finish_text (collect, NULL);
  fail_unless_equals_string (text, expected);
}

GST_START_TEST (test_text)
{
  check_text ("utf8", (const gchar *[]) { "Hello,", "", " \n\t ",
        "  big\n  world! ", "5 < 6 & <b>7</b>", NULL
      },
      "Hello, big world! 5 < 6 & <b>7</b>");
  check_text ("pango-markup", (const gchar *[]) { "<i>Hello</i>,", "<b></b>",
        "<span foreground=\"red\">big\n<b>wor</b>ld</span> &amp; &lt;you&gt;",
        "&#20320;&#x597d;", NULL
      }, "Hello, big world & <you> \344\275\240" "\345\245\275");
}

GST_END_TEST;

GST_START_TEST (test_text_bytes)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_TEXT, &documented_limits);
  g_autofree gchar *text = NULL;

  push (collect, make_buffer ("one\0\0", 5));
  push (collect, make_buffer ("\0", 1));
  push (collect, make_buffer ("two", 3));
  text = gst_kling_collect_finish_text (collect, NULL);
  fail_unless_equals_string (text, "one two");
}

GST_END_TEST;

GST_START_TEST (test_text_refused)
{
  static const struct
  {
    const gchar *format;
    const gchar *cue;
    gsize size;
    const gchar *expected;
  } refused[] = {
    {"utf8", "caf\xe9 noir", 9,
        "\"caf\357\277\275 noir\" on the text pad is not" " valid UTF-8"},
    {"utf8", "in\0side", 7, "not valid UTF-8"},
    {"pango-markup", "<b>bold", 7, "\"<b>bold\" on the text pad is not valid"
          " pango markup"},
    {"pango-markup", "salt & pepper", 13, "\"salt & pepper\""},
    {"pango-markup", "<b>\x1b[31mred</i></b>", 18, "[31mred"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GstKlingCollect) collect =
        gst_kling_collect_new (GST_KLING_INPUT_TEXT, &documented_limits);
    g_autofree gchar *caps =
        g_strdup_printf ("text/x-raw,format=%s", refused[i].format);

    set_caps (collect, caps);
    push (collect, make_buffer ("fine", 4));
    refuse (collect, make_buffer (refused[i].cue, refused[i].size),
        refused[i].expected);
  }
}

GST_END_TEST;

GST_START_TEST (test_text_too_long)
{
  g_autoptr (GstKlingCollect) collect =
      gst_kling_collect_new (GST_KLING_INPUT_TEXT, &documented_limits);
  g_autofree gchar *cue = g_strnfill (1023, 'a');
  g_autofree gchar *large = g_strnfill (KLING_TEXT_BYTES_MAX + 1, ' ');

  for (guint i = 0; i < 64; i++)
    push (collect, make_buffer (cue, 1023));
  push (collect, make_buffer ("   ", 3));
  refuse (collect, make_buffer ("b", 1), "65536 bytes");

  gst_kling_collect_reset (collect, NULL);
  refuse (collect, make_buffer (large, KLING_TEXT_BYTES_MAX + 1),
      "65536 bytes");
}

GST_END_TEST;

static Suite *
collect_suite (void)
{
  Suite *suite = suite_create ("collect-files");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_file);
  tcase_add_test (tc, test_header_again);
  tcase_add_test (tc, test_video);
  tcase_add_test (tc, test_file_too_large);
  tcase_add_test (tc, test_video_too_large);
  tcase_add_test (tc, test_caps);
  tcase_add_test (tc, test_caps_change);
  tcase_add_test (tc, test_caps_before);
  tcase_add_test (tc, test_nothing);
  tcase_add_test (tc, test_close_and_open);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_two_threads);
  tcase_add_test (tc, test_text);
  tcase_add_test (tc, test_text_bytes);
  tcase_add_test (tc, test_text_refused);
  tcase_add_test (tc, test_text_too_long);
  return suite;
}

GST_CHECK_MAIN (collect);
