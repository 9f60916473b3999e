/* klinglipsync: 16-bit mono samples in a spool
 *
 * How any raw audio becomes S16LE mono, for the timeline and for the file that
 * is made of it. Equal input gives equal bytes: no dither, no noise shaping.
 *
 * On any thread, one at a time for each spool and converter; no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingsamples.h"

#include "kling-error.h"

#include <string.h>

/* Of 0 to 10. A minute of speech takes a fraction of a second at the best. */
#define RESAMPLER_QUALITY 10

/* One row, for our one channel: the mean of @channels */
static void
set_mean_matrix (GstStructure * options, gint channels)
{
  GValue matrix = G_VALUE_INIT;
  GValue row = G_VALUE_INIT;
  GValue part = G_VALUE_INIT;

  g_value_init (&matrix, GST_TYPE_ARRAY);
  g_value_init (&row, GST_TYPE_ARRAY);
  g_value_init (&part, G_TYPE_FLOAT);
  g_value_set_float (&part, 1.0f / (gfloat) channels);
  for (gint i = 0; i < channels; i++)
    gst_value_array_append_value (&row, &part);
  gst_value_array_append_and_take_value (&matrix, &row);
  gst_structure_take_value (options, GST_AUDIO_CONVERTER_OPT_MIX_MATRIX,
      &matrix);
}

static GstStructure *
make_options (const GstAudioInfo * from, gint rate)
{
  GstStructure *options = gst_structure_new ("options",
      GST_AUDIO_CONVERTER_OPT_DITHER_METHOD, GST_TYPE_AUDIO_DITHER_METHOD,
      GST_AUDIO_DITHER_NONE,
      GST_AUDIO_CONVERTER_OPT_NOISE_SHAPING_METHOD,
      GST_TYPE_AUDIO_NOISE_SHAPING_METHOD, GST_AUDIO_NOISE_SHAPING_NONE,
      GST_AUDIO_CONVERTER_OPT_RESAMPLER_METHOD,
      GST_TYPE_AUDIO_RESAMPLER_METHOD, GST_AUDIO_RESAMPLER_METHOD_KAISER,
      NULL);

  gst_audio_resampler_options_set_quality (GST_AUDIO_RESAMPLER_METHOD_KAISER,
      RESAMPLER_QUALITY, GST_AUDIO_INFO_RATE (from), rate, options);
  if (GST_AUDIO_INFO_IS_UNPOSITIONED (from)
      && GST_AUDIO_INFO_CHANNELS (from) > 1)
    set_mean_matrix (options, GST_AUDIO_INFO_CHANNELS (from));
  return options;
}

/**
 * gst_kling_samples_new_converter:
 * @from: what comes in, interleaved
 * @rate: of what goes out, in Hz
 *
 * Channels are mixed by their positions; without positions all weigh the same.
 *
 * Returns: (transfer full) (nullable): a converter to S16LE mono, %NULL when
 *   there is none from @from
 */
GstAudioConverter *
gst_kling_samples_new_converter (const GstAudioInfo * from, gint rate)
{
  GstAudioInfo in = *from;
  GstAudioInfo out;

  gst_audio_info_set_format (&out, GST_AUDIO_FORMAT_S16LE, rate, 1, NULL);
  return gst_audio_converter_new (GST_AUDIO_CONVERTER_FLAG_NONE, &in, &out,
      make_options (&in, rate));
}

/* Where the planes are, a meta says; without one they follow each other.
 *
 * @plane: (out): bytes of each plane
 *
 * Returns: whether all of them are within the @size bytes of a buffer */
static gboolean
measure_planes (const GstAudioMeta * meta, const GstAudioInfo * info,
    gsize size, gsize * plane)
{
  gsize channels = (gsize) GST_AUDIO_INFO_CHANNELS (info);
  gsize width = (gsize) GST_AUDIO_INFO_BPF (info) / channels;

  *plane = size / (gsize) GST_AUDIO_INFO_BPF (info) * width;
  if (meta == NULL)
    return TRUE;
  if ((gsize) GST_AUDIO_INFO_CHANNELS (&meta->info) != channels
      || meta->offsets == NULL || meta->samples > size)
    return FALSE;
  *plane = meta->samples * width;
  for (gsize i = 0; i < channels; i++) {
    if (*plane > size || meta->offsets[i] > size - *plane)
      return FALSE;
  }
  return TRUE;
}

static void
copy_plane (guint8 * out, gsize stride, const guint8 * plane, gsize size,
    gsize width)
{
  for (gsize i = 0; i < size; i += width, out += stride)
    memcpy (out, plane + i, width);
}

/**
 * gst_kling_samples_interleave:
 * @buffer: samples, each channel in a plane of its own, as some decoders give
 *   them
 * @info: what they are once they are interleaved
 *
 * Returns: (transfer full) (nullable): the same frames at the same time,
 *   interleaved; %NULL when they cannot be read
 */
GstBuffer *
gst_kling_samples_interleave (GstBuffer * buffer, const GstAudioInfo * info)
{
  const GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);
  gsize channels = (gsize) GST_AUDIO_INFO_CHANNELS (info);
  gsize bpf = (gsize) GST_AUDIO_INFO_BPF (info), plane;
  g_autofree guint8 *frames = NULL;
  GstBuffer *joined;
  GstMapInfo map;

  if (!measure_planes (meta, info, gst_buffer_get_size (buffer), &plane)
      || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return NULL;
  frames = g_malloc (channels * plane);
  for (gsize i = 0; i < channels; i++)
    copy_plane (frames + i * (bpf / channels), bpf, map.data
        + (meta ? meta->offsets[i] : i * plane), plane, bpf / channels);
  gst_buffer_unmap (buffer, &map);
  joined = gst_buffer_new_memdup (frames, channels * plane);
  gst_buffer_copy_into (joined, buffer, GST_BUFFER_COPY_FLAGS
      | GST_BUFFER_COPY_TIMESTAMPS, 0, (gsize) - 1);
  return joined;
}

/**
 * gst_kling_samples_append:
 * @spool: what to append to
 * @converter: from gst_kling_samples_new_converter()
 * @data: interleaved samples
 * @frames: how many
 * @most: the most frames to append; what is beyond is dropped
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Returns: %FALSE when they cannot be kept
 */
gboolean
gst_kling_samples_append (KlingSpool * spool, GstAudioConverter * converter,
    gconstpointer data, gsize frames, guint64 most, GError ** error)
{
  gsize n = gst_audio_converter_get_out_frames (converter, frames);
  g_autofree guint8 *samples = g_malloc (n * GST_KLING_SAMPLE_SIZE);
  gpointer in[1] = { (gpointer) data };
  gpointer out[1] = { samples };

  if (!gst_audio_converter_samples (converter, GST_AUDIO_CONVERTER_FLAG_NONE,
          in, frames, out, n)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "The audio could not be converted to 16-bit mono. Put audioconvert in"
        " front of the audio pad.");
    return FALSE;
  }
  return kling_spool_write (spool, samples,
      (gsize) MIN (n, most) * GST_KLING_SAMPLE_SIZE, error);
}

/* The converter's own silence, for no input, is cut short in 1.22. */
static gboolean
drive_out (KlingSpool * spool, GstAudioConverter * converter,
    const GstAudioInfo * from, gsize latency, guint64 missing, GError ** error)
{
  gsize size = latency * GST_AUDIO_INFO_BPF (from);
  g_autofree guint8 *silence = g_malloc (size);

  gst_audio_format_info_fill_silence (from->finfo, silence, size);
  return gst_kling_samples_append (spool, converter, silence, latency, missing,
      error);
}

/**
 * gst_kling_samples_append_tail:
 * @spool: what to append to
 * @converter: a converter that has been given all its input
 * @from: what came in
 * @missing: how many frames are to come out of it yet
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * A resampler holds back half the length of its filter; silence drives that
 * out. The converter is of no use afterwards: to be reset is not to be new, in
 * 1.22, because the phase stays.
 *
 * Returns: %FALSE when they cannot be kept
 */
gboolean
gst_kling_samples_append_tail (KlingSpool * spool,
    GstAudioConverter * converter, const GstAudioInfo * from, guint64 missing,
    GError ** error)
{
  guint64 end = gst_kling_samples_get_frames (spool) + missing;
  gsize latency = gst_audio_converter_get_max_latency (converter);

  if (latency > 0
      && !drive_out (spool, converter, from, latency, missing, error))
    return FALSE;
  return gst_kling_samples_append_silence (spool,
      end - gst_kling_samples_get_frames (spool), error);
}

/**
 * gst_kling_samples_append_silence:
 * @spool: what to append to
 * @frames: how many
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Returns: %FALSE when they cannot be kept
 */
gboolean
gst_kling_samples_append_silence (KlingSpool * spool, guint64 frames,
    GError ** error)
{
  static const guint8 last[GST_KLING_SAMPLE_SIZE] = { 0 };
  goffset size = kling_spool_get_size (spool);

  if (frames == 0)
    return TRUE;
  /* the spool fills with zeros what is skipped */
  return kling_spool_write_at (spool,
      size + (goffset) (frames - 1) * GST_KLING_SAMPLE_SIZE, last,
      sizeof last, error);
}

/**
 * gst_kling_samples_get_frames:
 * @spool: samples
 *
 * Returns: how many there are
 */
guint64
gst_kling_samples_get_frames (const KlingSpool * spool)
{
  return (guint64) kling_spool_get_size (spool) / GST_KLING_SAMPLE_SIZE;
}
