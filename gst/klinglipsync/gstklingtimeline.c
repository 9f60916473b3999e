/* klinglipsync: raw audio on one timeline
 *
 * The movement of the lips follows the time of the samples, so each buffer is
 * put at its running time: gaps become silence of exactly their length, overlaps
 * are dropped. Positions are computed from timestamps, never added up, so that
 * nothing accumulates.
 *
 * The end of the timeline is where the next sample belongs. While a resampler is
 * at work (after the caps have changed) fewer samples than that are in the
 * spool: it holds back half the length of its filter. They follow at the end of
 * the run, which is what came through one converter without a gap.
 *
 * Under the lock of the collect that owns it; finishing needs none, because
 * nobody else knows the timeline any more.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingtimeline.h"

#include "gstklingwav.h"
#include "kling-error.h"
#include "kling-log.h"

/* Containers round timestamps to a millisecond; what is within this many
 * microseconds of the end is contiguous. */
#define ROUNDING 1500
/* Recordings have at most this; the filter of a resampler grows with the rate. */
#define RATE_MAX 768000
/* What GStreamer can mix */
#define CHANNELS_MAX 63
/* What is converted at once */
#define BLOCK_FRAMES (64 * 1024)
/* Beyond any timeline, and far from overflows */
#define POSITION_MAX (G_MAXINT64 / 4)

struct _GstKlingTimeline
{
  const KlingLimits *limits;
  KlingSpool *samples;
  gint rate;                    /* of the samples, in Hz; 0 without caps */

  GstAudioInfo info;            /* of what comes in, interleaved */
  gboolean planar;              /* it comes with a plane for each channel */
  GstAudioConverter *converter; /* from that to the samples */
  GstBuffer *rest;              /* NULL, or the beginning of a frame */

  GstSegment segment;
  gboolean live;
  gboolean begun;               /* the origin is fixed */
  GstClockTime origin;          /* running time of the first sample */

  guint64 run_start;            /* frames before this run */
  guint64 run_frames;           /* frames that came in with this run */
};

/**
 * gst_kling_timeline_new:
 * @limits: limits of the service, static
 *
 * Returns: (transfer full): an empty timeline
 */
GstKlingTimeline *
gst_kling_timeline_new (const KlingLimits * limits)
{
  GstKlingTimeline *timeline = g_new0 (GstKlingTimeline, 1);

  timeline->limits = limits;
  timeline->samples = kling_spool_new ("audio");
  gst_audio_info_init (&timeline->info);
  gst_segment_init (&timeline->segment, GST_FORMAT_UNDEFINED);
  return timeline;
}

/**
 * gst_kling_timeline_free:
 * @timeline: (transfer full): a timeline
 */
void
gst_kling_timeline_free (GstKlingTimeline * timeline)
{
  kling_spool_unref (timeline->samples);
  g_clear_pointer (&timeline->converter, gst_audio_converter_free);
  gst_clear_buffer (&timeline->rest);
  g_free (timeline);
}

/* Where the next frame belongs */
static guint64
get_end (const GstKlingTimeline * timeline)
{
  if (timeline->rate == 0)
    return 0;
  return timeline->run_start
      + gst_util_uint64_scale_int_round (timeline->run_frames, timeline->rate,
      GST_AUDIO_INFO_RATE (&timeline->info));
}

/**
 * gst_kling_timeline_is_empty:
 * @timeline: a timeline
 *
 * Returns: whether there is not one sample
 */
gboolean
gst_kling_timeline_is_empty (const GstKlingTimeline * timeline)
{
  return get_end (timeline) == 0;
}

/* The frames of @length microseconds */
static guint64
get_frames (const GstKlingTimeline * timeline, gint64 length)
{
  return gst_util_uint64_scale_int ((guint64) length, timeline->rate,
      G_USEC_PER_SEC);
}

/* Microseconds, with the 1 % that is trimmed; -1 when longer ones are only
 * warned about */
static gint64
get_longest (const GstKlingTimeline * timeline)
{
  gint64 length = timeline->limits->audio_max;

  return timeline->limits->documented
      ? length + KLING_LIMITS_GRACE (length) : -1;
}

static void
set_length_error (const GstKlingTimeline * timeline, GError ** error)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "The audio is longer than %g s, and the service takes no more. End it"
      " earlier, or cut it into parts and make a video of each.",
      timeline->limits->audio_max / (gdouble) G_USEC_PER_SEC);
}

static void
set_size_error (const GstKlingTimeline * timeline, GError ** error)
{
  gint rate = gst_kling_wav_get_lowest_rate (timeline->rate);

  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "The audio is longer than %.1f s, and no more fits into the %"
      G_GINT64_FORMAT " bytes that a service takes, even at %d Hz. End it"
      " earlier, cut it into parts and make a video of each, or encode it, for"
      " example with lamemp3enc.",
      (gdouble) gst_kling_wav_get_most_frames (timeline->rate) / timeline->rate,
      KLING_AUDIO_BYTES_MADE, rate);
}

/* What cannot be sent is not collected: an hour ends here at its 61st second,
 * and a gap of an hour before its first zero. */
static gboolean
check_end (const GstKlingTimeline * timeline, guint64 end, GError ** error)
{
  gint64 longest = get_longest (timeline);

  if (longest >= 0 && end > get_frames (timeline, longest)) {
    set_length_error (timeline, error);
    return FALSE;
  }
  if (end > gst_kling_wav_get_most_frames (timeline->rate)) {
    set_size_error (timeline, error);
    return FALSE;
  }
  return TRUE;
}

/* What comes next does not come through this converter. */
static gboolean
end_run (GstKlingTimeline * timeline, GError ** error)
{
  guint64 end = get_end (timeline);

  if (timeline->converter
      && !gst_kling_samples_append_tail (timeline->samples,
          timeline->converter, &timeline->info,
          end - gst_kling_samples_get_frames (timeline->samples), error))
    return FALSE;
  g_clear_pointer (&timeline->converter, gst_audio_converter_free);
  timeline->run_start = end;
  timeline->run_frames = 0;
  return TRUE;
}

static gboolean
start_run (GstKlingTimeline * timeline, GError ** error)
{
  timeline->converter =
      gst_kling_samples_new_converter (&timeline->info, timeline->rate);
  if (timeline->converter)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "Audio in the format %s cannot be converted. Put audioconvert in front of"
      " the audio pad.", GST_AUDIO_INFO_NAME (&timeline->info));
  return FALSE;
}

/* Without a mask more than two channels are no caps for GstAudioInfo. Many
 * sources leave it out all the same; then the channels have no positions. */
static gboolean
parse_caps (GstCaps * caps, GstAudioInfo * info)
{
  g_autoptr (GstCaps) copy = gst_caps_copy (caps);
  GstStructure *structure = gst_caps_get_structure (copy, 0);
  gint channels = 0;

  gst_structure_get_int (structure, "channels", &channels);
  if (channels > CHANNELS_MAX)
    return FALSE;
  if (channels > 2 && !gst_structure_has_field (structure, "channel-mask"))
    gst_structure_set (structure, "channel-mask", GST_TYPE_BITMASK,
        G_GUINT64_CONSTANT (0), NULL);
  return gst_audio_info_from_caps (info, copy)
      && GST_AUDIO_INFO_RATE (info) <= RATE_MAX;
}

static gboolean
set_info (GstKlingTimeline * timeline, const GstAudioInfo * info,
    GError ** error)
{
  if (!end_run (timeline, error))
    return FALSE;
  gst_clear_buffer (&timeline->rest);
  timeline->info = *info;
  if (timeline->rate == 0)
    timeline->rate = GST_AUDIO_INFO_RATE (info);
  return start_run (timeline, error);
}

/**
 * gst_kling_timeline_set_caps:
 * @timeline: a timeline
 * @caps: audio/x-raw
 * @error: return location
 *
 * The first caps decide the rate of the timeline; what comes with others is
 * brought to it.
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when this cannot be read,
 *   %KLING_ERROR_LOCAL when the disk does not take what came before
 */
gboolean
gst_kling_timeline_set_caps (GstKlingTimeline * timeline, GstCaps * caps,
    GError ** error)
{
  GstAudioInfo info;

  if (!parse_caps (caps, &info)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "Only raw audio of at most %d channels and %d Hz is read on the audio"
        " pad. Put audioconvert and audioresample in front of it.",
        CHANNELS_MAX, RATE_MAX);
    return FALSE;
  }
  timeline->planar =
      GST_AUDIO_INFO_LAYOUT (&info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  info.layout = GST_AUDIO_LAYOUT_INTERLEAVED;
  if (timeline->converter && gst_audio_info_is_equal (&info, &timeline->info))
    return TRUE;
  return set_info (timeline, &info, error);
}

/**
 * gst_kling_timeline_set_segment:
 * @timeline: a timeline
 * @segment: what the timestamps of the next buffers mean; in any format but
 *   TIME they mean nothing, and the buffers are contiguous
 * @live: the first sample is the beginning, whenever it comes; otherwise the
 *   beginning is the start of the first segment
 * @error: return location for a %KLING_ERROR_INPUT
 *
 * Returns: %FALSE when it is not at normal speed
 */
gboolean
gst_kling_timeline_set_segment (GstKlingTimeline * timeline,
    const GstSegment * segment, gboolean live, GError ** error)
{
  if (segment->rate != 1.0) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The audio comes at %g times its speed; only 1 can be used. Seek with"
        " a rate of 1.", segment->rate);
    return FALSE;
  }
  if (timeline->segment.format != GST_FORMAT_TIME)
    timeline->origin = segment->base;
  gst_segment_copy_into (segment, &timeline->segment);
  timeline->live = live;
  return TRUE;
}

static gboolean
is_timed (const GstKlingTimeline * timeline, GstClockTime timestamp)
{
  return timeline->segment.format == GST_FORMAT_TIME
      && GST_CLOCK_TIME_IS_VALID (timestamp);
}

/* The frame of the timeline at which @timestamp, within the segment, is. The
 * very first one may fix where the timeline begins. */
static gint64
get_position (GstKlingTimeline * timeline, GstClockTime timestamp)
{
  guint64 time = 0;
  gint sign = gst_segment_to_running_time_full (&timeline->segment,
      GST_FORMAT_TIME, timestamp, &time);
  guint64 frames;

  if (!timeline->begun && timeline->live && sign > 0)
    timeline->origin = time;
  timeline->begun = TRUE;
  if (sign > 0 && time >= timeline->origin) {
    time -= timeline->origin;
  } else {
    time = sign > 0 ? timeline->origin - time : timeline->origin + time;
    sign = -1;
  }
  frames = MIN (gst_util_uint64_scale_round (time, timeline->rate, GST_SECOND),
      POSITION_MAX);
  return sign * (gint64) frames;
}

static gboolean
add_silence (GstKlingTimeline * timeline, guint64 end, GError ** error)
{
  guint64 old = get_end (timeline);

  if (end <= old)
    return TRUE;
  if (!check_end (timeline, end, error) || !end_run (timeline, error)
      || !start_run (timeline, error))
    return FALSE;
  KLING_DEBUG ("silence from frame %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
      " at %d Hz", old, end, timeline->rate);
  timeline->run_start = end;
  return gst_kling_samples_append_silence (timeline->samples, end - old, error);
}

/* How far from the end a buffer may be and still follow it, in frames */
static gint64
get_tolerance (const GstKlingTimeline * timeline, GstBuffer * buffer)
{
  if (GST_BUFFER_IS_DISCONT (buffer))
    return 1;
  return MAX (1, (gint64) get_frames (timeline, ROUNDING));
}

/* Makes the timeline end where @buffer begins. @skip: how many frames of the
 * buffer are there already */
static gboolean
place (GstKlingTimeline * timeline, GstBuffer * buffer, guint64 * skip,
    GError ** error)
{
  gint64 tolerance = timeline->begun ? get_tolerance (timeline, buffer) : 0;
  gint64 position = get_position (timeline, GST_BUFFER_PTS (buffer));
  gint64 deviation = position - (gint64) get_end (timeline);

  *skip = 0;
  if (deviation > tolerance)
    return add_silence (timeline, (guint64) position, error);
  if (deviation < -tolerance) {
    *skip = gst_util_uint64_scale_int_round ((guint64) - deviation,
        GST_AUDIO_INFO_RATE (&timeline->info), timeline->rate);
    KLING_DEBUG ("%" G_GUINT64_FORMAT " frames overlap", *skip);
  }
  return TRUE;
}

/* Without its metas, which may say other than the caps; with the duration that
 * its samples have, which is what gst_audio_buffer_clip() counts with.
 *
 * Returns: (transfer full) (nullable): what of @buffer is in the segment */
static GstBuffer *
clip (const GstKlingTimeline * timeline, GstBuffer * buffer)
{
  gint bpf = GST_AUDIO_INFO_BPF (&timeline->info);
  gint rate = GST_AUDIO_INFO_RATE (&timeline->info);
  gsize size = gst_buffer_get_size (buffer);
  GstBuffer *copy = gst_buffer_copy_region (buffer,
      GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS
      | GST_BUFFER_COPY_MEMORY, 0, size - size % bpf);

  GST_BUFFER_DURATION (copy) = gst_util_uint64_scale_int_round (size / bpf,
      GST_SECOND, rate);
  return gst_audio_buffer_clip (copy, &timeline->segment, rate, bpf);
}

/* Blocks of a file end where they like, in the middle of a frame too: what is
 * there of it waits for the next block.
 *
 * Returns: (transfer full): whole frames */
static GstBuffer *
join_rest (GstKlingTimeline * timeline, GstBuffer * buffer)
{
  GstBuffer *joined = gst_buffer_ref (buffer);
  gsize size, rest;

  if (timeline->rest)
    joined = gst_buffer_append (g_steal_pointer (&timeline->rest), joined);
  size = gst_buffer_get_size (joined);
  rest = size % GST_AUDIO_INFO_BPF (&timeline->info);
  if (rest == 0)
    return joined;
  timeline->rest = gst_buffer_copy_region (joined, GST_BUFFER_COPY_MEMORY
      | GST_BUFFER_COPY_DEEP, size - rest, rest);
  joined = gst_buffer_make_writable (joined);
  gst_buffer_set_size (joined, (gssize) (size - rest));
  return joined;
}

static gboolean
add_frames (GstKlingTimeline * timeline, const guint8 * data, gsize frames,
    GError ** error)
{
  gsize bpf = GST_AUDIO_INFO_BPF (&timeline->info);

  while (frames > 0) {
    gsize n = MIN (frames, BLOCK_FRAMES);

    if (!gst_kling_samples_append (timeline->samples, timeline->converter,
            data, n, G_MAXUINT64, error))
      return FALSE;
    timeline->run_frames += n;
    frames -= n;
    data += n * bpf;
  }
  return TRUE;
}

/* All of @buffer but the first @skip frames goes to the end. */
static gboolean
add_buffer (GstKlingTimeline * timeline, GstBuffer * buffer, guint64 skip,
    GError ** error)
{
  gsize bpf = GST_AUDIO_INFO_BPF (&timeline->info);
  gsize frames = gst_buffer_get_size (buffer) / bpf;
  GstMapInfo map;
  gboolean added;

  if (frames <= skip)
    return TRUE;
  frames -= skip;
  if (!check_end (timeline, get_end (timeline)
          + gst_util_uint64_scale_int_round (frames, timeline->rate,
              GST_AUDIO_INFO_RATE (&timeline->info)), error))
    return FALSE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "A buffer of audio cannot be read from memory.");
    return FALSE;
  }
  added = add_frames (timeline, map.data + skip * bpf, frames, error);
  gst_buffer_unmap (buffer, &map);
  return added;
}

static gboolean
add_timed (GstKlingTimeline * timeline, GstBuffer * buffer, GError ** error)
{
  g_autoptr (GstBuffer) clipped = clip (timeline, buffer);
  guint64 skip;

  gst_clear_buffer (&timeline->rest);
  if (clipped == NULL || gst_buffer_get_size (clipped) == 0)
    return TRUE;
  return place (timeline, clipped, &skip, error)
      && add_buffer (timeline, clipped, skip, error);
}

static gboolean
add_untimed (GstKlingTimeline * timeline, GstBuffer * buffer, GError ** error)
{
  g_autoptr (GstBuffer) joined = join_rest (timeline, buffer);

  return add_buffer (timeline, joined, 0, error);
}

/**
 * gst_kling_timeline_add:
 * @timeline: a timeline that has its caps
 * @buffer: (transfer none): samples
 * @error: return location
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when it becomes longer than what can
 *   be sent, %KLING_ERROR_LOCAL when the disk does not take it
 */
gboolean
gst_kling_timeline_add (GstKlingTimeline * timeline, GstBuffer * buffer,
    GError ** error)
{
  g_autoptr (GstBuffer) frames = timeline->planar
      ? gst_kling_samples_interleave (buffer, &timeline->info)
      : gst_buffer_ref (buffer);

  if (frames == NULL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "A buffer of audio cannot be read: its channels are not where it says."
        " Put audioconvert in front of the audio pad.");
    return FALSE;
  }
  if (is_timed (timeline, GST_BUFFER_PTS (frames)))
    return add_timed (timeline, frames, error);
  return add_untimed (timeline, frames, error);
}

/**
 * gst_kling_timeline_add_gap:
 * @timeline: a timeline that has its caps
 * @timestamp: nanoseconds, as those of the buffers
 * @duration: nanoseconds; a gap without one says nothing
 * @error: return location
 *
 * Returns: %FALSE as gst_kling_timeline_add()
 */
gboolean
gst_kling_timeline_add_gap (GstKlingTimeline * timeline,
    GstClockTime timestamp, GstClockTime duration, GError ** error)
{
  guint64 start, stop;
  gint64 end;

  if (!is_timed (timeline, timestamp) || !GST_CLOCK_TIME_IS_VALID (duration)
      || duration > G_MAXINT64 || timestamp > G_MAXINT64
      || !gst_segment_clip (&timeline->segment, GST_FORMAT_TIME, timestamp,
          timestamp + duration, &start, &stop))
    return TRUE;
  get_position (timeline, start);
  end = get_position (timeline, stop);
  return end <= 0 || add_silence (timeline, (guint64) end, error);
}

/* Drops what is a little longer than the service takes.
 *
 * Returns: how many frames are left */
static guint64
trim (const GstKlingTimeline * timeline, GPtrArray * warnings)
{
  guint64 frames = gst_kling_samples_get_frames (timeline->samples);
  gint64 length = timeline->limits->audio_max;
  guint64 most = get_frames (timeline, length);

  if (frames <= most
      || frames > get_frames (timeline, length + KLING_LIMITS_GRACE (length)))
    return frames;
  g_ptr_array_add (warnings,
      g_strdup_printf ("The audio is %.3f s long, and the service takes %g s:"
          " the last %.3f s are left out.", (gdouble) frames / timeline->rate,
          length / (gdouble) G_USEC_PER_SEC,
          (gdouble) (frames - most) / timeline->rate));
  return most;
}

/**
 * gst_kling_timeline_finish:
 * @timeline: a timeline that is not empty and gets nothing more
 * @warnings: (element-type utf8): sentences are appended here
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a WAV file
 */
KlingMedia *
gst_kling_timeline_finish (GstKlingTimeline * timeline, GPtrArray * warnings,
    GError ** error)
{
  g_autoptr (KlingSpool) wav = NULL;
  g_autofree gchar *digest = NULL;

  if (!end_run (timeline, error))
    return NULL;
  wav = gst_kling_wav_new (timeline->samples, trim (timeline, warnings),
      timeline->rate, &digest, error);
  return wav ? kling_media_new (KLING_MEDIA_AUDIO, wav, digest, error) : NULL;
}
