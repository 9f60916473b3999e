/* How the legacy dialect asks: lip-sync with everything in `input`, the video
 * as well. Its answers are spelled as the official ones.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-dialect.h"

#include <string.h>

#define MAX_CHARACTERS 120

static gboolean
read_video (JsonObject * input, SandboxCreate * create, GError ** error)
{
  create->video_id = sandbox_read_text (input, "video_id");
  if (!sandbox_read_url (input, "video_url", &create->video_url, error))
    return FALSE;
  if ((create->video_url == NULL) == (create->video_id == NULL))
    return sandbox_refuse (error, "exactly one of video_url and video_id is "
        "needed");
  return TRUE;
}

static gboolean
read_audio (JsonObject * input, SandboxCreate * create, GError ** error)
{
  const char *type = sandbox_read_text (input, "audio_type");

  if (g_strcmp0 (type, "file") == 0) {
    create->audio_base64 = sandbox_read_text (input, "audio_file");
    return create->audio_base64
        || sandbox_refuse (error, "audio_file is missing");
  }
  if (g_strcmp0 (type, "url") != 0)
    return sandbox_refuse (error, "audio_type has to be file or url");
  if (!sandbox_read_url (input, "audio_url", &create->audio_url, error))
    return FALSE;
  return create->audio_url || sandbox_refuse (error, "audio_url is missing");
}

/**
 * sandbox_legacy_read_create:
 * @body: of a POST of lip-sync
 * @create: (out): what it asks for
 * @error: what is wrong with it
 *
 * Returns: whether it says everything that it has to
 */
gboolean
sandbox_legacy_read_create (JsonObject * body, SandboxCreate * create,
    GError ** error)
{
  JsonObject *input = sandbox_json_object (body, "input");
  const char *mode = sandbox_read_text (input, "mode");

  create->dialect = SANDBOX_LEGACY;
  if (input == NULL)
    return sandbox_refuse (error, "input is missing");
  if (!read_video (input, create, error))
    return FALSE;
  if (g_strcmp0 (mode, "text2video") == 0)
    return sandbox_read_saying (input, MAX_CHARACTERS, "zh", &create->saying,
        error) && sandbox_read_speed (input, &create->saying, error);
  if (g_strcmp0 (mode, "audio2video") == 0)
    return read_audio (input, create, error);
  return sandbox_refuse (error, "mode has to be text2video or audio2video");
}
