/* klinglipsync: the dialect of Kling's older lip-sync
 *
 * Pure functions, for any thread. Kling itself has it still, and so have
 * gateways, most of them below /kling: that belongs to the base URL then,
 * https://host/kling. Facts and figures are those of
 * https://docs.yutoai.net/en/api/api-257163488.html
 * https://v98store.com/html_docs/api-243012261.html
 *
 * There is no session: the call that buys a task takes the video, and finds the
 * face by itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect-body.h"

#include "kling-error.h"
#include "kling-json.h"

/* The speed is documented to have one decimal. */
static gboolean
legacy_check (const KlingRequest * request, GError ** error)
{
  guint below = request->voice_speed / 10;

  if (request->voice_speed % 10 == 0)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The dialect legacy takes a voice-speed of one decimal, not %u.%02u: set"
      " it to %u.%u or to %u.%u.", request->voice_speed / 100,
      request->voice_speed % 100, below / 10, below % 10, (below + 1) / 10,
      (below + 1) % 10);
  return FALSE;
}

static void
add_text (JsonBuilder * builder, const KlingRequest * request)
{
  kling_json_add (builder, "mode", "text2video");
  kling_body_add_voice (builder, request);
  kling_body_add_speed (builder, request);
}

static void
add_audio (JsonBuilder * builder, const KlingSources * sources)
{
  g_autofree gchar *base64 = NULL;

  kling_json_add (builder, "mode", "audio2video");
  if (sources->audio_url) {
    kling_json_add (builder, "audio_type", "url");
    kling_json_add (builder, "audio_url", sources->audio_url);
  } else {
    base64 = kling_body_encode (sources->audio);
    kling_json_add (builder, "audio_type", "file");
    kling_json_add (builder, "audio_file", base64);
  }
}

/* The members stand in the order in which they are documented. */
static GBytes *
legacy_create_body (const KlingRequest * request, const KlingSources * sources)
{
  g_autoptr (JsonBuilder) builder = kling_body_new ();

  json_builder_set_member_name (builder, "input");
  json_builder_begin_object (builder);
  kling_body_add_video (builder, request, sources);
  if (kling_request_get_text (request))
    add_text (builder, request);
  else
    add_audio (builder, sources);
  json_builder_end_object (builder);
  kling_json_add (builder, "callback_url", request->callback_url);
  return kling_body_finish (builder);
}

const KlingDialect kling_dialect_legacy = {
  .nick = "legacy",
  .label = "Kling's older lip-sync, at Kling and at gateways",
  .takes_jwt = TRUE,
  .fields = KLING_FIELD_VOICE_SPEED | KLING_FIELD_CALLBACK_URL,
  .create_path = "/v1/videos/lip-sync",
  .path_hint = "Gateways have it below /kling: set base-url to"
      " https://host/kling.",
  .query_paths = {"/v1/videos/lip-sync/%s"},
  .takes_inline_audio = TRUE,
  .limits = {
        .documented = TRUE,
        .text_max = 120,
        .audio_min = 2 * G_USEC_PER_SEC,
        .audio_max = 60 * G_USEC_PER_SEC,
        .video_min = 2 * G_USEC_PER_SEC,
        .video_max = 10 * G_USEC_PER_SEC,
        .video_bytes = 100 * 1024 * 1024,
        .side_min = 720,
        .side_max = 1920,
      },
  .check = legacy_check,
  .create_body = legacy_create_body,
};
