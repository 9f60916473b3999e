/* klinglipsync: the dialect of gateways such as Starrise and AnyFast
 *
 * Pure functions, for any thread. The path of creation is that of Kling's
 * current API, the body that of its older one, {"input":{...}}; neither of
 * Kling's own takes both, so this is a dialect of its own:
 * https://doc.starrise.tech/en/guides/model-api/kuaishou/kling-lip-sync
 * https://docs.anyfast.ai/api-reference/model-api/kuaishou/kling-identify-face
 *
 * It cannot choose a face. How long text may be is not documented. Neither is
 * how long audio and video may be: Kling's own figures stand here, and are only
 * presumed to hold; the service decides.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect.h"

#include <string.h>
#include "kling-answer.h"
#include "kling-error.h"
#include "kling-json.h"
#include "kling-url.h"

static gboolean
is_set (const gchar * text)
{
  return text != NULL && *text != '\0';
}

static gboolean
refuse (GError ** error, const gchar * sentence)
{
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS, sentence);
  return FALSE;
}

static gboolean
check_ids (const KlingRequest * request, GError ** error)
{
  if (is_set (request->session_id) && !kling_id_is_valid (request->session_id))
    return refuse (error, "The property session-id is not one: it has up to"
        " 128 letters, digits, '_', '.' and '-'.");
  if (is_set (request->video_id) && !kling_id_is_valid (request->video_id))
    return refuse (error, "The property video-id is not one: it has up to"
        " 128 letters, digits, '_', '.' and '-'.");
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
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (media); i++) {
    if (is_set (media[i].url)
        && !kling_url_check_media (media[i].name, media[i].url, error))
      return FALSE;
  }
  return TRUE;
}

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

/* Text goes with a voice, audio without one. */
static gboolean
check_speech (const KlingRequest * request, GError ** error)
{
  const gchar *text = kling_request_get_text (request);

  if (is_set (text)) {
    if (!g_utf8_validate (text, -1, NULL))
      return refuse (error, "The property text is not valid UTF-8.");
    return check_voice (request, error);
  }
  if (is_set (request->voice_id) || is_set (request->voice_language))
    return refuse (error, "A voice is for text only: audio goes without"
        " voice-id and voice-language.");
  return TRUE;
}

/* That there is one speaker and one speech has been checked for all dialects
 * by kling_request_check(). */
static gboolean
gateway_check (const KlingRequest * request, GError ** error)
{
  return check_speech (request, error) && check_ids (request, error)
      && check_urls (request, error);
}

static GBytes *
finish (JsonBuilder * builder)
{
  gchar *text;

  json_builder_end_object (builder);
  text = kling_json_print (builder);
  return g_bytes_new_take (text, strlen (text));
}

static GBytes *
gateway_identify_body (const KlingRequest * request,
    const KlingSources * sources)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  if (is_set (sources->video_url))
    kling_json_add (builder, "video_url", sources->video_url);
  else
    kling_json_add (builder, "video_id", request->video_id);
  return finish (builder);
}

/* The members stand in the order of the documented examples. */
static GBytes *
gateway_create_body (const KlingRequest * request, const KlingSources * sources)
{
  const gchar *text = kling_request_get_text (request);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "input");
  json_builder_begin_object (builder);
  kling_json_add (builder, "session_id", sources->session_id);
  if (is_set (text)) {
    kling_json_add (builder, "text", text);
    kling_json_add (builder, "voice_id", request->voice_id);
    kling_json_add (builder, "voice_language", request->voice_language);
  } else {
    kling_json_add (builder, "audio_url", sources->audio_url);
  }
  if (is_set (request->face_image_url))
    kling_json_add (builder, "face_image_url", request->face_image_url);
  json_builder_end_object (builder);
  return finish (builder);
}

const KlingDialect kling_dialect_gateway = {
  .nick = "gateway",
  .default_base_url = "https://ai.alad.com",
  .identify_path = "/kling/v1/videos/identify-face",
  .create_path = "/kling/v1/videos/advanced-lip-sync",
  .query_path = "/kling/v1/videos/advanced-lip-sync/%s",
  .limits = {
        .documented = FALSE,
        .audio_min = 2 * G_USEC_PER_SEC,
        .audio_max = 60 * G_USEC_PER_SEC,
        .video_min = 2 * G_USEC_PER_SEC,
        .video_max = 60 * G_USEC_PER_SEC,
        .video_bytes = 100 * 1024 * 1024,
        .side_min = 512,
        .side_max = 2160,
      },
  .check = gateway_check,
  .identify_body = gateway_identify_body,
  .create_body = gateway_create_body,
};
