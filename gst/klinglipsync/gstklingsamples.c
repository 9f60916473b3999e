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

#include <string.h>
#include "kling-error.h"

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

static void
copy_planes (const GstAudioBuffer * from, guint8 * to)
{
  gint bps = GST_AUDIO_INFO_BPS (&from->info);
  gint bpf = GST_AUDIO_INFO_BPF (&from->info);

  for (gint channel = 0; channel < from->n_planes; channel++) {
    const guint8 *plane = from->planes[channel];

    for (gsize i = 0; i < from->n_samples; i++)
      memcpy (to + i * bpf + channel * bps, plane + i * bps, bps);
  }
}

/**
 * gst_kling_samples_interleave:
 * @buffer: (transfer none): samples with a plane for each channel
 * @info: the same, interleaved
 * @error: return location for a %KLING_ERROR_INPUT
 *
 * Decoders like to give planes. From here on there is one way to count.
 *
 * Returns: (transfer full) (nullable): the samples of @buffer, interleaved, with
 *   its timestamps and flags
 */
GstBuffer *
gst_kling_samples_interleave (GstBuffer * buffer, const GstAudioInfo * info,
    GError ** error)
{
  GstAudioInfo planar = *info;
  GstAudioBuffer from;
  GstMapInfo map;
  GstBuffer *to;

  GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);

  planar.layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  if (meta == NULL || !gst_audio_info_is_equal (&meta->info, &planar)
      || !gst_audio_buffer_map (&from, &planar, buffer, GST_MAP_READ)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The audio is to have a plane for each channel, and its buffers do not"
        " say where they are. Put audioconvert in front of the audio pad.");
    return NULL;
  }
  to = gst_buffer_new_allocate (NULL,
      from.n_samples * GST_AUDIO_INFO_BPF (info), NULL);
  gst_buffer_copy_into (to, buffer,
      GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  gst_buffer_map (to, &map, GST_MAP_WRITE);
  copy_planes (&from, map.data);
  gst_buffer_unmap (to, &map);
  gst_audio_buffer_unmap (&from);
  return to;
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
