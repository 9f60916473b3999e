/* klinglipsync: a local file that is to be sent
 *
 * Filled by one thread and immutable from then on, so any thread may hold a
 * reference and read it without a lock. What is judged here costs nothing: not a
 * byte has been sent yet.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-media.h"

#include "kling-audiofile.h"
#include "kling-error.h"
#include "kling-isobmff.h"

/* Samples no louder than this, 60 dB below full scale, are not heard. */
#define SILENT_PEAK 32

/* In the order of KlingAudiofileKind */
static const struct
{
  const gchar *extension;
  const gchar *content_type;
} audio_types[] = {
  {"wav", "audio/wav"},
  {"mp3", "audio/mpeg"},
  {"aac", "audio/aac"},
  {"m4a", "audio/mp4"},
};

static gboolean
read_exactly (goffset offset, guint8 * data, gsize size, gpointer user_data)
{
  return kling_spool_read (user_data, offset, data, size, NULL)
      == (gssize) size;
}

static gboolean
refuse (GError ** error, const gchar * sentences)
{
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_INPUT, sentences);
  return FALSE;
}

/* Puts around @reason, which a reader gave, what became of it and what to do. */
static gboolean
set_unusable (GError ** error, GError * reason, const gchar * what,
    const gchar * advice)
{
  if (reason->code == KLING_ERROR_LOCAL)
    g_propagate_error (error, g_error_copy (reason));
  else
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The %s that came in cannot be used, so nothing was sent. %s %s", what,
        reason->message, advice);
  return FALSE;
}

static gboolean
media_look_at_audio (KlingMedia * media, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  KlingAudiofile info;

  if (!kling_audiofile_read (&info, kling_spool_get_size (media->spool),
          read_exactly, media->spool, &reason))
    return set_unusable (error, reason, "audio",
        "Let GStreamer decode it: ... ! decodebin ! klinglipsync");
  if (info.has_video)
    return refuse (error, "The audio that came in is a video, so nothing was"
        " sent: link it to klinglipsync's video pad (k.video), or decode its"
        " sound: ... ! decodebin ! klinglipsync");
  media->extension = audio_types[info.kind].extension;
  media->content_type = audio_types[info.kind].content_type;
  media->duration = info.duration;
  media->silent = info.peak >= 0 && info.peak <= SILENT_PEAK;
  return TRUE;
}

static gboolean
media_look_at_video (KlingMedia * media, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  KlingIsobmff info;
  gboolean is_mov;

  if (!kling_isobmff_read (&info, kling_spool_get_size (media->spool),
          read_exactly, media->spool, &reason))
    return set_unusable (error, reason, "video", "The video pad takes a whole"
        " MP4 or MOV, as it is in a file or as a muxer makes it:"
        " ... ! mp4mux ! k.video");
  if (info.n_video == 0)
    return refuse (error, "The video that came in has no picture, so nothing"
        " was sent. If it is what is said, link it to klinglipsync's audio pad"
        " (k.audio); the video pad takes an MP4 or MOV with a face in it.");
  is_mov = g_str_equal (info.brand, "qt  ");
  media->extension = is_mov ? "mov" : "mp4";
  media->content_type = is_mov ? "video/quicktime" : "video/mp4";
  media->duration = info.duration;
  media->width = info.width;
  media->height = info.height;
  return TRUE;
}

static gboolean
media_look (KlingMedia * media, GError ** error)
{
  gboolean is_audio = media->kind == KLING_MEDIA_AUDIO;

  if (kling_spool_get_size (media->spool) == 0) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The %s that came in is empty, so nothing was sent: look at what is"
        " linked to the %s pad.", is_audio ? "audio" : "video",
        is_audio ? "audio" : "video");
    return FALSE;
  }
  return is_audio ? media_look_at_audio (media, error)
      : media_look_at_video (media, error);
}

/**
 * kling_media_new_awaited:
 * @kind: what it will be for
 *
 * Returns: (transfer full): a file that is still to come, of which nothing but
 *   its purpose is known
 */
KlingMedia *
kling_media_new_awaited (KlingMediaKind kind)
{
  KlingMedia *media = g_new0 (KlingMedia, 1);

  g_atomic_ref_count_init (&media->refs);
  media->kind = kind;
  media->duration = -1;
  return media;
}

/**
 * kling_media_new:
 * @kind: what it is for
 * @spool: its bytes, finished
 * @digest: (nullable): SHA-256 of what it was made from, 64 lower-case hex
 *   digits; %NULL for that of the bytes
 * @error: return location for a #KlingError
 *
 * Looks at a file: what it is, and how long.
 *
 * Returns: (transfer full) (nullable): the file, or %NULL with
 *   %KLING_ERROR_INPUT when it is none that can be sent, %KLING_ERROR_LOCAL when
 *   it cannot be read
 */
KlingMedia *
kling_media_new (KlingMediaKind kind, KlingSpool * spool,
    const gchar * digest, GError ** error)
{
  const gchar *sha256 = kling_spool_get_sha256 (spool);

  g_return_val_if_fail (sha256 != NULL, NULL);

  g_autoptr (KlingMedia) media = kling_media_new_awaited (kind);

  media->spool = kling_spool_ref (spool);
  media->digest = g_strdup (digest ? digest : sha256);
  return media_look (media, error) ? g_steal_pointer (&media) : NULL;
}

/**
 * kling_media_ref:
 * @media: a file
 *
 * Returns: (transfer full): @media
 */
KlingMedia *
kling_media_ref (KlingMedia * media)
{
  g_atomic_ref_count_inc (&media->refs);
  return media;
}

/**
 * kling_media_unref:
 * @media: (transfer full): a file
 */
void
kling_media_unref (KlingMedia * media)
{
  if (!g_atomic_ref_count_dec (&media->refs))
    return;
  g_clear_pointer (&media->spool, kling_spool_unref);
  g_free (media->digest);
  g_free (media);
}


/* ---- limits ---- */

/* Where a judgement goes */
typedef struct
{
  const KlingLimits *limits;
  GPtrArray *warnings;
  GError **error;
} Judge;

static void
G_GNUC_PRINTF (2, 3)
warn (const Judge * judge, const gchar * format, ...)
{
  va_list args;

  if (judge->warnings == NULL)
    return;
  va_start (args, format);
  g_ptr_array_add (judge->warnings, g_strdup_vprintf (format, args));
  va_end (args);
}

static const gchar *
get_owner (const Judge * judge)
{
  return judge->limits->documented ? "The service's" : "Kling's own";
}

/* @fact is beyond @limit: refused when the service says so itself, otherwise
 * only warned about. */
static gboolean
beyond (const Judge * judge, const gchar * fact, const gchar * limit,
    const gchar * advice)
{
  if (judge->limits->documented) {
    g_set_error (judge->error, KLING_ERROR, KLING_ERROR_INPUT,
        "%s. %s %s, so nothing was sent: %s.", fact, get_owner (judge), limit,
        advice);
    return FALSE;
  }
  warn (judge, "%s. %s %s; this service may refuse it.", fact,
      get_owner (judge), limit);
  return TRUE;
}

/* In hundredths of a second, away from the limit: what is a microsecond too long
 * must not be shown as just long enough. */
static gchar *
describe_length (const gchar * what, gint64 duration, gboolean is_long)
{
  gint64 hundredths = duration / 10000 + (is_long && duration % 10000 > 0);

  return g_strdup_printf ("The %s is %" G_GINT64_FORMAT ".%02d s long", what,
      hundredths / 100, (gint) (hundredths % 100));
}

static gboolean
judge_short (const Judge * judge, const gchar * what, gint64 duration,
    gint64 min)
{
  g_autofree gchar *fact = describe_length (what, duration, FALSE);
  g_autofree gchar *limit = g_strdup_printf ("lower limit is %g s",
      (gdouble) min / G_USEC_PER_SEC);

  return beyond (judge, fact, limit, "make it longer");
}

static gboolean
judge_long (const Judge * judge, const gchar * what, gint64 duration,
    gint64 max)
{
  g_autofree gchar *fact = describe_length (what, duration, TRUE);
  g_autofree gchar *limit = g_strdup_printf ("limit is %g s",
      (gdouble) max / G_USEC_PER_SEC);

  if (duration > max + KLING_LIMITS_GRACE (max))
    return beyond (judge, fact, limit, "make it shorter, or cut it into parts");
  warn (judge, "%s. %s %s; what is so little too long may be cut off.", fact,
      get_owner (judge), limit);
  return TRUE;
}

/* A length that is not known is left to the service. */
static gboolean
judge_length (const Judge * judge, const gchar * what, gint64 duration,
    gint64 min, gint64 max)
{
  if (duration < 0)
    return TRUE;
  if (duration < min)
    return judge_short (judge, what, duration, min);
  if (duration > max)
    return judge_long (judge, what, duration, max);
  return TRUE;
}

static gboolean
judge_side (const Judge * judge, guint side, const gchar * direction)
{
  const KlingLimits *limits = judge->limits;
  g_autofree gchar *fact = NULL, *limit = NULL;

  if (side == 0 || (side >= limits->side_min && side <= limits->side_max))
    return TRUE;
  fact = g_strdup_printf ("The video is %u pixels %s", side, direction);
  if (side < limits->side_min)
    limit = g_strdup_printf ("lower limit is %u pixels", limits->side_min);
  else
    limit = g_strdup_printf ("limit is %u pixels", limits->side_max);
  return beyond (judge, fact, limit, "scale it");
}

static gboolean
judge_video_bytes (const Judge * judge, goffset size)
{
  goffset max = judge->limits->video_bytes;
  g_autofree gchar *fact = NULL, *limit = NULL;

  if (size <= max)
    return TRUE;
  fact = g_strdup_printf ("The video has %" G_GOFFSET_FORMAT " bytes", size);
  limit = g_strdup_printf ("limit is %" G_GOFFSET_FORMAT " bytes", max);
  return beyond (judge, fact, limit, "encode it with a lower bit rate");
}

static gboolean
judge_audio (const Judge * judge, const KlingMedia * media)
{
  const KlingLimits *limits = judge->limits;
  goffset size = kling_spool_get_size (media->spool);

  if (size > KLING_AUDIO_BYTES_MAX) {
    g_set_error (judge->error, KLING_ERROR, KLING_ERROR_INPUT,
        "The audio has %" G_GOFFSET_FORMAT " bytes. No more than %"
        G_GINT64_FORMAT " are taken, so nothing was sent: make it shorter, or"
        " give it as MP3 or AAC.", size, KLING_AUDIO_BYTES_MAX);
    return FALSE;
  }
  if (!judge_length (judge, "audio", media->duration, limits->audio_min,
          limits->audio_max))
    return FALSE;
  if (media->silent)
    warn (judge, "The audio is silent: nothing in it can be heard, so no lips"
        " will move. It is paid for all the same.");
  return TRUE;
}

static gboolean
judge_video (const Judge * judge, const KlingMedia * media)
{
  const KlingLimits *limits = judge->limits;

  return judge_video_bytes (judge, kling_spool_get_size (media->spool))
      && judge_length (judge, "video", media->duration, limits->video_min,
      limits->video_max)
      && judge_side (judge, media->width, "wide")
      && judge_side (judge, media->height, "high");
}

/**
 * kling_media_check:
 * @media: a file, no longer awaited
 * @limits: those of the dialect it is for
 * @warnings: (nullable) (element-type utf8): gets a sentence for each thing that
 *   the service may not like
 * @error: return location for a %KLING_ERROR_INPUT, whose message names the
 *   value, the limit and what to do
 *
 * Judges length, size and picture before anything is sent.
 *
 * Returns: whether it may be sent
 */
gboolean
kling_media_check (const KlingMedia * media, const KlingLimits * limits,
    GPtrArray * warnings, GError ** error)
{
  const Judge judge = { limits, warnings, error };

  g_return_val_if_fail (media->spool != NULL, FALSE);

  return media->kind == KLING_MEDIA_AUDIO ? judge_audio (&judge, media)
      : judge_video (&judge, media);
}
