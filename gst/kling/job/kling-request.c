/* klinglipsync: what to make, and how to reach who makes it
 *
 * Both structures are filled by one thread and immutable from then on, so any
 * thread may hold a reference and read them without a lock. Nothing here
 * touches the network.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-request.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-answer.h"
#include "kling-credentials.h"
#include "kling-dialect.h"
#include "kling-digest.h"
#include "kling-error.h"
#include "kling-secret.h"
#include "kling-url.h"

/* One of several properties and pads that say the same kind of thing */
typedef struct
{
  const gchar *name;
  gsize offset;
} Choice;

static const Choice speakers[] = {
  {"video-url", G_STRUCT_OFFSET (KlingRequest, video_url)},
  {"video-id", G_STRUCT_OFFSET (KlingRequest, video_id)},
  {"session-id", G_STRUCT_OFFSET (KlingRequest, session_id)},
  {"the pad video", G_STRUCT_OFFSET (KlingRequest, video)},
};

static const Choice speeches[] = {
  {"text", G_STRUCT_OFFSET (KlingRequest, text)},
  {"audio-url", G_STRUCT_OFFSET (KlingRequest, audio_url)},
  {"audio-id", G_STRUCT_OFFSET (KlingRequest, audio_id)},
  {"the pad audio", G_STRUCT_OFFSET (KlingRequest, audio)},
  {"the pad text", G_STRUCT_OFFSET (KlingRequest, cues)},
};

/* The strings of a request that say what is asked for */
static const gsize identity_strings[] = {
  G_STRUCT_OFFSET (KlingRequest, base_url),
  G_STRUCT_OFFSET (KlingRequest, session_id),
  G_STRUCT_OFFSET (KlingRequest, video_url),
  G_STRUCT_OFFSET (KlingRequest, video_id),
  G_STRUCT_OFFSET (KlingRequest, face_id),
  G_STRUCT_OFFSET (KlingRequest, face_image_url),
  G_STRUCT_OFFSET (KlingRequest, text),
  G_STRUCT_OFFSET (KlingRequest, cues),
  G_STRUCT_OFFSET (KlingRequest, voice_id),
  G_STRUCT_OFFSET (KlingRequest, voice_language),
  G_STRUCT_OFFSET (KlingRequest, audio_url),
  G_STRUCT_OFFSET (KlingRequest, audio_id),
  G_STRUCT_OFFSET (KlingRequest, take),
};

static const gchar *
request_get_string (const KlingRequest * request, gsize offset)
{
  return G_STRUCT_MEMBER (gchar *, request, offset);
}

/**
 * kling_request_new:
 *
 * Returns: (transfer full): an empty request, to be filled by the caller
 */
KlingRequest *
kling_request_new (void)
{
  KlingRequest *request = g_new0 (KlingRequest, 1);

  g_atomic_ref_count_init (&request->refs);
  request->voice_speed = 100;
  request->audio_end = -1;
  request->insert_time = -1;
  request->audio_volume = 100;
  request->original_audio_volume = 100;
  return request;
}

/**
 * kling_request_ref:
 * @request: a request
 *
 * Returns: (transfer full): @request
 */
KlingRequest *
kling_request_ref (KlingRequest * request)
{
  g_atomic_ref_count_inc (&request->refs);
  return request;
}

/**
 * kling_request_unref:
 * @request: (transfer full): a request
 */
void
kling_request_unref (KlingRequest * request)
{
  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (identity_strings); i++)
    g_free (G_STRUCT_MEMBER (gchar *, request, identity_strings[i]));
  g_free (request->external_task_id);
  g_free (request->task_id);
  kling_secret_wipe_string (request->callback_url);
  g_clear_pointer (&request->video, kling_media_unref);
  g_clear_pointer (&request->audio, kling_media_unref);
  g_free (request);
}

/**
 * kling_request_equal:
 * @a: a request
 * @b: another one
 *
 * See kling_request_dup_digest() for what makes a difference.
 *
 * Returns: whether both ask for the same video
 */
gboolean
kling_request_equal (const KlingRequest * a, const KlingRequest * b)
{
  g_autofree gchar *digest_a = kling_request_dup_digest (a);
  g_autofree gchar *digest_b = kling_request_dup_digest (b);

  return strcmp (digest_a, digest_b) == 0;
}

static KlingMedia *
dup_identity (const KlingMedia * media)
{
  KlingMedia *copy;

  if (media == NULL)
    return NULL;
  copy = kling_media_new_awaited (media->kind);
  copy->digest = g_strdup (media->digest);
  return copy;
}

/**
 * kling_request_dup_identity:
 * @request: a request
 *
 * For those who remember what was asked: megabytes of audio and video are left
 * out, their digests stay.
 *
 * Returns: (transfer full): a request that is equal to @request
 */
KlingRequest *
kling_request_dup_identity (const KlingRequest * request)
{
  KlingRequest *copy = kling_request_new ();

  copy->dialect = request->dialect;
  copy->voice_speed = request->voice_speed;
  copy->audio_start = request->audio_start;
  copy->audio_end = request->audio_end;
  copy->insert_time = request->insert_time;
  copy->audio_volume = request->audio_volume;
  copy->original_audio_volume = request->original_audio_volume;
  copy->watermark = request->watermark;
  for (guint i = 0; i < G_N_ELEMENTS (identity_strings); i++)
    G_STRUCT_MEMBER (gchar *, copy, identity_strings[i]) =
        g_strdup (request_get_string (request, identity_strings[i]));
  copy->video = dup_identity (request->video);
  copy->audio = dup_identity (request->audio);
  return copy;
}

/**
 * kling_request_get_text:
 * @request: a request
 *
 * Returns: (transfer none) (nullable): what is said, when it is text, wherever
 *   it came from
 */
const gchar *
kling_request_get_text (const KlingRequest * request)
{
  return request->text ? request->text : request->cues;
}

/**
 * kling_request_describe_video:
 * @request: a request with a speaker
 *
 * Returns: (transfer full): the source video, in words for people
 */
gchar *
kling_request_describe_video (const KlingRequest * request)
{
  if (request->video_url)
    return kling_url_display (request->video_url);
  if (request->video_id)
    return g_strdup_printf ("video %s", request->video_id);
  if (request->session_id)
    return g_strdup_printf ("session %s", request->session_id);
  return g_strdup_printf ("a video file (sha256 %.8s...)",
      request->video && request->video->digest ? request->video->digest : "");
}

/**
 * kling_request_describe_speech:
 * @request: a request with a speech
 *
 * Returns: (transfer full): what is said, in words for people, but not the text
 */
gchar *
kling_request_describe_speech (const KlingRequest * request)
{
  const gchar *text = kling_request_get_text (request);
  glong length;

  if (text) {
    length = g_utf8_strlen (text, -1);
    return g_strdup_printf ("%ld character%s of text, voice %s", length,
        length == 1 ? "" : "s", request->voice_id);
  }
  if (request->audio_id)
    return g_strdup_printf ("audio %s", request->audio_id);
  if (request->audio == NULL)
    return kling_url_display (request->audio_url);
  if (request->audio->duration < 0)
    return g_strdup_printf ("audio (%s)", request->audio->extension);
  return g_strdup_printf ("%.2f s of audio (%s)",
      (gdouble) request->audio->duration / KLING_SECOND,
      request->audio->extension);
}

/**
 * kling_request_describe:
 * @request: a complete request
 *
 * Returns: (transfer full): what is asked for, in words for people
 */
gchar *
kling_request_describe (const KlingRequest * request)
{
  g_autofree gchar *service = kling_url_display (request->base_url);
  g_autofree gchar *speech = NULL;

  if (request->task_id && !kling_request_is_complete (request))
    return g_strdup_printf ("Lip-sync at %s: task %s", service,
        request->task_id);
  speech = kling_request_describe_speech (request);
  return g_strdup_printf ("Lip-sync at %s: %s", service, speech);
}

/* How many of @choices are set; *@first and *@second are their names. */
static guint
count_choices (const KlingRequest * request, const Choice * choices,
    guint n_choices, const gchar ** first, const gchar ** second)
{
  guint n = 0;

  for (guint i = 0; i < n_choices; i++) {
    if (G_STRUCT_MEMBER (gpointer, request, choices[i].offset) == NULL)
      continue;
    if (n == 0)
      *first = choices[i].name;
    else if (n == 1)
      *second = choices[i].name;
    n++;
  }
  return n;
}

static guint
count_speakers (const KlingRequest * request, const gchar ** first,
    const gchar ** second)
{
  return count_choices (request, speakers, G_N_ELEMENTS (speakers), first,
      second);
}

static guint
count_speeches (const KlingRequest * request, const gchar ** first,
    const gchar ** second)
{
  return count_choices (request, speeches, G_N_ELEMENTS (speeches), first,
      second);
}

/**
 * kling_request_is_empty:
 * @request: a request
 *
 * Returns: whether it says neither who speaks nor what
 */
gboolean
kling_request_is_empty (const KlingRequest * request)
{
  const gchar *a, *b;

  return count_speakers (request, &a, &b) == 0
      && count_speeches (request, &a, &b) == 0;
}

/**
 * kling_request_is_complete:
 * @request: a request
 *
 * Returns: whether it says who speaks and what, so that it may be bought
 */
gboolean
kling_request_is_complete (const KlingRequest * request)
{
  const gchar *a, *b;

  return count_speakers (request, &a, &b) > 0
      && count_speeches (request, &a, &b) > 0;
}

/**
 * kling_request_describe_missing:
 * @request: a request
 *
 * A task that exists already was asked for completely.
 *
 * Returns: (transfer full) (nullable): what is still to be said, as the end of
 *   a sentence, or %NULL when nothing is missing
 */
gchar *
kling_request_describe_missing (const KlingRequest * request)
{
  const gchar *a, *b;
  gboolean speaker = count_speakers (request, &a, &b) > 0;
  gboolean speech = count_speeches (request, &a, &b) > 0;
  const gchar *who =
      "who speaks (video-url, video-id, session-id or the pad video)";
  const gchar *what = "what is said (text with voice-id and voice-language,"
      " audio-url, audio-id, or the pad audio or text)";

  /* a task that exists needs neither */
  if (request->task_id)
    return NULL;
  if (!speaker && !speech)
    return g_strdup_printf ("%s and %s", who, what);
  if (!speaker)
    return g_strdup (who);
  if (!speech)
    return g_strdup (what);
  return NULL;
}

/**
 * kling_request_check_conflicts:
 * @request: a request, complete or not
 * @error: return location for a %KLING_ERROR_SETTINGS
 *
 * Returns: %FALSE when two things were said where only one can be meant
 */
gboolean
kling_request_check_conflicts (const KlingRequest * request, GError ** error)
{
  const gchar *a = NULL, *b = NULL;

  if (count_speakers (request, &a, &b) > 1) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "Two speakers are given, %s and %s: leave one of them unset.", a, b);
    return FALSE;
  }
  if (count_speeches (request, &a, &b) > 1) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "Two speeches are given, %s and %s: leave one of them unset.", a, b);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_missing (const KlingRequest * request, GError ** error)
{
  g_autofree gchar *missing = kling_request_describe_missing (request);

  if (missing == NULL)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "Nothing was sent. Still to be set: %s.", missing);
  return FALSE;
}

static void
warn_of_loopback (const KlingRequest * request, const KlingUpload * upload,
    GPtrArray * warnings)
{
  g_autofree gchar *service = kling_url_display (request->base_url);

  if (warnings && kling_upload_is_loopback (upload)
      && kling_url_needs_tls (request->base_url))
    g_ptr_array_add (warnings, g_strdup_printf ("The file is going to be at %s,"
            " where only this machine can read it, but the service is at %s."
            " Give the address at which the service can reach it: see public="
            " of serve:, and upload-public-url.",
            kling_upload_get_shown (upload), service));
}

/* What is said may go within the call, in some dialects. */
static gboolean
needs_upload (const KlingRequest * request)
{
  return request->video
      || (request->audio
      && !kling_dialect_get (request->dialect)->takes_inline_audio);
}

/**
 * kling_request_check_upload:
 * @request: a request, complete or not
 * @upload: (nullable): where its files go
 * @warnings: (nullable): sentences are appended, to be freed with g_free()
 * @error: return location for a %KLING_ERROR_SETTINGS
 *
 * Returns: %FALSE when @request has files and there is no place for them
 */
gboolean
kling_request_check_upload (const KlingRequest * request,
    const KlingUpload * upload, GPtrArray * warnings, GError ** error)
{
  if (!needs_upload (request))
    return TRUE;
  if (upload && request->audio && request->video
      && kling_upload_holds_one (upload)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The place %s holds one file, and there are two, a video and what is"
        " said. Give the property upload a directory: https://host/dir/{name}.",
        kling_upload_get_shown (upload));
    return FALSE;
  }
  if (upload) {
    warn_of_loopback (request, upload, warnings);
    return TRUE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "This service reads files from URLs only, so what comes from the pad %s"
      " needs a place. Set upload, or KLING_UPLOAD, to serve:0 (for the sandbox"
      " on this machine), serve:PORT?public=https://my.host/,"
      " https://my.host/dir/{name} (PUT), post+https://my.host/upload"
      " (multipart), or s3://bucket/prefix?region=REGION.",
      request->video ? "video" : "audio");
  return FALSE;
}

static gboolean
check_task (const KlingRequest * request, GError ** error)
{
  if (request->task_id == NULL || kling_id_is_valid (request->task_id))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The property task-id is not a task id: it has up to 128 letters, digits,"
      " '_', '.' and '-'.");
  return FALSE;
}

static gboolean
check_media (const KlingRequest * request, const KlingLimits * limits,
    GPtrArray * warnings, GError ** error)
{
  return (request->audio == NULL
      || kling_media_check (request->audio, limits, warnings, error))
      && (request->video == NULL
      || kling_media_check (request->video, limits, warnings, error));
}

/**
 * kling_request_check:
 * @request: a request
 * @warnings: (nullable): sentences are appended, to be freed with g_free()
 * @error: return location for a %KLING_ERROR_SETTINGS or %KLING_ERROR_INPUT
 *
 * All that can be found wrong with a request without sending anything: it is
 * whole, free of contradictions and within the rules of its dialect, and so are
 * its files.
 *
 * Returns: whether it may be sent
 */
gboolean
kling_request_check (const KlingRequest * request, GPtrArray * warnings,
    GError ** error)
{
  const KlingDialect *dialect = kling_dialect_get (request->dialect);

  if (!kling_request_check_conflicts (request, error)
      || !check_missing (request, error)
      || !check_task (request, error)
      || !kling_url_check_base (request->base_url, error))
    return FALSE;
  if (!kling_request_is_complete (request))
    return TRUE;
  return kling_dialect_check (request, warnings, error)
      && check_media (request, &dialect->limits, warnings, error);
}

/**
 * kling_settings_new:
 *
 * Returns: (transfer full): empty settings, to be filled by the caller
 */
KlingSettings *
kling_settings_new (void)
{
  KlingSettings *settings = g_new0 (KlingSettings, 1);

  g_atomic_ref_count_init (&settings->refs);
  return settings;
}

/**
 * kling_settings_ref:
 * @settings: settings
 *
 * Returns: (transfer full): @settings
 */
KlingSettings *
kling_settings_ref (KlingSettings * settings)
{
  g_atomic_ref_count_inc (&settings->refs);
  return settings;
}

/**
 * kling_settings_unref:
 * @settings: (transfer full): settings
 */
void
kling_settings_unref (KlingSettings * settings)
{
  if (!g_atomic_ref_count_dec (&settings->refs))
    return;
  g_clear_pointer (&settings->credentials, kling_credentials_unref);
  g_clear_error (&settings->no_credentials);
  kling_secret_wipe_string (settings->proxy);
  g_clear_object (&settings->tls_database);
  g_free (settings->user_agent);
  g_free (settings->store);
  g_clear_pointer (&settings->upload, kling_upload_unref);
  for (gchar ** p = settings->extra_headers; p && *p; p++)
    explicit_bzero (*p, strlen (*p));
  g_strfreev (settings->extra_headers);
  g_free (settings);
}
