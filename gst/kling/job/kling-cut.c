/* klinglipsync: which part of the speech is said, and when
 *
 * Pure functions, for any thread. The rules are those of
 * https://klingai.com/document-api/api/video/lip-sync.md: the part lasts two
 * seconds at least and ends within the audio; it ends within the video; and the
 * face is to be seen for two seconds of it at least. What breaks them would be
 * refused by the service, after identify-face was paid, or paid for and made in
 * vain.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-cut.h"

#include "kling-error.h"

/* The part, and how long the face is seen while it is said */
#define MIN_LENGTH 2000

#define SECONDS(milliseconds) ((gdouble) (milliseconds) / 1000)

/**
 * kling_cut_choose:
 * @cut: gets start and end
 * @request: a request
 * @audio_length: milliseconds, -1 when it is not known
 * @limits: those of the dialect
 * @error: return location for a %KLING_ERROR_INPUT or %KLING_ERROR_SETTINGS
 *
 * Returns: whether there is a part of the audio that can be said
 */
gboolean
kling_cut_choose (KlingCut * cut, const KlingRequest * request,
    gint64 audio_length, const KlingLimits * limits, GError ** error)
{
  gint64 max = limits->audio_max / 1000;

  cut->start = request->audio_start;
  cut->end = request->audio_end >= 0 ? request->audio_end : audio_length;
  if (cut->end < 0) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "How long the speech is cannot be found out here. Set audio-end to where"
        " it ends.");
    return FALSE;
  }
  if (audio_length >= 0 && cut->end > audio_length) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The property audio-end is %.3f s, but the speech is only %.3f s long.",
        SECONDS (cut->end), SECONDS (audio_length));
    return FALSE;
  }
  if (cut->end - cut->start < MIN_LENGTH) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "What is to be said lasts %.3f s, from %.3f s to %.3f s of the speech."
        " The service needs %.0f s at least: make it longer.",
        SECONDS (MAX (cut->end - cut->start, 0)), SECONDS (cut->start),
        SECONDS (cut->end), SECONDS (MIN_LENGTH));
    return FALSE;
  }
  /* a file that is so little too long was warned about: its end is cut off */
  if (request->audio_end < 0 && cut->end - cut->start > max
      && cut->end - cut->start <= max + KLING_LIMITS_GRACE (max))
    cut->end = cut->start + max;
  if (cut->end - cut->start > max) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "What is to be said lasts %.3f s. The service takes %.0f s at most: make"
        " it shorter, or cut it into parts with audio-start and audio-end.",
        SECONDS (cut->end - cut->start), SECONDS (max));
    return FALSE;
  }
  return TRUE;
}

static gboolean
face_is_timed (const KlingFace * face)
{
  return face != NULL && face->start >= 0 && face->end >= 0;
}

/* How long @face is seen while @length is said from @insert on */
static gint64
get_overlap (const KlingFace * face, gint64 insert, gint64 length)
{
  return MIN (insert + length, face->end) - MAX (insert, face->start);
}

/* From the beginning, unless the face comes too late for that. */
static gint64
choose_insert (const KlingFace * face, gint64 length)
{
  if (!face_is_timed (face) || get_overlap (face, 0, length) >= MIN_LENGTH)
    return 0;
  return face->start;
}

/**
 * kling_cut_place:
 * @cut: has start and end, gets insert
 * @request: a request
 * @face: (nullable): whose lips move, when that is known
 * @video_length: milliseconds, -1 when it is not known
 * @error: return location for a %KLING_ERROR_INPUT
 *
 * Returns: whether the part can be said in the video
 */
gboolean
kling_cut_place (KlingCut * cut, const KlingRequest * request,
    const KlingFace * face, gint64 video_length, GError ** error)
{
  gint64 length = cut->end - cut->start;

  cut->insert = request->insert_time >= 0 ? request->insert_time
      : choose_insert (face, length);
  if (video_length >= 0 && cut->insert + length > video_length) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The speech would be said from %.3f s to %.3f s of the video, which is"
        " only %.3f s long. Set insert-time or audio-end, or take a longer"
        " video.", SECONDS (cut->insert), SECONDS (cut->insert + length),
        SECONDS (video_length));
    return FALSE;
  }
  if (face_is_timed (face)
      && get_overlap (face, cut->insert, length) < MIN_LENGTH) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The speech would be said from %.3f s to %.3f s of the video, but face"
        " %s is seen from %.3f s to %.3f s: that is less than %.0f s together."
        " Set insert-time so that they overlap, or face-id to another face.",
        SECONDS (cut->insert), SECONDS (cut->insert + length), face->id,
        SECONDS (face->start), SECONDS (face->end), SECONDS (MIN_LENGTH));
    return FALSE;
  }
  return TRUE;
}
