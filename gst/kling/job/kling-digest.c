/* klinglipsync: by what a request is known
 *
 * Pure functions of an immutable request, for any thread. What is hashed is
 * written down in docs/architecture.md, "What a request is", and is a promise:
 * whoever changes it lets every machine buy again what it has already paid for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-digest.h"

#include <string.h>
#include "kling-dialect.h"
#include "kling-url.h"

#define REQUEST_LAYOUT "klinglipsync-request-1\n"
#define SESSION_LAYOUT "klinglipsync-session-1\n"
#define SPEECH_LAYOUT "klinglipsync-speech-1\n"
#define TASK_LAYOUT "klinglipsync-task-1\n"

/* 160 bits of SHA-256, which are 32 characters without padding */
#define EXTERNAL_ID_BYTES 20

/* The blank sorts before all that names are made of, so the fields sort by
 * their names. What is empty is not sent, and so is not there. */
static void
add_text (GPtrArray * fields, const gchar * name, const gchar * value)
{
  if (value == NULL || *value == '\0')
    return;
  g_ptr_array_add (fields, g_strdup_printf ("%s %" G_GSIZE_FORMAT ":%s\n",
          name, strlen (value), value));
}

static void
add_number (GPtrArray * fields, const gchar * name, gint64 value)
{
  g_autofree gchar *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  add_text (fields, name, text);
}

/* What is no URL is refused elsewhere; until then it is only like itself. */
static void
add_url (GPtrArray * fields, const gchar * name, const gchar * url)
{
  g_autofree gchar *identity = kling_url_identity (url);

  add_text (fields, name, identity ? identity : url);
}

static void
add_media (GPtrArray * fields, const gchar * name, const KlingMedia * media)
{
  if (media)
    add_text (fields, name, media->digest);
}

static void
add_service (GPtrArray * fields, const KlingRequest * request)
{
  const gchar *base_url = request->base_url;
  g_autofree gchar *joined = kling_url_join (base_url ? base_url : "", "");

  add_text (fields, "dialect", kling_dialect_get (request->dialect)->nick);
  add_url (fields, "service", joined);
}

static void
add_video (GPtrArray * fields, const KlingRequest * request)
{
  add_text (fields, "video-id", request->video_id);
  add_url (fields, "video-url", request->video_url);
  add_media (fields, "video", request->video);
}

static void
add_speaker (GPtrArray * fields, const KlingRequest * request, KlingFields can)
{
  if (can & KLING_FIELD_SESSION_ID)
    add_text (fields, "session-id", request->session_id);
  add_video (fields, request);
  if (can & KLING_FIELD_FACE_ID)
    add_text (fields, "face-id", request->face_id);
  if (can & KLING_FIELD_FACE_IMAGE_URL)
    add_url (fields, "face-image-url", request->face_image_url);
}

/* The same words are the same speech, whichever way they came. */
static void
add_spoken_text (GPtrArray * fields, const KlingRequest * request,
    KlingFields can)
{
  const gchar *text = kling_request_get_text (request);

  if (text == NULL || *text == '\0')
    return;
  add_text (fields, "text", text);
  add_text (fields, "voice-id", request->voice_id);
  add_text (fields, "voice-language", request->voice_language);
  if (can & KLING_FIELD_VOICE_SPEED)
    add_number (fields, "voice-speed", request->voice_speed);
}

static void
add_speech (GPtrArray * fields, const KlingRequest * request, KlingFields can)
{
  add_spoken_text (fields, request, can);
  add_url (fields, "audio-url", request->audio_url);
  add_media (fields, "audio", request->audio);
  if (can & KLING_FIELD_AUDIO_ID)
    add_text (fields, "audio-id", request->audio_id);
}

/* What was left open is decided by the audio and the face, which are in here:
 * the same request is always decided the same way. */
static void
add_times (GPtrArray * fields, const KlingRequest * request, KlingFields can)
{
  if (can & KLING_FIELD_AUDIO_CUT) {
    add_number (fields, "audio-start", MAX (request->audio_start, 0));
    if (request->audio_end >= 0)
      add_number (fields, "audio-end", request->audio_end);
  }
  if ((can & KLING_FIELD_INSERT_TIME) && request->insert_time >= 0)
    add_number (fields, "insert-time", request->insert_time);
}

static void
add_options (GPtrArray * fields, const KlingRequest * request, KlingFields can)
{
  if (can & KLING_FIELD_AUDIO_VOLUME)
    add_number (fields, "audio-volume", request->audio_volume);
  if (can & KLING_FIELD_ORIGINAL_AUDIO_VOLUME)
    add_number (fields, "original-audio-volume",
        request->original_audio_volume);
  if (can & KLING_FIELD_WATERMARK)
    add_text (fields, "watermark", request->watermark ? "true" : "false");
  add_text (fields, "take", request->take);
}

static gint
compare_fields (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar * const *) a, *(const gchar * const *) b);
}

static gchar *
hash_fields (const gchar * layout, GPtrArray * fields)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_ptr_array_sort (fields, compare_fields);
  g_checksum_update (checksum, (const guchar *) layout, -1);
  for (guint i = 0; i < fields->len; i++)
    g_checksum_update (checksum, fields->pdata[i], -1);
  return g_strdup (g_checksum_get_string (checksum));
}

/**
 * kling_request_dup_digest:
 * @request: a complete request
 *
 * Requests with the same digest ask for the same video: it is bought once. In
 * it is all that the dialect tells the service of what to make, and which
 * service; not the key, nor what a file is called where it was uploaded, nor
 * whom the service tells, nor what else the task is called.
 *
 * Returns: (transfer full): SHA-256, 64 lower-case hex digits
 */
gchar *
kling_request_dup_digest (const KlingRequest * request)
{
  const KlingDialect *dialect = kling_dialect_get (request->dialect);
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);

  add_service (fields, request);
  add_speaker (fields, request, dialect->fields);
  add_speech (fields, request, dialect->fields);
  add_times (fields, request, dialect->fields);
  add_options (fields, request, dialect->fields);
  return hash_fields (REQUEST_LAYOUT, fields);
}

/**
 * kling_request_dup_session_key:
 * @request: a request with a source video
 * @account: who pays
 *
 * The faces of a video are looked for once, whatever is said. A session is of
 * use to the account that paid for it only.
 *
 * Returns: (transfer full): SHA-256, 64 lower-case hex digits
 */
gchar *
kling_request_dup_session_key (const KlingRequest * request,
    const gchar * account)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);

  add_service (fields, request);
  add_video (fields, request);
  add_text (fields, "account", account);
  return hash_fields (SESSION_LAYOUT, fields);
}

/**
 * kling_request_dup_speech_key:
 * @request: a request with a text
 * @account: who pays
 *
 * A text is spoken once, whoever's lips move.
 *
 * Returns: (transfer full): SHA-256, 64 lower-case hex digits
 */
gchar *
kling_request_dup_speech_key (const KlingRequest * request,
    const gchar * account)
{
  const KlingDialect *dialect = kling_dialect_get (request->dialect);
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);

  add_service (fields, request);
  add_spoken_text (fields, request, dialect->fields);
  add_text (fields, "account", account);
  return hash_fields (SPEECH_LAYOUT, fields);
}

/**
 * kling_request_dup_task_key:
 * @request: a request that names a task
 *
 * Returns: (transfer full): SHA-256, 64 lower-case hex digits
 */
gchar *
kling_request_dup_task_key (const KlingRequest * request)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);

  add_service (fields, request);
  add_text (fields, "task-id", request->task_id);
  return hash_fields (TASK_LAYOUT, fields);
}

/* Base32 of RFC 4648 in lower case; @n_bytes is a multiple of 5, which takes no
 * padding. */
static void
append_base32 (GString * text, const guint8 * bytes, gsize n_bytes)
{
  static const gchar alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

  for (gsize bit = 0; bit < n_bytes * 8; bit += 5) {
    guint pair = bytes[bit / 8] << 8;

    if (bit / 8 + 1 < n_bytes)
      pair |= bytes[bit / 8 + 1];
    g_string_append_c (text, alphabet[(pair >> (11 - bit % 8)) & 31]);
  }
}

/**
 * kling_request_dup_external_id:
 * @request: a complete request
 * @attempt: which try to buy it this is, from 1
 *
 * What our task is called at services that take a name from us, so that it can
 * be found when the answer to the call that bought it was lost. It is the same
 * on every machine, and tells nothing about the request.
 *
 * Returns: (transfer full): "kl1-" and 32 of the characters a-z and 2-7
 */
gchar *
kling_request_dup_external_id (const KlingRequest * request, guint attempt)
{
  g_autofree gchar *digest = kling_request_dup_digest (request);
  g_autofree gchar *name = g_strdup_printf ("%s/%u", digest, attempt);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  GString *id = g_string_new ("kl1-");
  guint8 bytes[32];
  gsize n_bytes = sizeof (bytes);

  g_checksum_update (checksum, (const guchar *) name, -1);
  g_checksum_get_digest (checksum, bytes, &n_bytes);
  append_base32 (id, bytes, EXTERNAL_ID_BYTES);
  return g_string_free (id, FALSE);
}
