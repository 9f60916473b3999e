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

#include "kling-dialect-body.h"
#include "kling-json.h"

/* The members stand in the order of the documented examples. */
static GBytes *
gateway_create_body (const KlingRequest * request, const KlingSources * sources)
{
  g_autoptr (JsonBuilder) builder = kling_body_new ();

  json_builder_set_member_name (builder, "input");
  json_builder_begin_object (builder);
  kling_json_add (builder, "session_id", sources->session_id);
  if (kling_request_get_text (request))
    kling_body_add_voice (builder, request);
  else
    kling_json_add (builder, "audio_url", sources->audio_url);
  kling_json_add (builder, "face_image_url", request->face_image_url);
  json_builder_end_object (builder);
  return kling_body_finish (builder);
}

const KlingDialect kling_dialect_gateway = {
  .nick = "gateway",
  .label = "Starrise, AnyFast and gateways like them",
  .default_base_url = "https://ai.alad.com",
  .fields = KLING_FIELD_SESSION_ID | KLING_FIELD_FACE_IMAGE_URL,
  .identify_path = "/kling/v1/videos/identify-face",
  .create_path = "/kling/v1/videos/advanced-lip-sync",
  .query_paths = {
        /* the gateways' own pages disagree */
        "/kling/v1/videos/advanced-lip-sync/%s",
        "/kling/v1/videos/lip-sync/%s",
        "/kling/v1/videos/%s",
      },
  .limits = {
        .documented = FALSE,
        .text_max = 120,
        .audio_min = 2 * G_USEC_PER_SEC,
        .audio_max = 60 * G_USEC_PER_SEC,
        .video_min = 2 * G_USEC_PER_SEC,
        .video_max = 60 * G_USEC_PER_SEC,
        .video_bytes = 100 * 1024 * 1024,
        .side_min = 512,
        .side_max = 2160,
      },
  .identify_body = kling_body_identify,
  .create_body = gateway_create_body,
};
