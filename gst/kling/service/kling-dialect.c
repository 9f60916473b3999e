/* klinglipsync: the dialects there are
 *
 * Pure functions and one table, for any thread. What is checked here holds for
 * all dialects: each says by its constants what it can say and how much of it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect.h"

#include <string.h>
#include "kling-answer.h"
#include "kling-error.h"
#include "kling-url.h"
#include "kling-voices.h"

/* Indexed by KlingDialectId */
static const KlingDialect *const dialects[] = {
  [KLING_DIALECT_GATEWAY] = &kling_dialect_gateway,
  [KLING_DIALECT_OFFICIAL] = &kling_dialect_official,
  [KLING_DIALECT_RELAY] = &kling_dialect_relay,
  [KLING_DIALECT_LEGACY] = &kling_dialect_legacy,
};

/**
 * kling_dialect_get:
 * @id: which one
 *
 * Returns: (transfer none): how it spells the API
 */
const KlingDialect *
kling_dialect_get (KlingDialectId id)
{
  g_return_val_if_fail ((guint) id < G_N_ELEMENTS (dialects), NULL);
  return dialects[id];
}

/**
 * kling_dialect_count:
 *
 * Returns: how many there are; their ids are 0 to one less
 */
guint
kling_dialect_count (void)
{
  return G_N_ELEMENTS (dialects);
}

/**
 * kling_dialect_find:
 * @nick: a word
 * @id: (out): which dialect it stands for
 *
 * Returns: whether there is one
 */
gboolean
kling_dialect_find (const gchar * nick, KlingDialectId * id)
{
  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++) {
    if (g_strcmp0 (dialects[i]->nick, nick) == 0) {
      *id = i;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * kling_dialect_list_jwt:
 *
 * Returns: (transfer full): the dialects that take an access key with a secret
 *   key, in words
 */
gchar *
kling_dialect_list_jwt (void)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++) {
    if (dialects[i]->takes_jwt)
      g_string_append_printf (list, "%s%s", list->len ? ", " : "",
          dialects[i]->nick);
  }
  return g_string_free (list, FALSE);
}

static gboolean
is_set (const gchar * text)
{
  return text != NULL && *text != '\0';
}

static gboolean
refuse (GError ** error, const gchar * format, ...)
G_GNUC_PRINTF (2, 3);

     static gboolean refuse (GError ** error, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (KLING_ERROR, KLING_ERROR_SETTINGS, format,
        args);
  va_end (args);
  return FALSE;
}

/* --- what a dialect cannot say --- */

/* The property for each field, and whether the request uses it */
static const struct
{
  KlingFields field;
  const gchar *name;
  gsize offset;
} string_fields[] = {
  {KLING_FIELD_SESSION_ID, "session-id",
      G_STRUCT_OFFSET (KlingRequest, session_id)},
  {KLING_FIELD_FACE_ID, "face-id", G_STRUCT_OFFSET (KlingRequest, face_id)},
  {KLING_FIELD_FACE_IMAGE_URL, "face-image-url",
      G_STRUCT_OFFSET (KlingRequest, face_image_url)},
  {KLING_FIELD_AUDIO_ID, "audio-id", G_STRUCT_OFFSET (KlingRequest, audio_id)},
  {KLING_FIELD_EXTERNAL_TASK_ID, "external-task-id",
      G_STRUCT_OFFSET (KlingRequest, external_task_id)},
  {KLING_FIELD_CALLBACK_URL, "callback-url",
      G_STRUCT_OFFSET (KlingRequest, callback_url)},
};

/* Returns: (transfer full): the dialects that can say @field, in words */
static gchar *
list_dialects (KlingFields field)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++) {
    if (dialects[i]->fields & field)
      g_string_append_printf (list, "%s%s", list->len ? ", " : "",
          dialects[i]->nick);
  }
  return g_string_free (list, FALSE);
}

static gboolean
check_field (const KlingDialect * dialect, KlingFields field,
    const gchar * name, gboolean used, GError ** error)
{
  g_autofree gchar *others = NULL;

  if (!used || (dialect->fields & field))
    return TRUE;
  others = list_dialects (field);
  return refuse (error, "The dialect %s has no %s: leave it unset, or use a"
      " service of a dialect that has it (%s).", dialect->nick, name, others);
}

static gboolean
check_string_fields (const KlingDialect * dialect,
    const KlingRequest * request, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (string_fields); i++) {
    const gchar *text = G_STRUCT_MEMBER (gchar *, request,
        string_fields[i].offset);

    if (!check_field (dialect, string_fields[i].field, string_fields[i].name,
            is_set (text), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_fields (const KlingDialect * dialect, const KlingRequest * request,
    GError ** error)
{
  return check_string_fields (dialect, request, error)
      && check_field (dialect, KLING_FIELD_VOICE_SPEED, "voice-speed",
      request->voice_speed != 100, error)
      && check_field (dialect, KLING_FIELD_AUDIO_CUT, "audio-start",
      request->audio_start > 0, error)
      && check_field (dialect, KLING_FIELD_AUDIO_CUT, "audio-end",
      request->audio_end >= 0, error)
      && check_field (dialect, KLING_FIELD_INSERT_TIME, "insert-time",
      request->insert_time >= 0, error)
      && check_field (dialect, KLING_FIELD_AUDIO_VOLUME, "audio-volume",
      request->audio_volume != 100, error)
      && check_field (dialect, KLING_FIELD_ORIGINAL_AUDIO_VOLUME,
      "original-audio-volume", request->original_audio_volume != 100, error)
      && check_field (dialect, KLING_FIELD_WATERMARK, "watermark",
      request->watermark, error);
}

/* --- what no dialect takes --- */

static gboolean
check_ids (const KlingRequest * request, GError ** error)
{
  const struct
  {
    const gchar *name;
    const gchar *id;
  } ids[] = {
    {"session-id", request->session_id},
    {"video-id", request->video_id},
    {"face-id", request->face_id},
    {"audio-id", request->audio_id},
    {"task-id", request->task_id},
    {"external-task-id", request->external_task_id},
  };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    if (is_set (ids[i].id) && !kling_id_is_valid (ids[i].id))
      return refuse (error, "The property %s holds no id: an id has up to 128"
          " letters, digits, '_', '.' and '-'. Set it exactly as the service"
          " gave it.", ids[i].name);
  }
  return TRUE;
}

static gboolean
check_urls (const KlingRequest * request, GError ** error)
{
  const struct
  {
    const gchar *name;
    const gchar *url;
  } media[] = {
    {"video-url", request->video_url},
    {"audio-url", request->audio_url},
    {"face-image-url", request->face_image_url},
    {"callback-url", request->callback_url},
  };

  for (guint i = 0; i < G_N_ELEMENTS (media); i++) {
    if (is_set (media[i].url)
        && !kling_url_check_media (media[i].name, media[i].url, error))
      return FALSE;
  }
  return TRUE;
}

/* --- speech --- */

static gboolean
check_voice (const KlingRequest * request, GError ** error)
{
  if (!is_set (request->voice_id))
    return refuse (error, "The text has no voice: set voice-id, for example to"
        " oversea_male1 or girlfriend_4_speech02 for English or to"
        " girlfriend_1_speech02 for Chinese, and voice-language.");
  if (!is_set (request->voice_language))
    return refuse (error, "The voice has no language: set voice-language to en"
        " or zh, as the voice has it (oversea_male1 and girlfriend_4_speech02"
        " speak en).");
  if (strcmp (request->voice_language, "en") != 0
      && strcmp (request->voice_language, "zh") != 0)
    return refuse (error, "The property voice-language is neither en nor zh,"
        " the two languages the service speaks.");
  return TRUE;
}

/* Characters are presumably code points: no document says it. */
static gboolean
check_length (const KlingDialect * dialect, const gchar * text,
    GPtrArray * warnings, GError ** error)
{
  const KlingLimits *limits = &dialect->limits;
  glong length = g_utf8_strlen (text, -1);

  if (length <= (glong) limits->text_max)
    return TRUE;
  if (limits->documented)
    return refuse (error, "The text has %ld characters, the dialect %s takes %u"
        " at most: make it shorter, or make several videos of it.", length,
        dialect->nick, limits->text_max);
  if (warnings)
    g_ptr_array_add (warnings, g_strdup_printf ("The text has %ld characters."
            " How many this service takes is not documented; Kling's own of"
            " this kind takes %u.", length, limits->text_max));
  return TRUE;
}

static void
warn_of_voice (const KlingRequest * request, GPtrArray * warnings)
{
  const KlingVoice *voice = kling_voice_find (request->voice_id);

  if (warnings == NULL || voice == NULL
      || kling_voice_speaks (voice, request->voice_language))
    return;
  g_ptr_array_add (warnings, g_strdup_printf ("The voice %s is known to speak"
          " %s, not %s: the service may refuse it.", request->voice_id,
          voice->name_en ? "en" : "zh", request->voice_language));
}

/* Text goes with a voice, audio without one. */
static gboolean
check_speech (const KlingDialect * dialect, const KlingRequest * request,
    GPtrArray * warnings, GError ** error)
{
  const gchar *text = kling_request_get_text (request);

  if (!is_set (text)) {
    if (is_set (request->voice_id) || is_set (request->voice_language)
        || request->voice_speed != 100)
      return refuse (error, "A voice is for text only: audio goes without"
          " voice-id, voice-language and voice-speed.");
    return TRUE;
  }
  if (!g_utf8_validate (text, -1, NULL))
    return refuse (error, "The property text is not valid UTF-8.");
  if (!check_voice (request, error)
      || !check_length (dialect, text, warnings, error))
    return FALSE;
  warn_of_voice (request, warnings);
  return TRUE;
}

/* --- which part of it is said, and by whom --- */

static gboolean
check_choice (const KlingDialect * dialect, const KlingRequest * request,
    GError ** error)
{
  if (!dialect->chooses_face)
    return TRUE;
  if (is_set (request->session_id) && !is_set (request->face_id))
    return refuse (error, "The dialect %s has to say whose lips move: set"
        " face-id to one of the faces of the session. Or set video-url instead"
        " of session-id, and the faces are looked for.", dialect->nick);
  if (is_set (request->audio_id) && request->audio_end < 0)
    return refuse (error, "The dialect %s has to say how long audio-id is: set"
        " audio-end to its length, or to where the part of it ends that is to"
        " be said.", dialect->nick);
  return TRUE;
}

/* What is left of the longest audio, or of the part that was chosen, is long
 * enough. How long the audio is may only be known later. */
static gboolean
check_cut (const KlingDialect * dialect, const KlingRequest * request,
    GError ** error)
{
  const KlingLimits *limits = &dialect->limits;
  gint64 min = limits->audio_min / 1000;
  gint64 max = (limits->audio_max + KLING_LIMITS_GRACE (limits->audio_max))
      / 1000;
  gint64 end = request->audio_end >= 0 ? request->audio_end : max;

  if (end > max)
    return refuse (error, "The property audio-end is %.3f s, but audio has at"
        " most %.0f s here: set it to less.", end / 1e3,
        limits->audio_max / 1e6);
  if (end - request->audio_start >= min)
    return TRUE;
  if (request->audio_end < 0)
    return refuse (error, "The property audio-start is %.3f s, but audio has at"
        " most %.0f s here, and %.0f s of it have to be said: set it to less.",
        request->audio_start / 1e3, limits->audio_max / 1e6, min / 1e3);
  return refuse (error, "From audio-start (%.3f s) to audio-end (%.3f s) there"
      " are less than the %.0f s that the service needs: set audio-end to"
      " %.3f s at least, or audio-start to less.", request->audio_start / 1e3,
      end / 1e3, min / 1e3, (request->audio_start + min) / 1e3);
}

/* Likewise for the video */
static gboolean
check_insert (const KlingDialect * dialect, const KlingRequest * request,
    GError ** error)
{
  const KlingLimits *limits = &dialect->limits;
  gint64 max = limits->video_max + KLING_LIMITS_GRACE (limits->video_max);

  if (request->insert_time * 1000 + limits->audio_min <= max)
    return TRUE;
  return refuse (error, "The property insert-time is %.3f s, but the video has"
      " at most %.0f s here, and %.0f s of speech have to fit in after it: set"
      " it to less.", request->insert_time / 1e3, limits->video_max / 1e6,
      limits->audio_min / 1e6);
}

/**
 * kling_dialect_check:
 * @request: a complete request, with one speaker and one speech
 * @warnings: (nullable): sentences are appended, to be freed with g_free()
 * @error: return location for a %KLING_ERROR_SETTINGS
 *
 * Checks @request by the rules of its dialect. Sends nothing.
 *
 * Returns: whether the dialect can say it
 */
gboolean
kling_dialect_check (const KlingRequest * request, GPtrArray * warnings,
    GError ** error)
{
  const KlingDialect *dialect = kling_dialect_get (request->dialect);

  return check_fields (dialect, request, error)
      && check_speech (dialect, request, warnings, error)
      && check_ids (request, error) && check_urls (request, error)
      && check_choice (dialect, request, error)
      && check_cut (dialect, request, error)
      && check_insert (dialect, request, error)
      && (dialect->check == NULL || dialect->check (request, error));
}
