/* klinglipsync: samples to push into a collect, and those that came out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "collect-helper.h"

#include <math.h>
#include <string.h>

void
sent_clear (Sent * sent)
{
  kling_media_unref (sent->media);
  g_ptr_array_unref (sent->warnings);
  g_free (sent->samples);
}

/* Checks every field of the header. */
static void
read_wav (Sent * sent)
{
  g_autoptr (GBytes) bytes = kling_spool_get_bytes (sent->media->spool, NULL);
  gsize size;
  const guint8 *wav = g_bytes_get_data (bytes, &size);

  fail_unless (size >= 44 && size <= KLING_AUDIO_BYTES_MADE, "%zu", size);
  fail_unless (memcmp (wav, "RIFF", 4) == 0);
  fail_unless_equals_int (GST_READ_UINT32_LE (wav + 4), size - 8);
  fail_unless (memcmp (wav + 8, "WAVEfmt ", 8) == 0);
  fail_unless_equals_int (GST_READ_UINT32_LE (wav + 16), 16);
  fail_unless_equals_int (GST_READ_UINT16_LE (wav + 20), 1);
  fail_unless_equals_int (GST_READ_UINT16_LE (wav + 22), 1);
  sent->rate = (gint) GST_READ_UINT32_LE (wav + 24);
  fail_unless_equals_int (GST_READ_UINT32_LE (wav + 28), sent->rate * 2);
  fail_unless_equals_int (GST_READ_UINT16_LE (wav + 32), 2);
  fail_unless_equals_int (GST_READ_UINT16_LE (wav + 34), 16);
  fail_unless (memcmp (wav + 36, "data", 4) == 0);
  fail_unless_equals_int (GST_READ_UINT32_LE (wav + 40), size - 44);
  sent->frames = (size - 44) / 2;
  sent->samples = g_new (gint16, sent->frames);
  for (gsize i = 0; i < sent->frames; i++)
    sent->samples[i] = (gint16) GST_READ_UINT16_LE (wav + 44 + 2 * i);
}

Sent
finish_samples (GstKlingCollect * collect)
{
  Sent sent = { NULL, g_ptr_array_new_with_free_func (g_free), 0, 0, NULL };
  g_autoptr (GError) error = NULL;

  sent.media = gst_kling_collect_finish_media (collect, sent.warnings, &error);
  fail_unless (sent.media != NULL, "%s", error ? error->message : "no error");
  read_wav (&sent);
  return sent;
}

GstClockTime
time_of (guint64 frame, gint rate)
{
  return gst_util_uint64_scale_round (frame, GST_SECOND, rate);
}

/* The value of @channel at @seconds: two tones that any rate from 8 kHz on can
 * carry, others in each channel; from -0.5 to 0.5 */
gdouble
tone (gdouble seconds, gint channel)
{
  return 0.3 * sin (2 * G_PI * (317 + 50 * channel) * seconds)
      + 0.2 * sin (2 * G_PI * (1433 - 70 * channel) * seconds);
}

gint16
tone_s16 (guint64 frame, gint rate)
{
  return (gint16) lrint (32768 * tone (frame / (gdouble) rate, 0));
}

/* S16 mono of tone() */
GstBuffer *
make_tone (guint64 frame, gsize frames, gint rate)
{
  g_autofree gint16 *samples = g_new (gint16, frames + 1);
  GstBuffer *buffer;

  for (gsize i = 0; i < frames; i++)
    GST_WRITE_UINT16_LE (samples + i, (guint16) tone_s16 (frame + i, rate));
  buffer = make_buffer (samples, frames * 2);
  GST_BUFFER_PTS (buffer) = time_of (frame, rate);
  return buffer;
}

/* All of a tone, in buffers of 20 ms */
void
push_tone (GstKlingCollect * collect, guint64 start, guint64 end, gint rate)
{
  gsize block = rate / 50;

  for (guint64 i = start; i < end; i += block)
    push (collect, make_tone (i, MIN (block, end - i), rate));
}

/* An assertion of check for each of millions of samples would take a minute. */
void
check_sample (const Sent * sent, gsize i, gdouble expected, gdouble tolerance)
{
  if (fabs (sent->samples[i] - expected) > tolerance)
    fail ("frame %zu: %d, not %f", i, sent->samples[i], expected);
}

void
check_tone (const Sent * sent, gsize start, gsize frames, guint64 tone_start,
    gint rate)
{
  for (gsize i = 0; i < frames; i++)
    check_sample (sent, start + i, tone_s16 (tone_start + i, rate), 0);
}

void
check_silence (const Sent * sent, gsize start, gsize frames)
{
  for (gsize i = start; i < start + frames; i++)
    check_sample (sent, i, 0, 0);
}

/* The greatest distance from tone() when it is @lag seconds late */
static gdouble
get_distance (const Sent * sent, gsize start, gsize end, gdouble lag)
{
  gdouble most = 0;

  for (gsize i = start; i < end; i++)
    most = MAX (most, fabs (sent->samples[i] / 32768.0
            - tone (i / (gdouble) sent->rate - lag, 0)));
  return most;
}

/* The part of tone() that is missing from @start to @end, of its energy */
static gdouble
get_loss (const Sent * sent, gsize start, gsize end)
{
  gdouble lost = 0;
  gdouble all = 0;

  for (gsize i = start; i < end; i++) {
    gdouble expected = tone (i / (gdouble) sent->rate, 0);

    lost += pow (sent->samples[i] / 32768.0 - expected, 2);
    all += pow (expected, 2);
  }
  return lost / all;
}

/* Checks that tone() came through with no lag: the best match of 20 us steps
 * between -2 and 2 ms is none. GStreamer's resampler is late by 1/32 of a
 * sample, which is 4 us at 8 kHz and 0.01 at the slope of tone(). For 10 ms at
 * each end the filter sees less than it wants: there it may be coarse. */
void
check_lag (const Sent * sent, gsize start, gsize end)
{
  gsize edge = sent->rate / 100;
  gsize middle = (start + end) / 2;
  gint best = -100;
  gdouble least = 10;

  for (gint step = -100; step <= 100; step++) {
    gdouble distance = get_distance (sent, middle, middle + 500, step * 20e-6);

    if (distance < least) {
      least = distance;
      best = step;
    }
  }
  fail_unless (best == 0, "it is %d us late", best * 20);
  least = get_distance (sent, start + edge, end - edge, 0);
  fail_unless (least < 0.012, "it is %f off", least);
  fail_unless (get_loss (sent, start, start + edge) < 0.05);
  fail_unless (get_loss (sent, end - edge, end) < 0.05);
}
