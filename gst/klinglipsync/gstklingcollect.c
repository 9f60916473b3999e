/* klinglipsync: what came into a sink pad
 *
 * A pad takes samples (GstKlingTimeline), a whole file (GstKlingWhole) or cues
 * (GstKlingCues); the caps decide which. The first error stays: what is behind
 * it is not collected, and nothing half can be sent.
 *
 * Any thread may call: an upstream's streaming thread, the application's, the
 * task of the src pad. The lock guards everything but the input. Finishing takes
 * what there is out of the collect under the lock, and works on it without.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingcollect.h"

#include "gstklingcues.h"
#include "gstklingtimeline.h"
#include "gstklingwhole.h"
#include "kling-error.h"
#include "kling-url.h"

#define SHOWN_CHARACTERS 60

struct _GstKlingCollect
{
  GstKlingInput input;

  GMutex lock;
  const KlingLimits *limits;
  gboolean closed;
  GError *failure;              /* NULL, or the first error */
  GstCaps *caps;                /* NULL without */
  GstSegment segment;           /* UNDEFINED without */
  gboolean live;
  GstKlingTimeline *timeline;   /* at most one of the three */
  GstKlingWhole *whole;
  GstKlingCues *cues;
};

/* Files that need no look at their bytes to be recognised as what is taken. An
 * AAC stream without ADTS headers or a container is no file. */
static GstStaticCaps audio_files = GST_STATIC_CAPS ("audio/x-wav;"
    "audio/mpeg, mpegversion=(int)1, layer=(int)3;"
    "audio/mpeg, mpegversion=(int){2, 4}, stream-format=(string)adts;"
    "audio/x-m4a; application/x-id3; video/quicktime");
static GstStaticCaps video_files = GST_STATIC_CAPS ("video/quicktime;"
    "video/x-m4v");

static const gchar *const names[] = {
  [GST_KLING_INPUT_AUDIO] = "audio",
  [GST_KLING_INPUT_VIDEO] = "video",
  [GST_KLING_INPUT_TEXT] = "text",
};

/**
 * gst_kling_collect_new:
 * @input: what the pad is for
 * @limits: limits of the service, static
 *
 * Returns: (transfer full): an empty one, open
 */
GstKlingCollect *
gst_kling_collect_new (GstKlingInput input, const KlingLimits * limits)
{
  GstKlingCollect *collect = g_new0 (GstKlingCollect, 1);

  collect->input = input;
  collect->limits = limits;
  g_mutex_init (&collect->lock);
  gst_segment_init (&collect->segment, GST_FORMAT_UNDEFINED);
  return collect;
}

/* With the lock */
static void
drop_content (GstKlingCollect * collect)
{
  g_clear_pointer (&collect->timeline, gst_kling_timeline_free);
  g_clear_pointer (&collect->whole, gst_kling_whole_free);
  g_clear_pointer (&collect->cues, gst_kling_cues_free);
  g_clear_error (&collect->failure);
  gst_segment_init (&collect->segment, GST_FORMAT_UNDEFINED);
}

/**
 * gst_kling_collect_free:
 * @collect: (transfer full): a collect that no other thread uses
 */
void
gst_kling_collect_free (GstKlingCollect * collect)
{
  drop_content (collect);
  gst_clear_caps (&collect->caps);
  g_mutex_clear (&collect->lock);
  g_free (collect);
}

/**
 * gst_kling_collect_reset:
 * @collect: a collect
 * @limits: (nullable): limits of the service, static; %NULL keeps those it has
 *
 * Forgets everything and opens it, for a new activation of the pad.
 */
void
gst_kling_collect_reset (GstKlingCollect * collect, const KlingLimits * limits)
{
  g_mutex_lock (&collect->lock);
  drop_content (collect);
  gst_clear_caps (&collect->caps);
  if (limits)
    collect->limits = limits;
  collect->closed = FALSE;
  g_mutex_unlock (&collect->lock);
}

/**
 * gst_kling_collect_take:
 * @collect: a collect
 *
 * Closes @collect, and gives what has come to another one, to be finished by
 * another thread whatever becomes of the pad.
 *
 * Returns: (transfer full): a closed collect with all that has come
 */
GstKlingCollect *
gst_kling_collect_take (GstKlingCollect * collect)
{
  GstKlingCollect *taken = gst_kling_collect_new (collect->input, NULL);

  g_mutex_lock (&collect->lock);
  collect->closed = taken->closed = TRUE;
  taken->limits = collect->limits;
  taken->failure = g_steal_pointer (&collect->failure);
  taken->timeline = g_steal_pointer (&collect->timeline);
  taken->whole = g_steal_pointer (&collect->whole);
  taken->cues = g_steal_pointer (&collect->cues);
  g_mutex_unlock (&collect->lock);
  return taken;
}

/**
 * gst_kling_collect_get_input:
 * @collect: a collect
 *
 * Returns: what it is for
 */
GstKlingInput
gst_kling_collect_get_input (const GstKlingCollect * collect)
{
  return collect->input;
}

/* With the lock */
static gboolean
is_empty (const GstKlingCollect * collect)
{
  return (collect->timeline == NULL
      || gst_kling_timeline_is_empty (collect->timeline))
      && (collect->whole == NULL || gst_kling_whole_is_empty (collect->whole))
      && (collect->cues == NULL || gst_kling_cues_is_empty (collect->cues));
}

/**
 * gst_kling_collect_is_empty:
 * @collect: a collect
 *
 * Returns: whether nothing has come, or all has been taken out
 */
gboolean
gst_kling_collect_is_empty (GstKlingCollect * collect)
{
  gboolean empty;

  g_mutex_lock (&collect->lock);
  empty = is_empty (collect);
  g_mutex_unlock (&collect->lock);
  return empty;
}

static gboolean
is_raw_audio (const GstKlingCollect * collect, GstCaps * caps)
{
  return collect->input == GST_KLING_INPUT_AUDIO && caps
      && gst_structure_has_name (gst_caps_get_structure (caps, 0),
      "audio/x-raw");
}

static gboolean
is_known (const GstKlingCollect * collect, GstCaps * caps)
{
  GstStaticCaps *files = collect->input == GST_KLING_INPUT_VIDEO
      ? &video_files : &audio_files;
  g_autoptr (GstCaps) known = NULL;

  if (collect->input == GST_KLING_INPUT_TEXT)
    return gst_structure_has_name (gst_caps_get_structure (caps, 0),
        "text/x-raw");
  known = gst_static_caps_get (files);
  return is_raw_audio (collect, caps) || gst_caps_can_intersect (caps, known);
}

static gboolean
check_known (const GstKlingCollect * collect, GstCaps * caps, GError ** error)
{
  static const gchar *const wanted[] = {
    [GST_KLING_INPUT_AUDIO] =
        "raw audio, MP3, AAC with ADTS headers, or a whole"
        " WAV, MP3, M4A or AAC file. Put decodebin in front of it",
    [GST_KLING_INPUT_VIDEO] =
        "a whole MP4 or MOV file. Put an encoder and" " mp4mux in front of it",
    [GST_KLING_INPUT_TEXT] = "text/x-raw. Put subparse in front of it",
  };
  g_autofree gchar *type = NULL;

  if (is_known (collect, caps))
    return TRUE;
  type = kling_text_clean (gst_structure_get_name (gst_caps_get_structure (caps,
              0)), SHOWN_CHARACTERS);
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "The %s pad does not take %s; it takes %s.", names[collect->input], type,
      wanted[collect->input]);
  return FALSE;
}

/* What makes another file of it, if both say it. Bitrates and tags do not. */
static gboolean
is_same_file (GstCaps * old, GstCaps * caps)
{
  static const gchar *const fields[] = {
    "mpegversion", "layer", "stream-format", "rate", "channels"
  };
  const GstStructure *a = gst_caps_get_structure (old, 0);
  const GstStructure *b = gst_caps_get_structure (caps, 0);

  if (!gst_structure_has_name (a, gst_structure_get_name (b)))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    const GValue *value = gst_structure_get_value (a, fields[i]);
    const GValue *other = gst_structure_get_value (b, fields[i]);

    if (value && other && gst_value_compare (value, other) != GST_VALUE_EQUAL)
      return FALSE;
  }
  return TRUE;
}

/* Another kind of content may only come when there is none yet, because both
 * would have to become one file. */
static gboolean
check_change (const GstKlingCollect * collect, GstCaps * caps, GError ** error)
{
  g_autofree gchar *type = NULL;

  if (is_empty (collect))
    return TRUE;
  if (collect->timeline ? is_raw_audio (collect, caps)
      : !is_raw_audio (collect, caps) && (collect->caps == NULL
          || is_same_file (collect->caps, caps)))
    return TRUE;
  type = kling_text_clean (gst_structure_get_name (gst_caps_get_structure (caps,
              0)), SHOWN_CHARACTERS);
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "What comes into the %s pad changes to another %s stream after its"
      " beginning, and the two are not one file. %s", names[collect->input],
      type,
      collect->input ==
      GST_KLING_INPUT_AUDIO ? "Put decodebin in front of the"
      " pad: raw audio may change." : "Send one file.");
  return FALSE;
}

static gboolean
start_timeline (GstKlingCollect * collect, GError ** error)
{
  collect->timeline = gst_kling_timeline_new (collect->limits);
  return collect->segment.format == GST_FORMAT_UNDEFINED
      || gst_kling_timeline_set_segment (collect->timeline, &collect->segment,
      collect->live, error);
}

static void
start_whole (GstKlingCollect * collect)
{
  collect->whole = gst_kling_whole_new (collect->input == GST_KLING_INPUT_VIDEO
      ? KLING_MEDIA_VIDEO : KLING_MEDIA_AUDIO);
  gst_kling_whole_set_segment (collect->whole, &collect->segment);
}

/* Makes the part that the caps ask for, unless it is there. With the lock */
static gboolean
ensure_part (GstKlingCollect * collect, GError ** error)
{
  gboolean raw = is_raw_audio (collect, collect->caps);

  if (collect->input == GST_KLING_INPUT_TEXT) {
    if (collect->cues == NULL)
      collect->cues = gst_kling_cues_new ();
    return collect->caps == NULL
        || gst_kling_cues_set_caps (collect->cues, collect->caps, error);
  }
  if (raw) {
    g_clear_pointer (&collect->whole, gst_kling_whole_free);
    return (collect->timeline || start_timeline (collect, error))
        && gst_kling_timeline_set_caps (collect->timeline, collect->caps,
        error);
  }
  g_clear_pointer (&collect->timeline, gst_kling_timeline_free);
  if (collect->whole == NULL)
    start_whole (collect);
  return TRUE;
}

/* With the lock. A FALSE from it is to be returned to the caller, or TRUE when
 * @error is not set. */
static gboolean
enter (GstKlingCollect * collect, GError ** error)
{
  if (collect->closed)
    return FALSE;
  if (collect->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (collect->failure));
  return FALSE;
}

/* Keeps the first error, whose owner is the caller. Leaves the lock. */
static gboolean
leave (GstKlingCollect * collect, GError * failure, GError ** error)
{
  if (failure && collect->failure == NULL)
    collect->failure = g_error_copy (failure);
  g_mutex_unlock (&collect->lock);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

/**
 * gst_kling_collect_flush:
 * @collect: a collect
 *
 * Drops what came and the segment, and keeps the caps, which are not sent again
 * after a flush. It does not open what is finished.
 */
void
gst_kling_collect_flush (GstKlingCollect * collect)
{
  GError *failure = NULL;

  g_mutex_lock (&collect->lock);
  drop_content (collect);
  ensure_part (collect, &failure);
  leave (collect, failure, NULL);
}

/**
 * gst_kling_collect_set_caps:
 * @collect: a collect
 * @caps: fixed caps, what the next buffers are
 * @error: return location
 *
 * Like all that comes in, it is ignored when the collect is finished, and fails
 * again once something has failed.
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when this pad does not take them, or
 *   not after what has come already; %KLING_ERROR_LOCAL when the disk fails
 */
gboolean
gst_kling_collect_set_caps (GstKlingCollect * collect, GstCaps * caps,
    GError ** error)
{
  GError *failure = NULL;

  g_mutex_lock (&collect->lock);
  if (enter (collect, &failure) && check_known (collect, caps, &failure)
      && check_change (collect, caps, &failure)) {
    gst_caps_replace (&collect->caps, caps);
    ensure_part (collect, &failure);
  }
  return leave (collect, failure, error);
}

/**
 * gst_kling_collect_set_segment:
 * @collect: a collect
 * @segment: in TIME, what the timestamps of raw audio mean; in BYTES, where the
 *   next bytes of a file go
 * @live: the first sample of raw audio is its beginning, whenever it comes;
 *   otherwise the beginning is the start of the first segment
 * @error: return location
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when raw audio is not at normal speed
 */
gboolean
gst_kling_collect_set_segment (GstKlingCollect * collect,
    const GstSegment * segment, gboolean live, GError ** error)
{
  GError *failure = NULL;

  g_mutex_lock (&collect->lock);
  if (enter (collect, &failure)) {
    gst_segment_copy_into (segment, &collect->segment);
    collect->live = live;
    if (collect->timeline)
      gst_kling_timeline_set_segment (collect->timeline, segment, live,
          &failure);
    if (collect->whole)
      gst_kling_whole_set_segment (collect->whole, segment);
  }
  return leave (collect, failure, error);
}

/* With the lock */
static gboolean
add_buffer (GstKlingCollect * collect, GstBuffer * buffer, GError ** error)
{
  if (collect->timeline)
    return gst_kling_timeline_add (collect->timeline, buffer, error);
  if (collect->cues)
    return gst_kling_cues_add (collect->cues, buffer, error);
  return gst_kling_whole_add (collect->whole, buffer, error);
}

/**
 * gst_kling_collect_buffer:
 * @collect: a collect
 * @buffer: (transfer none): what came
 * @error: return location
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when it cannot be read or is more than
 *   what can be sent, %KLING_ERROR_LOCAL when the disk does not take it
 */
gboolean
gst_kling_collect_buffer (GstKlingCollect * collect, GstBuffer * buffer,
    GError ** error)
{
  GError *failure = NULL;

  g_mutex_lock (&collect->lock);
  if (enter (collect, &failure)
      && (collect->timeline || collect->whole || collect->cues
          || ensure_part (collect, &failure)))
    add_buffer (collect, buffer, &failure);
  return leave (collect, failure, error);
}

/**
 * gst_kling_collect_gap:
 * @collect: a collect
 * @timestamp: nanoseconds, as those of the buffers
 * @duration: nanoseconds, or %GST_CLOCK_TIME_NONE
 * @error: return location
 *
 * In raw audio it is silence; a file or a text has no gaps.
 *
 * Returns: %FALSE as gst_kling_collect_buffer()
 */
gboolean
gst_kling_collect_gap (GstKlingCollect * collect, GstClockTime timestamp,
    GstClockTime duration, GError ** error)
{
  GError *failure = NULL;

  g_mutex_lock (&collect->lock);
  if (enter (collect, &failure) && collect->timeline)
    gst_kling_timeline_add_gap (collect->timeline, timestamp, duration,
        &failure);
  return leave (collect, failure, error);
}

/* The end of each pad without anything, and the way on */
static void
set_empty_error (const GstKlingCollect * collect, GError ** error)
{
  static const gchar *const sentences[] = {
    [GST_KLING_INPUT_AUDIO] =
        "The audio pad has ended without any audio. Check what is linked to it,"
        " or leave the pad out and set audio-url or text.",
    [GST_KLING_INPUT_VIDEO] =
        "The video pad has ended without any video. Check what is linked to it,"
        " or leave the pad out and set video-url.",
    [GST_KLING_INPUT_TEXT] =
        "The text pad has ended without any text. Check what is linked to it,"
        " or leave the pad out and set text.",
  };

  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_INPUT,
      sentences[collect->input]);
}

/* Nothing is collected from now on. Takes the lock, and keeps it when it is
 * %TRUE: there is something to take out. */
static gboolean
close_and_lock (GstKlingCollect * collect, GError ** error)
{
  g_mutex_lock (&collect->lock);
  collect->closed = TRUE;
  if (collect->failure == NULL && !is_empty (collect))
    return TRUE;
  if (collect->failure)
    g_propagate_error (error, g_error_copy (collect->failure));
  else
    set_empty_error (collect, error);
  g_mutex_unlock (&collect->lock);
  return FALSE;
}

/**
 * gst_kling_collect_finish_media:
 * @collect: that of an audio or video pad
 * @warnings: (element-type utf8): sentences are appended here
 * @error: return location
 *
 * Closes it and takes out what has come: what comes later is ignored. This may
 * take a second for a minute of audio.
 *
 * Returns: (transfer full) (nullable): the file that is to be sent, %NULL with
 *   what had failed before, with %KLING_ERROR_INPUT when there is nothing or it
 *   is no file that a service takes, with %KLING_ERROR_LOCAL when the disk fails
 */
KlingMedia *
gst_kling_collect_finish_media (GstKlingCollect * collect,
    GPtrArray * warnings, GError ** error)
{
  g_autoptr (GstKlingTimeline) timeline = NULL;
  g_autoptr (GstKlingWhole) whole = NULL;

  g_return_val_if_fail (collect->input != GST_KLING_INPUT_TEXT, NULL);

  if (!close_and_lock (collect, error))
    return NULL;
  timeline = g_steal_pointer (&collect->timeline);
  whole = g_steal_pointer (&collect->whole);
  g_mutex_unlock (&collect->lock);
  if (timeline)
    return gst_kling_timeline_finish (timeline, warnings, error);
  return gst_kling_whole_finish (whole, error);
}

/**
 * gst_kling_collect_finish_text:
 * @collect: that of a text pad
 * @error: return location
 *
 * Closes it and takes out what has come, as gst_kling_collect_finish_media().
 *
 * Returns: (transfer full) (nullable): all cues in one line, %NULL with what had
 *   failed before, or with %KLING_ERROR_INPUT when there is nothing
 */
gchar *
gst_kling_collect_finish_text (GstKlingCollect * collect, GError ** error)
{
  g_autoptr (GstKlingCues) cues = NULL;

  g_return_val_if_fail (collect->input == GST_KLING_INPUT_TEXT, NULL);

  if (!close_and_lock (collect, error))
    return NULL;
  cues = g_steal_pointer (&collect->cues);
  g_mutex_unlock (&collect->lock);
  return gst_kling_cues_finish (cues);
}
