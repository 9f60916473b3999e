/* klinglipsync: tests of raw audio that comes into a sink pad
 *
 * What is sent is compared with what was pushed sample by sample: against the
 * same numbers where nothing is resampled, against the function that they are
 * samples of where it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "collect-helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <gst/audio/audio.h>

#define MONO 0
#define UNPOSITIONED 1

static GstKlingCollect *
new_collect (const gchar * format, gint rate, gint channels, guint64 mask)
{
  GstKlingCollect *collect =
      gst_kling_collect_new (GST_KLING_INPUT_AUDIO, &documented_limits);
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-raw",
      "format", G_TYPE_STRING, format, "rate", G_TYPE_INT, rate,
      "channels", G_TYPE_INT, channels, "layout", G_TYPE_STRING, "interleaved",
      NULL);

  if (mask != UNPOSITIONED && mask != MONO)
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, mask, NULL);
  fail_unless (gst_kling_collect_set_caps (collect, caps, NULL));
  set_segment (collect, GST_FORMAT_TIME, 0, 0);
  return collect;
}

/* A collect for S16 mono, which is what most tests push */
static GstKlingCollect *
new_mono (gint rate)
{
  return new_collect ("S16LE", rate, 1, MONO);
}

static const gchar *const formats[] = {
  "S16LE", "S24LE", "S32LE", "F32LE", "F64LE", "S16BE", "U8"
};

static const gint rates[] = { 8000, 44100, 48000, 96000 };

static const struct
{
  gint channels;
  guint64 mask;
  gdouble parts[6];
} layouts[] = {
  {1, MONO, {1}},
  {2, 3, {0.5, 0.5}},
  /* GStreamer weighs front 1, centre 0.7071, LFE 1, rear 0.5, and divides by
   * the sum. */
  {6, 0x3f, {1 / 4.70711, 1 / 4.70711, 0.70711 / 4.70711, 1 / 4.70711,
          0.5 / 4.70711, 0.5 / 4.70711}},
  {3, UNPOSITIONED, {1 / 3.0, 1 / 3.0, 1 / 3.0}},
};

static void
write_sample (guint8 * out, const gchar * format, gdouble value)
{
  if (g_str_equal (format, "F32LE"))
    GST_WRITE_FLOAT_LE (out, (gfloat) value);
  else if (g_str_equal (format, "F64LE"))
    GST_WRITE_DOUBLE_LE (out, value);
  else if (g_str_equal (format, "S32LE"))
    GST_WRITE_UINT32_LE (out, (guint32) lrint (value * 2147483648.0));
  else if (g_str_equal (format, "S24LE"))
    GST_WRITE_UINT24_LE (out, (guint32) lrint (value * 8388608.0) & 0xffffff);
  else if (g_str_equal (format, "S16BE"))
    GST_WRITE_UINT16_BE (out, (guint16) lrint (value * 32768.0));
  else if (g_str_equal (format, "U8"))
    *out = (guint8) (128 + lrint (value * 128.0));
  else
    GST_WRITE_UINT16_LE (out, (guint16) lrint (value * 32768.0));
}

static gint
get_width (const gchar * format)
{
  return g_str_equal (format, "U8") ? 1 : atoi (format + 1) / 8;
}

static GstBuffer *
make_frames (guint64 start, gsize frames, gint rate, const gchar * format,
    gint channels)
{
  gint width = get_width (format);
  g_autofree guint8 *data = g_malloc (frames * channels * width);
  GstBuffer *buffer;

  for (gsize i = 0; i < frames * channels; i++)
    write_sample (data + i * width, format,
        tone ((start + i / channels) / (gdouble) rate, (gint) (i % channels)));
  buffer = make_buffer (data, frames * channels * width);
  GST_BUFFER_PTS (buffer) = time_of (start, rate);
  return buffer;
}

/* What tone() is in mono. The mixer of integers counts in 1/1024. */
static gdouble
mix (gdouble seconds, gint layout, gboolean integers)
{
  gdouble sum = 0;

  for (gint c = 0; c < layouts[layout].channels; c++) {
    gdouble part = layouts[layout].parts[c];

    sum += tone (seconds, c) * (integers ? floor (part * 1024) / 1024 : part);
  }
  return sum;
}

/* One second of any format, rate and layout */
GST_START_TEST (test_formats)
{
  const gchar *format = formats[__i__];
  gdouble lsb = g_str_equal (format, "U8") ? 256 : 1;

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    for (guint l = 0; l < G_N_ELEMENTS (layouts); l++) {
      gint rate = rates[r];
      g_autoptr (GstKlingCollect) collect = new_collect (format, rate,
          layouts[l].channels, layouts[l].mask);
      g_auto (Sent) sent = { NULL };

      for (gint i = 0; i < rate; i += rate / 50)
        push (collect, make_frames (i, rate / 50, rate, format,
                layouts[l].channels));
      sent = finish_samples (collect);
      fail_unless_equals_int (sent.rate, MIN (rate, 48000));
      fail_unless_equals_int (sent.frames, MIN (rate, 48000));
      for (gsize i = 0; rate <= 48000 && i < sent.frames; i++)
        check_sample (&sent, i, 32768 * mix (i / (gdouble) rate, l,
                format[0] != 'F'), lsb + 0.5);
      if (layouts[l].channels == 1 && lsb == 1)
        check_lag (&sent, 0, sent.frames);
      if (layouts[l].channels == 1 && rate <= 48000 && strstr (format, "S16"))
        check_tone (&sent, 0, sent.frames, 0, rate);
    }
  }
}

GST_END_TEST;

/* The same frames with each channel for itself; @meta: it says where, and the
 * last channel comes first */
static GstBuffer *
make_planes (GstBuffer * frames, const GstAudioInfo * info, gboolean meta)
{
  gsize n = gst_buffer_get_size (frames) / 4, offsets[] = { 2 * n + 2, 0 };
  g_autofree guint8 *planes = g_malloc0 (4 * n + 2);
  GstBuffer *buffer;
  GstMapInfo map;

  if (!meta) {
    offsets[0] = 0;
    offsets[1] = 2 * n;
  }
  gst_buffer_map (frames, &map, GST_MAP_READ);
  for (gsize i = 0; i < 2 * n; i++)
    memcpy (planes + offsets[i % 2] + i / 2 * 2, map.data + 2 * i, 2);
  gst_buffer_unmap (frames, &map);
  buffer = make_buffer (planes, meta ? 4 * n + 2 : 4 * n);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_PTS (frames);
  gst_buffer_unref (frames);
  if (meta)
    gst_buffer_add_audio_meta (buffer, info, n, offsets);
  return buffer;
}

/* What some decoders give: no frames but planes, here in stereo */
GST_START_TEST (test_planes)
{
  const gint rate = 44100;
  g_autoptr (GstKlingCollect) collect = new_collect ("S16LE", rate, 2, 3);
  g_auto (Sent) sent = { NULL };
  GstAudioInfo info;

  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_S16LE, rate, 2, NULL);
  info.layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  set_caps (collect, "audio/x-raw,format=S16LE,rate=44100,channels=2,"
      "layout=non-interleaved,channel-mask=(bitmask)3");
  for (gint i = 0; i < rate; i += rate / 50)
    push (collect, make_planes (make_frames (i, rate / 50, rate, "S16LE", 2),
            &info, __i__));
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, rate);
  for (gsize i = 0; i < sent.frames; i++)
    check_sample (&sent, i, 32768 * mix (i / (gdouble) rate, 1, TRUE), 1.5);
}

GST_END_TEST;

/* A meta that is not true is no reason to read elsewhere. */
GST_START_TEST (test_planes_elsewhere)
{
  static const struct
  {
    gsize samples, offset;
  } metas[] = { {17, 0}, {16, 33}, {1, G_MAXSIZE - 1}, {G_MAXSIZE / 2, 0} };
  g_autoptr (GstKlingCollect) collect = new_mono (16000);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 64, NULL);
  gsize offsets[] = { 0, 32 };
  GstAudioMeta *meta;
  GstAudioInfo info;

  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_S16LE, 16000, 2, NULL);
  info.layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  set_caps (collect, "audio/x-raw,format=S16LE,rate=16000,channels=2,"
      "layout=non-interleaved,channel-mask=(bitmask)3");
  meta = gst_buffer_add_audio_meta (buffer, &info, 16, offsets);
  meta->samples = metas[__i__].samples;
  meta->offsets[1] = metas[__i__].offset ? metas[__i__].offset : 32;
  refuse (collect, buffer, "cannot be read");
}

GST_END_TEST;

/* The digest is that of a line with the rate and of the samples that came,
 * whatever was sent. */
GST_START_TEST (test_digest)
{
  gint rate = __i__ ? 96000 : 32000;
  g_autofree gchar *line = g_strdup_printf ("S16LE mono %d\n", rate);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree gchar *sha256 = NULL;

  g_checksum_update (checksum, (const guchar *) line, -1);
  for (gint i = 0; i < 3 * rate; i++) {
    guint8 sample[2];

    GST_WRITE_UINT16_LE (sample, (guint16) tone_s16 (i, rate));
    g_checksum_update (checksum, sample, 2);
  }
  for (guint run = 0; run < 3; run++) {
    g_autoptr (GstKlingCollect) collect = new_mono (rate);
    g_auto (Sent) sent = { NULL };
    guint16 other = GUINT16_TO_LE (12345);
    GstBuffer *last = make_tone (2 * rate, rate, rate);

    push_tone (collect, 0, 2 * rate, rate);
    if (run == 2)
      gst_buffer_fill (last, 1000, &other, 2);
    push (collect, last);
    sent = finish_samples (collect);
    fail_unless (g_str_equal (sent.media->digest,
            g_checksum_get_string (checksum)) == (run < 2));
    if (run == 0)
      sha256 = g_strdup (kling_spool_get_sha256 (sent.media->spool));
    else
      fail_unless (g_str_equal (kling_spool_get_sha256 (sent.media->spool),
              sha256) == (run == 1));
  }
}

GST_END_TEST;

/* What the timeline should be, computed on its own */
typedef struct
{
  GstKlingCollect *collect;
  GRand *rand;
  gint rate;
  GArray *samples;
  gboolean started;
} Model;

static void
model_add_silence (Model * model, guint64 end)
{
  gint16 zero = 0;

  while (model->samples->len < end)
    g_array_append_val (model->samples, zero);
}

/* @timestamp: of the buffer; it is more than 2 ms off the end, or belongs there */
static void
model_push (Model * model, GstClockTime timestamp, gsize frames, gint16 value)
{
  g_autofree gint16 *samples = g_new (gint16, frames);
  gint64 position = llround (timestamp * (gdouble) model->rate / GST_SECOND);
  gint64 end = model->samples->len;
  GstBuffer *buffer;

  if (model->started && ABS (position - end) * 1000 < model->rate * 1.4)
    position = end;
  model->started = TRUE;
  model_add_silence (model, (guint64) position);
  for (gsize i = 0; i < frames; i++) {
    gint16 sample = (gint16) (value + (gint16) (i % 100));

    GST_WRITE_UINT16_LE (samples + i, (guint16) sample);
    if (position + (gint64) i >= end)
      g_array_append_val (model->samples, sample);
  }
  buffer = make_buffer (samples, frames * 2);
  GST_BUFFER_PTS (buffer) = timestamp;
  push (model->collect, buffer);
}

/* A GAP event at the end or up to 10 ms before or behind it */
static void
model_gap (Model * model)
{
  GstClockTime end = time_of (model->samples->len, model->rate);
  GstClockTime timestamp = MAX ((GstClockTimeDiff) end
      + g_rand_int_range (model->rand, -10, 11) * (gint) GST_MSECOND, 0);
  GstClockTime duration = g_rand_int_range (model->rand, 1, 300) * GST_MSECOND;
  gint64 stop = llround ((timestamp + duration) * (gdouble) model->rate
      / GST_SECOND);

  fail_unless (gst_kling_collect_gap (model->collect, timestamp, duration,
          NULL));
  model->started = TRUE;
  model_add_silence (model, (guint64) MAX (stop, 0));
}

static void
model_step (Model * model)
{
  gint ms = GST_MSECOND;
  GstClockTime end = time_of (model->samples->len, model->rate);
  gsize frames = g_rand_int_range (model->rand, 1, model->rate / 5);
  gint16 value = (gint16) g_rand_int_range (model->rand, 1, 30000);
  GstClockTimeDiff off = 0;

  switch (g_rand_int_range (model->rand, 0, 5)) {
    case 0:
      off = g_rand_int_range (model->rand, 2 * ms, 400 * ms);
      break;
    case 1:
      off = -g_rand_int_range (model->rand, 2 * ms, 400 * ms);
      break;
    case 2:
      off = g_rand_int_range (model->rand, -ms, ms);
      break;
    case 3:
      model_gap (model);
      return;
    default:
      break;
  }
  model_push (model, MAX ((GstClockTimeDiff) end + off, 0), frames, value);
}

/* Twenty patterns of gaps, overlaps, rounding and GAP events */
GST_START_TEST (test_patterns)
{
  static const gint pattern_rates[] = { 16000, 22050, 44100, 48000, 8000 };
  gint rate = pattern_rates[__i__ % G_N_ELEMENTS (pattern_rates)];
  g_autoptr (GstKlingCollect) collect = new_mono (rate);
  g_autoptr (GRand) rand = g_rand_new_with_seed (__i__ + 1);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  Model model = { collect, rand, rate, samples, FALSE };
  g_auto (Sent) sent = { NULL };

  for (guint i = 0; i < 60; i++)
    model_step (&model);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, samples->len);
  for (gsize i = 0; i < sent.frames; i++)
    check_sample (&sent, i, g_array_index (samples, gint16, i), 0);
}

GST_END_TEST;

/* A gap of less than a millisecond counts when the buffer says that it is one,
 * and one of 1.2 ms is rounding when it does not. */
GST_START_TEST (test_discont)
{
  g_autoptr (GstKlingCollect) collect = new_mono (48000);
  g_auto (Sent) sent = { NULL };
  GstBuffer *buffer;

  push_tone (collect, 0, 4800, 48000);
  buffer = make_tone (4800 + 40, 4760, 48000);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  push (collect, buffer);
  buffer = make_tone (9600 - 40, 4840, 48000);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  push (collect, buffer);
  buffer = make_tone (14400, 4800, 48000);
  GST_BUFFER_PTS (buffer) += 1200 * GST_USECOND;
  push (collect, buffer);
  buffer = make_tone (19200, 4800, 48000);
  GST_BUFFER_PTS (buffer) -= 15 * GST_USECOND;
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  push (collect, buffer);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 24000);
  check_tone (&sent, 0, 4800, 0, 48000);
  check_silence (&sent, 4800, 40);
  check_tone (&sent, 4840, 24000 - 4840, 4840, 48000);
}

GST_END_TEST;

/* Timestamps of a container that counts in milliseconds: no gap in 60 s */
GST_START_TEST (test_rounded_timestamps)
{
  gint rate = 44100;
  g_autoptr (GstKlingCollect) collect = new_mono (rate);
  g_auto (Sent) sent = { NULL };

  for (guint64 i = 0; i + 1024 <= 50 * (guint64) rate; i += 1024) {
    GstBuffer *buffer = make_tone (i, 1024, rate);

    GST_BUFFER_PTS (buffer) = (GST_BUFFER_PTS (buffer) + GST_MSECOND / 2)
        / GST_MSECOND * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 23 * GST_MSECOND;
    push (collect, buffer);
  }
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 50 * rate / 1024 * 1024);
  check_tone (&sent, 0, sent.frames, 0, rate);
}

GST_END_TEST;

/* Without timestamps, and in a BYTES segment, one follows the other; blocks may
 * end in the middle of a frame. */
GST_START_TEST (test_untimed)
{
  g_autoptr (GstKlingCollect) collect = new_collect ("S24LE", 16000, 1, MONO);
  g_autoptr (GstBuffer) whole = make_frames (0, 32000, 16000, "S24LE", 1);
  g_auto (Sent) sent = { NULL };
  gsize size = gst_buffer_get_size (whole);

  if (__i__)
    set_segment (collect, GST_FORMAT_BYTES, 0, 0);
  for (gsize i = 0; i < size; i += 1000) {
    GstBuffer *block = gst_buffer_copy_region (whole, GST_BUFFER_COPY_MEMORY,
        i, MIN (1000, size - i));

    if (__i__)
      GST_BUFFER_PTS (block) = 5 * GST_SECOND;
    push (collect, block);
  }
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 32000);
  for (gsize i = 0; i < sent.frames; i++)
    check_sample (&sent, i, tone_s16 (i, 16000), 1);
}

GST_END_TEST;

/* The start of the segment is the beginning, unless the source is live. */
GST_START_TEST (test_leading_gap)
{
  for (guint live = 0; live < 2; live++) {
    g_autoptr (GstKlingCollect) collect = new_mono (48000);
    g_auto (Sent) sent = { NULL };
    gsize lead = live ? 0 : 12345;
    GstSegment segment;

    gst_kling_collect_flush (collect);
    gst_segment_init (&segment, GST_FORMAT_TIME);
    fail_unless (gst_kling_collect_set_segment (collect, &segment, live, NULL));
    push_tone (collect, 12345, 12345 + 48000, 48000);
    sent = finish_samples (collect);
    fail_unless_equals_int (sent.frames, lead + 48000);
    check_silence (&sent, 0, lead);
    check_tone (&sent, lead, 48000, 12345, 48000);
  }
}

GST_END_TEST;

static void
gap (GstKlingCollect * collect, GstClockTime timestamp, GstClockTime duration)
{
  fail_unless (gst_kling_collect_gap (collect, timestamp, duration, NULL));
}

/* At the beginning, in the middle, at the end; and those that say nothing */
GST_START_TEST (test_gap_events)
{
  g_autoptr (GstKlingCollect) collect = new_mono (8000);
  g_auto (Sent) sent = { NULL };

  gap (collect, 0, GST_SECOND);
  push_tone (collect, 8000, 16000, 8000);
  gap (collect, 2 * GST_SECOND, GST_CLOCK_TIME_NONE);
  gap (collect, 2 * GST_SECOND, GST_SECOND);
  gap (collect, GST_CLOCK_TIME_NONE, GST_SECOND);
  gap (collect, 3 * GST_SECOND, GST_SECOND);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 32000);
  check_silence (&sent, 0, 8000);
  check_tone (&sent, 8000, 8000, 8000, 8000);
  check_silence (&sent, 16000, 16000);
}

GST_END_TEST;

/* From 1 s to 2.5 s of four seconds; and what a lying duration says of it does
 * not count. */
GST_START_TEST (test_segment_clips)
{
  g_autoptr (GstKlingCollect) collect = new_mono (16000);
  g_auto (Sent) sent = { NULL };
  GstSegment segment;

  gst_kling_collect_flush (collect);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = GST_SECOND;
  segment.stop = 5 * GST_SECOND / 2;
  fail_unless (gst_kling_collect_set_segment (collect, &segment, FALSE, NULL));
  for (guint64 i = 0; i < 64000; i += 1003) {
    GstBuffer *buffer = make_tone (i, MIN (1003, 64000 - i), 16000);

    GST_BUFFER_DURATION (buffer) = 3600 * GST_SECOND;
    push (collect, buffer);
  }
  gap (collect, 0, 3600 * GST_SECOND);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 24000);
  check_tone (&sent, 0, 24000, 16000, 16000);
}

GST_END_TEST;

/* Two files one after the other, as concat plays them: the second segment has
 * the first one's length as its base. And with a base from the beginning. */
GST_START_TEST (test_running_time)
{
  GstClockTime base = __i__ * 7 * GST_SECOND;
  g_autoptr (GstKlingCollect) collect = new_mono (16000);
  g_auto (Sent) sent = { NULL };

  gst_kling_collect_flush (collect);
  set_segment (collect, GST_FORMAT_TIME, 0, base);
  push_tone (collect, 0, 16000, 16000);
  set_segment (collect, GST_FORMAT_TIME, 10 * GST_SECOND,
      base + GST_SECOND + GST_SECOND / 4);
  push_tone (collect, 160000, 176000, 16000);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 36000);
  check_tone (&sent, 0, 16000, 0, 16000);
  check_silence (&sent, 16000, 4000);
  check_tone (&sent, 20000, 16000, 160000, 16000);
}

GST_END_TEST;

GST_START_TEST (test_segment_rate)
{
  g_autoptr (GstKlingCollect) collect = new_mono (16000);
  GError *error = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = 2.0;
  fail_if (gst_kling_collect_set_segment (collect, &segment, FALSE, &error));
  check_error (error, "2 times its speed");
}

GST_END_TEST;

/* The rate changes at 1 s and back at 3 s. The timeline stays at the first, and
 * nothing moves. */
GST_START_TEST (test_caps_change)
{
  static const gint changes[][2] = {
    {44100, 48000}, {48000, 44100}, {16000, 96000}, {48000, 8000}
  };
  gint rate = changes[__i__][0];
  gint other = changes[__i__][1];
  g_autoptr (GstKlingCollect) collect = new_mono (rate);
  g_autofree gchar *caps = g_strdup_printf ("audio/x-raw,format=S16LE,rate=%d,"
      "channels=1,layout=interleaved", other);
  g_autofree gchar *back = g_strdup_printf ("audio/x-raw,format=S16LE,rate=%d,"
      "channels=1,layout=interleaved", rate);
  g_auto (Sent) sent = { NULL };

  push_tone (collect, 0, rate, rate);
  set_caps (collect, caps);
  push_tone (collect, other, 3 * other, other);
  set_caps (collect, caps);
  set_caps (collect, back);
  push_tone (collect, 3 * rate, 4 * rate, rate);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.rate, rate);
  fail_unless_equals_int (sent.frames, 4 * rate);
  check_tone (&sent, 0, rate, 0, rate);
  check_lag (&sent, rate, 3 * rate);
  check_tone (&sent, 3 * rate, rate, 3 * rate, rate);
}

GST_END_TEST;

/* A gap and an overlap while a resampler holds samples back */
GST_START_TEST (test_caps_change_gap)
{
  g_autoptr (GstKlingCollect) collect = new_mono (48000);
  g_auto (Sent) sent = { NULL };

  push_tone (collect, 0, 48000, 48000);
  set_caps (collect, "audio/x-raw,format=S16LE,rate=32000,channels=1,"
      "layout=interleaved");
  push_tone (collect, 32000, 64000, 32000);
  push_tone (collect, 80000, 112000, 32000);
  push_tone (collect, 96000, 128000, 32000);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 4 * 48000);
  check_lag (&sent, 48000, 2 * 48000);
  check_silence (&sent, 2 * 48000, 24000);
  check_lag (&sent, 5 * 24000, 4 * 48000);
}

GST_END_TEST;

/* At the last frame that fits and one beyond it */
GST_START_TEST (test_rate_choice)
{
  static const struct
  {
    gint rate;
    guint64 frames;
    gint sent;
  } choices[] = {
    {48000, 2499978, 48000},
    {48000, 2499979, 44100},
    {44100, 2499978, 44100},
    {44100, 2499979, 32000},
    {96000, 2 * 2499978, 48000},
    {96000, 2 * 2499978 + 2, 44100},
    {32000, 60 * 32000, 32000},
    {30000, 30000, 24000},
    {22050, 22050, 22050},
    {20000, 20000, 16000},
    {11025, 11025, 11025},
  };
  gint rate = choices[__i__].rate;
  gint sent_rate = choices[__i__].sent;
  guint64 frames = choices[__i__].frames;
  g_autoptr (GstKlingCollect) collect = new_mono (rate);
  g_auto (Sent) sent = { NULL };

  push_tone (collect, 0, frames, rate);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.rate, sent_rate);
  fail_unless_equals_int (sent.frames,
      llround (frames * (gdouble) sent_rate / rate));
  fail_unless_equals_int (sent.warnings->len, 0);
  if (sent_rate == rate)
    check_tone (&sent, 0, sent.frames, 0, rate);
  else
    check_lag (&sent, 0, sent.frames);
}

GST_END_TEST;

/* 60 s and 60.6 s are taken, the latter with 0.6 s less. */
GST_START_TEST (test_trim)
{
  static const guint64 lengths[] = { 60000, 60300, 60600 };
  guint64 length = lengths[__i__];
  g_autoptr (GstKlingCollect) collect = new_mono (16000);
  g_auto (Sent) sent = { NULL };

  push_tone (collect, 0, length * 16, 16000);
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.frames, 60 * 16000);
  check_tone (&sent, 0, sent.frames, 0, 16000);
  fail_unless_equals_int (sent.warnings->len, length > 60000);
  if (length == 60300)
    fail_unless_equals_string (g_ptr_array_index (sent.warnings, 0),
        "The audio is 60.300 s long, and the service takes 60 s: the last 0.300"
        " s are left out.");
}

GST_END_TEST;

/* Resident pages, in MiB */
static glong
get_memory (void)
{
  g_autofree gchar *text = NULL;
  glong size, resident;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  fail_unless (sscanf (text, "%ld %ld", &size, &resident) == 2);
  return resident * sysconf (_SC_PAGESIZE) / (1024 * 1024);
}

/* An hour of CD audio ends at the limit, and memory does not grow with it. */
GST_START_TEST (test_hour)
{
  g_autoptr (GstKlingCollect) collect = new_collect ("F32LE", 44100, 2, 3);
  g_autoptr (GstBuffer) block = make_frames (0, 44100, 44100, "F32LE", 2);
  gdouble limit = __i__ ? 156.25 : 60.6;
  glong before = get_memory ();
  GError *error = NULL;
  guint i;

  if (__i__)
    gst_kling_collect_reset (collect, &presumed_limits);
  if (__i__)
    set_caps (collect, "audio/x-raw,format=F32LE,rate=44100,channels=2,"
        "layout=interleaved,channel-mask=(bitmask)3");
  GST_BUFFER_PTS (block) = GST_CLOCK_TIME_NONE;
  for (i = 0; i < 3600; i++) {
    if (!gst_kling_collect_buffer (collect, block, &error))
      break;
  }
  fail_unless_equals_int (i, (gint) limit);
  check_error (error, __i__ ? "156.2 s" : "60 s");
  fail_unless (get_memory () - before < 32, "%ld MiB", get_memory () - before);
}

GST_END_TEST;

/* Nor is it written as zeros: not in a GAP, nor as a jump of timestamps, nor
 * when it has no end. */
GST_START_TEST (test_hour_of_silence)
{
  g_autoptr (GstKlingCollect) collect = new_mono (48000);
  GstClockTime times[] = { 3600 * GST_SECOND, G_MAXINT64 / 2 };
  glong before = get_memory ();

  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    GError *error = NULL;
    GstBuffer *buffer = make_tone (0, 480, 48000);

    push_tone (collect, 0, 48000, 48000);
    fail_if (gst_kling_collect_gap (collect, GST_SECOND, times[i], &error));
    check_error (error, "60 s");

    gst_kling_collect_flush (collect);
    set_segment (collect, GST_FORMAT_TIME, 0, 0);
    push_tone (collect, 0, 48000, 48000);
    GST_BUFFER_PTS (buffer) = times[i];
    refuse (collect, buffer, "60 s");

    gst_kling_collect_flush (collect);
    set_segment (collect, GST_FORMAT_TIME, 0, 0);
  }
  fail_unless (get_memory () - before < 32, "%ld MiB", get_memory () - before);
}

GST_END_TEST;

/* The longest that fits where the service documents nothing, and one frame more */
GST_START_TEST (test_longest)
{
  static const gint longest_rates[] = { 16000, 8000, 48000 };
  gint rate = longest_rates[__i__];
  guint64 most = rate == 48000 ? 3 * 2499978 : 2499978;
  g_autoptr (GstKlingCollect) collect = new_mono (rate);
  g_autofree gchar *caps = g_strdup_printf ("audio/x-raw,format=S16LE,rate=%d,"
      "channels=1,layout=interleaved", rate);
  g_autofree gchar *longest =
      g_strdup_printf ("longer than %.1f s", most / (gdouble) rate);
  g_auto (Sent) sent = { NULL };

  for (guint run = 0; run < 2; run++) {
    gst_kling_collect_reset (collect, &presumed_limits);
    set_caps (collect, caps);
    set_segment (collect, GST_FORMAT_TIME, 0, 0);
    gap (collect, 0, time_of (most, rate));
    if (run == 0)
      refuse (collect, make_tone (most, 1, rate), longest);
  }
  sent = finish_samples (collect);
  fail_unless_equals_int (sent.rate, MIN (rate, 16000));
  fail_unless_equals_int (sent.frames, 2499978);
  fail_unless_equals_int (sent.warnings->len, 0);
}

GST_END_TEST;

static Suite *
collect_suite (void)
{
  Suite *suite = suite_create ("collect");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_formats, 0, G_N_ELEMENTS (formats));
  tcase_add_loop_test (tc, test_planes, 0, 2);
  tcase_add_loop_test (tc, test_planes_elsewhere, 0, 4);
  tcase_add_loop_test (tc, test_digest, 0, 2);
  tcase_add_loop_test (tc, test_patterns, 0, 20);
  tcase_add_test (tc, test_discont);
  tcase_add_test (tc, test_rounded_timestamps);
  tcase_add_loop_test (tc, test_untimed, 0, 2);
  tcase_add_test (tc, test_leading_gap);
  tcase_add_test (tc, test_gap_events);
  tcase_add_test (tc, test_segment_clips);
  tcase_add_loop_test (tc, test_running_time, 0, 2);
  tcase_add_test (tc, test_segment_rate);
  tcase_add_loop_test (tc, test_caps_change, 0, 4);
  tcase_add_test (tc, test_caps_change_gap);
  tcase_add_loop_test (tc, test_rate_choice, 0, 11);
  tcase_add_loop_test (tc, test_trim, 0, 3);
  tcase_add_loop_test (tc, test_hour, 0, 2);
  tcase_add_test (tc, test_hour_of_silence);
  tcase_add_loop_test (tc, test_longest, 0, 3);
  return suite;
}

GST_CHECK_MAIN (collect);
