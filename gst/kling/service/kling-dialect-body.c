/* klinglipsync: bodies that several dialects have in common
 *
 * Pure functions, for any thread. The members stand in the order of the
 * documented examples; a member that is optional and that the request does not
 * use is left out.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect-body.h"

#include <string.h>
#include "kling-json.h"

/**
 * kling_body_new:
 *
 * Returns: (transfer full): a builder inside the object that is the body
 */
JsonBuilder *
kling_body_new (void)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  return builder;
}

/**
 * kling_body_finish:
 * @builder: a builder of kling_body_new(), inside no other object
 *
 * Returns: (transfer full): the JSON of the body
 */
GBytes *
kling_body_finish (JsonBuilder * builder)
{
  gchar *text;

  json_builder_end_object (builder);
  text = kling_json_print (builder);
  return g_bytes_new_take (text, strlen (text));
}

/**
 * kling_body_add_video:
 * @builder: a builder inside an object
 * @request: what to make
 * @sources: where the source video is
 *
 * Adds the source video, which has a URL or an id, never both.
 */
void
kling_body_add_video (JsonBuilder * builder, const KlingRequest * request,
    const KlingSources * sources)
{
  if (sources->video_url)
    kling_json_add (builder, "video_url", sources->video_url);
  else
    kling_json_add (builder, "video_id", request->video_id);
}

/**
 * kling_body_add_voice:
 * @builder: a builder inside an object
 * @request: what to make; has a text
 *
 * Adds what is said and whose voice says it.
 */
void
kling_body_add_voice (JsonBuilder * builder, const KlingRequest * request)
{
  kling_json_add (builder, "text", kling_request_get_text (request));
  kling_json_add (builder, "voice_id", request->voice_id);
  kling_json_add (builder, "voice_language", request->voice_language);
}

/**
 * kling_body_add_speed:
 * @builder: a builder inside an object
 * @request: what to make; has a text
 *
 * Adds how fast it is said, as the examples have it: 1.0.
 */
void
kling_body_add_speed (JsonBuilder * builder, const KlingRequest * request)
{
  json_builder_set_member_name (builder, "voice_speed");
  json_builder_add_double_value (builder, request->voice_speed / 100.0);
}

/**
 * kling_body_encode:
 * @bytes: a file
 *
 * Returns: (transfer full): its Base64, bare: no document says that "data:" may
 *   stand before it
 */
gchar *
kling_body_encode (GBytes * bytes)
{
  gsize size;
  const guchar *data = g_bytes_get_data (bytes, &size);

  return g_base64_encode (data, size);
}

/* Volumes are whole numbers in the examples. */
static void
add_volume (JsonBuilder * builder, const gchar * name, guint hundredths)
{
  json_builder_set_member_name (builder, name);
  if (hundredths % 100 == 0)
    json_builder_add_int_value (builder, hundredths / 100);
  else
    json_builder_add_double_value (builder, hundredths / 100.0);
}

static void
add_milliseconds (JsonBuilder * builder, const gchar * name, gint64 time)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, time);
}

/**
 * kling_body_identify:
 * @request: what to make
 * @sources: where the source video is
 *
 * Returns: (transfer full): the body of identify-face
 */
GBytes *
kling_body_identify (const KlingRequest * request, const KlingSources * sources)
{
  g_autoptr (JsonBuilder) builder = kling_body_new ();

  kling_body_add_video (builder, request, sources);
  return kling_body_finish (builder);
}

/**
 * kling_body_speech:
 * @request: what to make; has a text
 *
 * Returns: (transfer full): the body of the call that makes speech
 */
GBytes *
kling_body_speech (const KlingRequest * request)
{
  g_autoptr (JsonBuilder) builder = kling_body_new ();

  kling_body_add_voice (builder, request);
  kling_body_add_speed (builder, request);
  return kling_body_finish (builder);
}

static void
add_sound (JsonBuilder * builder, const KlingSources * sources)
{
  g_autofree gchar *base64 = NULL;

  if (sources->audio_id) {
    kling_json_add (builder, "audio_id", sources->audio_id);
  } else if (sources->audio_url) {
    kling_json_add (builder, "sound_file", sources->audio_url);
  } else {
    base64 = kling_body_encode (sources->audio);
    kling_json_add (builder, "sound_file", base64);
  }
}

/* Takes the array of those who speak, which may have one element today. */
static void
add_face (JsonBuilder * builder, const KlingRequest * request,
    const KlingSources * sources)
{
  json_builder_set_member_name (builder, "face_choose");
  json_builder_begin_array (builder);
  json_builder_begin_object (builder);
  kling_json_add (builder, "face_id", sources->face_id);
  add_sound (builder, sources);
  add_milliseconds (builder, "sound_insert_time", sources->insert_time);
  add_milliseconds (builder, "sound_start_time", sources->audio_start);
  add_milliseconds (builder, "sound_end_time", sources->audio_end);
  add_volume (builder, "sound_volume", request->audio_volume);
  add_volume (builder, "original_audio_volume", request->original_audio_volume);
  json_builder_end_object (builder);
  json_builder_end_array (builder);
}

static void
add_watermark (JsonBuilder * builder)
{
  json_builder_set_member_name (builder, "watermark_info");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "enabled");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_end_object (builder);
}

/**
 * kling_body_face_choose:
 * @request: what to make
 * @sources: the session and its face, where the speech is, and when it is said
 *
 * Returns: (transfer full): the body of the call that buys a task in Kling's
 *   own, current API
 */
GBytes *
kling_body_face_choose (const KlingRequest * request,
    const KlingSources * sources)
{
  g_autoptr (JsonBuilder) builder = kling_body_new ();

  kling_json_add (builder, "session_id", sources->session_id);
  add_face (builder, request, sources);
  if (request->watermark)
    add_watermark (builder);
  kling_json_add (builder, "external_task_id", sources->external_id);
  kling_json_add (builder, "callback_url", request->callback_url);
  return kling_body_finish (builder);
}
