/* klinglipsync tests: what comes into the sink pads is what the service gets
 *
 * Real pipelines into the element, a sandbox behind it that fetches, measures
 * and decodes what it is given, and compares nothing: that is done here, sample
 * by sample or byte by byte.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "inputs-helper.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* An input has to have ended for a second, which is the most of these tests */
#define SPEED 4
/* Of the service, at least. Files that are made have a bit more. */
#define SECONDS 2
#define TONE "audiotestsrc num-buffers=100 ! audio/x-raw,rate=44100,channels=1"
#define STEREO "audiotestsrc num-buffers=100 ! audiopanorama panorama=-0.5 !" \
  " audio/x-raw,rate=44100,channels=2 ! audioconvert"
/* 2 s, and as small as the service takes */
#define PICTURES "videotestsrc num-buffers=20 pattern=ball !" \
  " video/x-raw,width=640,height=512,framerate=10/1 !" \
  " x264enc speed-preset=ultrafast key-int-max=5"

static void
setup (void)
{
  kling_test_set_speed (SPEED);
  kling_test_inputs_setup (CLIP_SMALL);
}

static void
setup_drawing (void)
{
  kling_test_set_speed (SPEED);
  kling_test_inputs_setup (NULL);
}

/* ---- samples ---- */

typedef struct
{
  const gchar *format;
  gint rate, channels;
  gboolean planar;
} Kind;

static const Kind kinds[] = {
  {"S16LE", 8000, 1, FALSE}, {"S16LE", 44100, 1, FALSE},
  {"S16LE", 48000, 2, FALSE}, {"S16LE", 96000, 2, TRUE},
  {"S16LE", 44100, 6, FALSE}, {"S16LE", 48000, 6, TRUE},
  {"F32LE", 8000, 2, FALSE}, {"F32LE", 44100, 1, TRUE},
  {"F32LE", 48000, 2, TRUE}, {"F32LE", 96000, 1, FALSE},
  {"F32LE", 44100, 6, FALSE}, {"F32LE", 96000, 6, FALSE},
};

static gint16
get_sample (gint frame, gint rate)
{
  return (gint16) lrint (32768 * kling_test_samples_chirp (frame
          / (gdouble) rate));
}

static GstCaps *
make_caps (const Kind * kind)
{
  GstCaps *caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      kind->format, "rate", G_TYPE_INT, kind->rate, "channels", G_TYPE_INT,
      kind->channels, "layout", G_TYPE_STRING, kind->planar ? "non-interleaved"
      : "interleaved", NULL);

  if (kind->channels > 1)
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK,
        kind->channels == 2 ? (guint64) 0x3 : (guint64) 0x3f, NULL);
  return caps;
}

/* What the first channel has more than the second; it is gone in the mean. */
static gint16
get_difference (gint frame, gint channel)
{
  gint16 difference = (gint16) (frame * 7919 % 2001 - 1000);

  return channel == 0 ? difference : channel == 1 ? -difference : 0;
}

/* @frames of @kind, from @start on */
static GstBuffer *
make_frames (const Kind * kind, gint start, gint frames)
{
  gboolean is_float = kind->format[0] == 'F';
  gint width = is_float ? 4 : 2;
  gint step = kind->planar ? width : width * kind->channels;
  gint next = kind->planar ? width * frames : width;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL,
      (gsize) (frames * width * kind->channels), NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gint i = 0; i < frames * kind->channels; i++) {
    gint frame = i / kind->channels, channel = i % kind->channels;
    gint16 sample = get_sample (start + frame, kind->rate);
    guint8 *place = map.data + frame * step + channel * next;

    if (kind->channels > 1)
      sample += get_difference (start + frame, channel);
    if (is_float)
      GST_WRITE_FLOAT_LE (place, sample / 32768.0f);
    else
      GST_WRITE_UINT16_LE (place, (guint16) sample);
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale_round ((guint64) start,
      GST_SECOND, (guint64) kind->rate);
  return buffer;
}

static KlingTestRun *
make_appsrc (const Kind * kind)
{
  KlingTestRun *run = kling_test_inputs_new ("fakesink appsrc name=in"
      " format=time ! lipsync.audio");
  g_autoptr (GstElement) source = kling_test_inputs_find (run, "in");
  g_autoptr (GstCaps) caps = make_caps (kind);

  g_object_set (source, "caps", caps, NULL);
  return run;
}

/* GStreamer's mixer of integers counts in 1/1024, and rounds each channel's part
 * down. */
static gdouble
get_gain (const Kind * kind)
{
  return kind->channels == 6 && kind->format[0] == 'S' ? 1020 / 1024.0 : 1;
}

static void
check_exact (const KlingTestSamples * samples, const Kind * kind)
{
  gdouble tolerance = kind->channels == 6 ? 1.5 : 0;

  for (gsize i = 0; i < samples->n; i++) {
    gdouble expected = get_gain (kind) * get_sample ((gint) i, kind->rate);

    fail_unless (fabs (samples->data[i] - expected) <= tolerance,
        "sample %zu is %d, not %f", i, samples->data[i], expected);
  }
}

static void
push_chirp (KlingTestRun * run, const Kind * kind)
{
  kling_test_run_set (run, GST_STATE_PLAYING);
  for (gint i = 0; i < SECONDS * kind->rate; i += kind->rate / 50)
    kling_test_inputs_push (run, "in", make_frames (kind, i, kind->rate / 50));
  kling_test_inputs_end (run, "in");
}

/* Sample-exact where nothing is resampled, otherwise at its time */
GST_START_TEST (test_samples)
{
  const Kind *kind = &kinds[__i__];
  g_autoptr (KlingTestRun) run = make_appsrc (kind);
  g_autoptr (GBytes) speech = NULL;
  g_auto (KlingTestSamples) samples = { 0 };

  push_chirp (run, kind);
  kling_test_inputs_play (run, 1);
  speech = kling_test_inputs_get_speech (run);
  samples = kling_test_samples_read (speech);
  fail_unless_equals_int (samples.rate, MIN (kind->rate, 48000));
  fail_unless_equals_int (samples.n, SECONDS * samples.rate);
  if (samples.rate == kind->rate)
    check_exact (&samples, kind);
  fail_unless (fabs (kling_test_samples_find_lag (&samples, 0.005)) <= 0.001);
}

GST_END_TEST;

/* ---- the way back ---- */

#define RESULT_RATE 16000

/* The soundtrack of what came out of @run */
static KlingTestSamples
read_result (KlingTestRun * run)
{
  g_autoptr (GBytes) result = kling_test_run_get_data (run);
  g_autofree gchar *file = kling_test_inputs_path ("result.mp4");
  g_autofree gchar *raw = kling_test_inputs_path ("result.raw");
  KlingTestSamples samples = { RESULT_RATE, 0, NULL };

  fail_unless (g_file_set_contents (file, g_bytes_get_data (result, NULL),
          (gssize) g_bytes_get_size (result), NULL));
  kling_test_inputs_make ("filesrc location=%s ! decodebin ! audioconvert !"
      " audioresample ! audio/x-raw,format=S16LE,channels=1,rate=%d,"
      "layout=interleaved ! filesink location=%s", file, RESULT_RATE, raw);
  fail_unless (g_file_get_contents (raw, (gchar **) & samples.data, &samples.n,
          NULL));
  samples.n /= 2;
  return samples;
}

/* The lips have the sound they belong to: what lag there is comes from the
 * sandbox's encoder. */
GST_START_TEST (test_soundtrack)
{
  const Kind *kind = &kinds[__i__];
  g_autoptr (KlingTestRun) run = make_appsrc (kind);
  g_auto (KlingTestSamples) samples = { 0 };
  gdouble lag;

  push_chirp (run, kind);
  kling_test_inputs_play (run, 1);
  samples = read_result (run);
  lag = kling_test_samples_find_lag (&samples, 0.2);
  g_print ("inputs: %d Hz: the soundtrack is %.1f ms late\n", kind->rate,
      lag * 1000);
  fail_unless (fabs (lag) <= 0.05);
}

GST_END_TEST;

/* ---- gaps and overlaps ---- */

/* Pushes @n frames from @start on, and keeps account of what is there then. */
static void
push_frames (KlingTestRun * run, GByteArray * heard, gint start, gint n)
{
  static const Kind mono = { "S16LE", 44100, 1, FALSE };
  gint old = (gint) heard->len;

  kling_test_inputs_push (run, "in", make_frames (&mono, start, n));
  if (start + n <= old)
    return;
  g_byte_array_set_size (heard, (guint) (start + n));
  for (gint i = old; i < start + n; i++)
    heard->data[i] = i >= start;
}

/* 3 ms or more before or after the end is an overlap or a gap. */
static gint
choose_start (GRand * random, gint end)
{
  gint distance = g_rand_int_range (random, 133, 9000);

  switch (g_rand_int_range (random, 0, 3)) {
    case 0:
      return end + distance;
    case 1:
      return MAX (0, end - distance);
    default:
      return end;
  }
}

static void
check_pattern (KlingTestRun * run, const GByteArray * heard)
{
  g_autoptr (GBytes) speech = kling_test_inputs_get_speech (run);
  g_auto (KlingTestSamples) samples = kling_test_samples_read (speech);

  fail_unless_equals_int (samples.n, heard->len);
  for (guint i = 0; i < heard->len; i++)
    fail_unless_equals_int (samples.data[i], heard->data[i] ?
        get_sample ((gint) i, samples.rate) : 0);
}

/* Each sample is at its time: what is missing is silence, of what comes twice
 * the first counts. */
GST_START_TEST (test_pattern)
{
  static const Kind mono = { "S16LE", 44100, 1, FALSE };
  GRand *random = g_rand_new_with_seed ((guint32) __i__);
  GByteArray *heard = g_byte_array_new ();
  g_autoptr (KlingTestRun) run = make_appsrc (&mono);

  kling_test_run_set (run, GST_STATE_PLAYING);
  while (heard->len < SECONDS * 44100)
    push_frames (run, heard, choose_start (random, (gint) heard->len),
        g_rand_int_range (random, 400, 8000));
  kling_test_inputs_end (run, "in");
  kling_test_inputs_play (run, 1);
  check_pattern (run, heard);
  g_byte_array_unref (heard);
  g_rand_free (random);
}

GST_END_TEST;

/* ---- decoders ---- */

/* The sound of a decoder goes in as it comes out, in planes for example. */
GST_START_TEST (test_decoded)
{
  static const gchar *const encoders[] = { "avenc_aac ! mp4mux",
    "vorbisenc ! oggmux", "lamemp3enc ! xingmux", "flacenc"
  };
  g_autofree gchar *file = kling_test_inputs_path ("decoded.bin");
  g_autofree gchar *raw = kling_test_inputs_path ("decoded.raw");
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! decodebin ! lipsync.audio", file);
  g_autoptr (GBytes) speech = NULL;
  g_auto (KlingTestSamples) samples = { 0 };
  g_autofree gchar *expected = NULL;
  gsize size;

  kling_test_inputs_make (STEREO " ! %s ! filesink location=%s",
      encoders[__i__], file);
  kling_test_inputs_make ("filesrc location=%s ! decodebin ! audioconvert"
      " dithering=none noise-shaping=none ! audio/x-raw,format=S16LE,"
      "channels=1,layout=interleaved ! filesink location=%s", file, raw);
  kling_test_inputs_play (run, 1);
  speech = kling_test_inputs_get_speech (run);
  samples = kling_test_samples_read (speech);
  fail_unless (g_file_get_contents (raw, &expected, &size, NULL));
  fail_unless_equals_int (samples.rate, 44100);
  fail_unless_equals_int (samples.n, size / 2);
  fail_unless (memcmp (samples.data, expected, size) == 0);
}

GST_END_TEST;

/* ---- files ---- */

static void
check_bytes (GBytes * bytes, const gchar * path)
{
  g_autofree gchar *expected = NULL;
  gsize size;

  fail_unless (g_file_get_contents (path, &expected, &size, NULL));
  fail_unless_equals_int (g_bytes_get_size (bytes), size);
  fail_unless (memcmp (g_bytes_get_data (bytes, NULL), expected, size) == 0);
}

static void
prepend (const gchar * path, const gchar * bytes, gsize n)
{
  g_autofree gchar *contents = NULL;
  g_autoptr (GString) all = g_string_new_len (bytes, (gssize) n);
  gsize size;

  fail_unless (g_file_get_contents (path, &contents, &size, NULL));
  g_string_append_len (all, contents, (gssize) size);
  fail_unless (g_file_set_contents (path, all->str, (gssize) all->len, NULL));
}

#define ID3 "ID3\4\0\0\0\0\0\0"

static const struct
{
  const gchar *encoder;
  const gchar *extension;
  gboolean id3;
} files[] = {
  {"lamemp3enc ! xingmux", "mp3", FALSE},
  {"lamemp3enc", "mp3", TRUE},
  {"avenc_aac ! aacparse ! audio/mpeg,stream-format=adts", "aac", FALSE},
  {"avenc_aac ! mp4mux", "m4a", FALSE},
  {"wavenc", "wav", FALSE},
};

static gchar *
make_file (guint i)
{
  g_autofree gchar *name = g_strdup_printf ("speech.%s", files[i].extension);
  gchar *path = kling_test_inputs_path (name);

  kling_test_inputs_make (TONE " ! %s ! filesink location=%s",
      files[i].encoder, path);
  if (files[i].id3)
    prepend (path, ID3, 10);
  return path;
}

static void
check_file (const gchar * path, const gchar * between)
{
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s %s ! lipsync.audio", path, between);
  g_autoptr (GBytes) speech = NULL;

  kling_test_inputs_play (run, kling_test_inputs_count_paid () + 1);
  speech = kling_test_inputs_get_speech (run);
  check_bytes (speech, path);
}

/* Without caps, and with those that are found: application/x-id3 too */
GST_START_TEST (test_file)
{
  g_autofree gchar *path = make_file ((guint) __i__);

  check_file (path, "");
  check_file (path, "! typefind");
}

GST_END_TEST;

/* When it was made stands in three kinds of boxes, in seconds. */
static GBytes *
blank_times (GBytes * file)
{
  static const gchar *const boxes[] = { "mvhd", "tkhd", "mdhd" };
  gsize size;
  gchar *data = g_bytes_unref_to_data (file, &size);

  for (gsize at = 0; at + 16 <= size; at++) {
    for (guint i = 0; i < G_N_ELEMENTS (boxes); i++) {
      if (memcmp (data + at, boxes[i], 4) == 0)
        memset (data + at + 8, 0, 8);
    }
  }
  return g_bytes_new_take (data, size);
}

static const struct
{
  const gchar *line;
  const gchar *pad;
} streams[] = {
  {TONE " ! wavenc", "audio"},
  {TONE " ! lamemp3enc", "audio"},
  {TONE " ! avenc_aac ! aacparse ! audio/mpeg,stream-format=adts", "audio"},
  {TONE " ! avenc_aac ! mp4mux", "audio"},
  {PICTURES " ! mp4mux", "video"},
  {PICTURES " ! qtmux", "video"},
  {PICTURES " ! mp4mux faststart=true", "video"},
};

/* What an encoder or a muxer makes, one that goes back to its header too, is
 * what a filesink would have written. */
GST_START_TEST (test_stream)
{
  gboolean is_video = g_str_equal (streams[__i__].pad, "video");
  g_autofree gchar *path = kling_test_inputs_path ("stream.bin");
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink %s !"
      " lipsync.%s", streams[__i__].line, streams[__i__].pad);
  g_autoptr (GBytes) received = NULL, expected = NULL;
  gchar *contents;
  gsize size;

  if (is_video)
    g_object_set (run->lipsync, "video-url", NULL, "text", TEST_TEXT,
        "voice-id", "oversea_male1", "voice-language", "en", NULL);
  kling_test_inputs_make ("%s ! filesink location=%s", streams[__i__].line,
      path);
  fail_unless (g_file_get_contents (path, &contents, &size, NULL));
  kling_test_inputs_play (run, 1);
  expected = blank_times (g_bytes_new_take (contents, size));
  received = blank_times (is_video ? kling_test_inputs_get_video (run)
      : kling_test_inputs_get_speech (run));
  fail_unless_equals_int (g_bytes_get_size (received), size);
  fail_unless (g_bytes_equal (received, expected));
}

GST_END_TEST;

/* ---- text ---- */

#define CUES "1\n00:00:01,000 --> 00:00:02,000\nGood <i>evening</i>.\n\n" \
  "2\n00:01:00,000 --> 00:01:02,000\nSalt &\npepper?\n\n"

GST_START_TEST (test_subtitles)
{
  g_autofree gchar *path = kling_test_inputs_path ("lines.srt");
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! subparse ! lipsync.text", path);
  JsonObject *task;

  fail_unless (g_file_set_contents (path, CUES, -1, NULL));
  g_object_set (run->lipsync, "voice-id", "oversea_male1", "voice-language",
      "en", NULL);
  kling_test_inputs_play (run, 1);
  task = kling_test_inputs_get_task (run);
  fail_unless_equals_string (json_object_get_string_member
      (json_object_get_object_member (json_object_get_object_member (task,
                  "request"), "input"), "text"),
      "Good evening. Salt & pepper?");
  json_object_unref (task);
}

GST_END_TEST;

/* ---- the same again ---- */

/* Adds one to the sample in the middle of a WAV file. */
static void
change_sample (const gchar * path)
{
  g_autofree gchar *contents = NULL;
  gsize size;

  fail_unless (g_file_get_contents (path, &contents, &size, NULL));
  contents[size / 4 * 2]++;
  fail_unless (g_file_set_contents (path, contents, (gssize) size, NULL));
}

/* What was bought is not bought again, however it comes; what differs in one
 * sample is something else. */
GST_START_TEST (test_again)
{
  g_autofree gchar *path = make_file (4);
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s %s ! lipsync.audio", path, __i__ ? "! wavparse" : "");

  for (guint i = 0; i < 3; i++) {
    kling_test_run_clear (run);
    kling_test_inputs_play (run, 1);
    kling_test_run_set (run, i ? GST_STATE_READY : GST_STATE_NULL);
  }
  change_sample (path);
  kling_test_run_clear (run);
  kling_test_inputs_play (run, 2);
}

GST_END_TEST;

/* ---- limits ---- */

/* KiB that this process has in memory */
static gint64
get_memory (void)
{
  g_autofree gchar *text = NULL;
  guint64 pages;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  pages = g_ascii_strtoull (strchr (text, ' '), NULL, 10);
  return (gint64) pages *(sysconf (_SC_PAGESIZE) / 1024);
}

/* More than can ever be sent is refused when it comes. Without a documented
 * length that is what fits into the bytes at the lowest rate: 156 s. */
GST_START_TEST (test_hour)
{
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink"
      " audiotestsrc name=in samplesperbuffer=4410 num-buffers=36000 !"
      " audio/x-raw,rate=44100,channels=2 ! lipsync.audio");
  g_autoptr (GstElement) source = kling_test_inputs_find (run, "in");
  gint64 before = get_memory (), growth, position = -1;

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_inputs_first_error (run), "156.2 s");
  growth = get_memory () - before;
  fail_unless (gst_element_query_position (source, GST_FORMAT_TIME, &position));
  g_print ("inputs: an hour ends after %.1f s; %" G_GINT64_FORMAT " KiB more"
      " memory\n", position / 1e9, growth);
  fail_unless (position < 160 * (gint64) GST_SECOND);
  fail_unless (growth < 200 * 1024);
  fail_unless_equals_int (kling_test_inputs_count_paid (), 0);
}

GST_END_TEST;

/* Tenths of a second; a warning; what is left, in samples, 0 when the service
 * refuses it */
static const struct
{
  const gchar *wave;
  gint tenths;
  const gchar *warning;
  gsize left;
} lengths[] = {
  {"silence", 30, "The audio is silent", 48000},
  {"sine", 15, "The audio is 1.50 s long. Kling's own lower limit is 2 s", 0},
  {"sine", 603, "The audio is 60.300 s long", 960000},
  {"sine", 615, "The audio is 61.50 s long. Kling's own limit is 60 s", 0},
};

GST_START_TEST (test_length)
{
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink"
      " audiotestsrc wave=%s num-buffers=%d samplesperbuffer=1600 !"
      " audio/x-raw,rate=16000 ! lipsync.audio", lengths[__i__].wave,
      lengths[__i__].tenths);
  g_autoptr (GBytes) speech = NULL;
  g_auto (KlingTestSamples) samples = { 0 };

  if (lengths[__i__].left) {
    kling_test_inputs_play (run, 1);
    speech = kling_test_inputs_get_speech (run);
    samples = kling_test_samples_read (speech);
    fail_unless_equals_int (samples.n, lengths[__i__].left);
  } else {
    kling_test_run_set (run, GST_STATE_PLAYING);
    kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
    fail_unless_equals_int (kling_test_inputs_count_paid (), 0);
  }
  fail_unless (kling_test_run_has_warning (run, lengths[__i__].warning));
}

GST_END_TEST;

/* ---- what is refused ---- */

static const struct
{
  const gchar *line;
  const gchar *pad;
  const gchar *expected;
} wrongs[] = {
  {PICTURES " ! mp4mux", "audio", "video pad (k.video)"},
  {TONE " ! vorbisenc ! oggmux", "audio", "! decodebin ! klinglipsync"},
  {TONE " ! avenc_aac ! mp4mux", "video", "audio pad (k.audio)"},
  {TONE " ! wavenc", "video", "MP4 or MOV"},
};

/* A file of a kind that this pad does not take */
GST_START_TEST (test_wrong_file)
{
  g_autofree gchar *path = kling_test_inputs_path ("wrong.bin");
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink filesrc"
      " location=%s ! lipsync.%s", path, wrongs[__i__].pad);

  if (g_str_equal (wrongs[__i__].pad, "video"))
    g_object_set (run->lipsync, "video-url", NULL, "text", TEST_TEXT,
        "voice-id", "oversea_male1", "voice-language", "en", NULL);
  kling_test_inputs_make ("%s ! filesink location=%s", wrongs[__i__].line,
      path);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), wrongs[__i__].expected);
  fail_unless_equals_int (kling_test_inputs_count_paid (), 0);
}

GST_END_TEST;

static const gchar *const pads[] = { "audio", "video", "text" };

/* An end without a beginning is no success. */
GST_START_TEST (test_nothing)
{
  g_autoptr (KlingTestRun) run = kling_test_inputs_new ("fakesink fakesrc"
      " num-buffers=0 ! lipsync.%s", pads[__i__]);
  g_autofree gchar *expected = g_strdup_printf ("The %s pad has ended without",
      pads[__i__]);

  if (g_str_equal (pads[__i__], "video"))
    g_object_set (run->lipsync, "video-url", NULL, "text", TEST_TEXT, NULL);
  if (!g_str_equal (pads[__i__], "audio"))
    g_object_set (run->lipsync, "voice-id", "oversea_male1", "voice-language",
        "en", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), expected);
  fail_unless_equals_int (kling_test_inputs_count_paid (), 0);
}

GST_END_TEST;

static Suite *
inputs_suite (void)
{
  Suite *suite = suite_create ("inputs");
  TCase *tcase = tcase_create ("inputs");
  TCase *drawn = tcase_create ("drawn");

  suite_add_tcase (suite, tcase);
  suite_add_tcase (suite, drawn);
  tcase_add_unchecked_fixture (drawn, setup_drawing,
      kling_test_inputs_teardown);
  tcase_add_checked_fixture (drawn, kling_test_inputs_begin, NULL);
  tcase_add_loop_test (drawn, test_soundtrack, 0, 2);

  tcase_add_unchecked_fixture (tcase, setup, kling_test_inputs_teardown);
  tcase_add_checked_fixture (tcase, kling_test_inputs_begin, NULL);
  tcase_add_loop_test (tcase, test_samples, 0, G_N_ELEMENTS (kinds));
  tcase_add_loop_test (tcase, test_pattern, 0, 20);
  tcase_add_loop_test (tcase, test_decoded, 0, 4);
  tcase_add_loop_test (tcase, test_file, 0, G_N_ELEMENTS (files));
  tcase_add_loop_test (tcase, test_stream, 0, G_N_ELEMENTS (streams));
  tcase_add_test (tcase, test_subtitles);
  tcase_add_loop_test (tcase, test_again, 0, 2);
  tcase_add_test (tcase, test_hour);
  tcase_add_loop_test (tcase, test_length, 0, G_N_ELEMENTS (lengths));
  tcase_add_loop_test (tcase, test_wrong_file, 0, G_N_ELEMENTS (wrongs));
  tcase_add_loop_test (tcase, test_nothing, 0, G_N_ELEMENTS (pads));
  return suite;
}

GST_CHECK_MAIN (inputs);
