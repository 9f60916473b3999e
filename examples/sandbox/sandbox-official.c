/* How the service itself is asked (a face and its sound are chosen), and how
 * it spells its answers.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-official.h"

#include <string.h>

#define MAX_VOLUME 2.0
#define MIN_CUT_MS 2000

/* As numbers; relays take them as text as well, and the official dialect is
 * strict: a client that relies on that is found out here. */
static gboolean
read_time (JsonObject * choice, const char *member, gboolean as_text,
    gint64 * time, GError ** error)
{
  const char *text = sandbox_read_text (choice, member);

  *time = sandbox_json_integer (choice, member, -1);
  if (text && as_text
      && !g_ascii_string_to_signed (text, 10, 0, G_MAXINT32, time, NULL))
    *time = -1;
  if (*time >= 0 && *time <= G_MAXINT32)
    return TRUE;
  return sandbox_refuse (error, "%s has to be a whole number of milliseconds",
      member);
}

static gboolean
read_times (JsonObject * choice, SandboxCreate * create, GError ** error)
{
  gboolean as_text = create->dialect == SANDBOX_RELAY;

  if (!read_time (choice, "sound_start_time", as_text, &create->start, error)
      || !read_time (choice, "sound_end_time", as_text, &create->end, error)
      || !read_time (choice, "sound_insert_time", as_text, &create->insert,
          error))
    return FALSE;
  if (create->end - create->start < MIN_CUT_MS)
    return sandbox_refuse (error, "the cut from sound_start_time to "
        "sound_end_time is %" G_GINT64_FORMAT " ms long; at least %d ms are "
        "needed", create->end - create->start, MIN_CUT_MS);
  return TRUE;
}

static gboolean
read_volume (JsonObject * choice, const char *member, double *volume,
    GError ** error)
{
  *volume = 1;
  if (!json_object_has_member (choice, member))
    return TRUE;
  if (sandbox_json_number (choice, member, volume) && *volume >= 0
      && *volume <= MAX_VOLUME)
    return TRUE;
  return sandbox_refuse (error, "%s has to be 0 to 2", member);
}

/* A URL or bare Base64, without what browsers put in front of it. */
static gboolean
read_sound (JsonObject * choice, SandboxCreate * create, GError ** error)
{
  const char *sound = sandbox_read_text (choice, "sound_file");

  create->audio_id = sandbox_read_text (choice, "audio_id");
  if ((sound == NULL) == (create->audio_id == NULL))
    return sandbox_refuse (error, "exactly one of audio_id and sound_file is "
        "needed");
  if (sound && strstr (sound, "://"))
    return sandbox_read_url (choice, "sound_file", &create->audio_url, error);
  create->audio_base64 = sound;
  return TRUE;
}

static gboolean
read_choice (JsonObject * choice, SandboxCreate * create, GError ** error)
{
  create->face_id = sandbox_read_text (choice, "face_id");
  if (create->face_id == NULL)
    return sandbox_refuse (error, "face_id is missing");
  return read_sound (choice, create, error)
      && read_times (choice, create, error)
      && read_volume (choice, "sound_volume", &create->volume, error)
      && read_volume (choice, "original_audio_volume",
      &create->original_volume, error);
}

static gboolean
read_face_choose (JsonObject * body, SandboxCreate * create, GError ** error)
{
  JsonNode *node = json_object_get_member (body, "face_choose");
  JsonArray *list = NULL;

  if (node && JSON_NODE_HOLDS_ARRAY (node))
    list = json_node_get_array (node);
  if (list == NULL)
    return sandbox_refuse (error, "face_choose is missing");
  if (json_array_get_length (list) != 1)
    return sandbox_refuse (error, "face_choose has %u entries; exactly one is "
        "allowed", json_array_get_length (list));
  node = json_array_get_element (list, 0);
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return sandbox_refuse (error, "face_choose has to hold an object");
  return read_choice (json_node_get_object (node), create, error);
}

/**
 * sandbox_official_read_create:
 * @body: of a POST of advanced-lip-sync
 * @create: (inout): what it asks for; its `dialect` is set
 * @error: what is wrong with it
 *
 * Returns: whether it says everything that it has to
 */
gboolean
sandbox_official_read_create (JsonObject * body, SandboxCreate * create,
    GError ** error)
{
  const char *callback;

  create->session_id = sandbox_read_text (body, "session_id");
  if (create->session_id == NULL)
    return sandbox_refuse (error, "session_id is missing");
  create->external_id = sandbox_read_text (body, "external_task_id");
  create->watermark =
      sandbox_json_true (sandbox_json_object (body, "watermark_info"),
      "enabled");
  return sandbox_read_url (body, "callback_url", &callback, error)
      && read_face_choose (body, create, error);
}

static JsonObject *
good_answer (void)
{
  JsonObject *object = json_object_new ();
  g_autofree char *id = sandbox_random_hex (16);

  json_object_set_int_member (object, "code", 0);
  json_object_set_string_member (object, "message", "SUCCEED");
  json_object_set_string_member (object, "request_id", id);
  return object;
}

/**
 * sandbox_official_answer:
 * @data: (transfer full): what it is about
 *
 * Returns: (transfer full): what wraps every answer of the service itself
 */
JsonObject *
sandbox_official_answer (JsonObject * data)
{
  JsonObject *object = good_answer ();

  json_object_set_object_member (object, "data", data);
  return object;
}

/**
 * sandbox_official_list:
 * @list: (transfer full): of tasks
 *
 * Returns: (transfer full): the answer of a list
 */
JsonObject *
sandbox_official_list (JsonArray * list)
{
  JsonObject *object = good_answer ();

  json_object_set_array_member (object, "data", list);
  return object;
}

const char *
sandbox_official_word (SandboxState state)
{
  static const char *const words[] =
      { "submitted", "processing", "succeed", "failed" };

  return words[state];
}

static void
set_seconds (JsonObject * object, const char *member, double seconds)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  json_object_set_string_member (object, member,
      g_ascii_formatd (text, sizeof text, "%.3f", seconds));
}

/* What it cost, as text. The sandbox has units only, and no money. */
static void
set_deduction (JsonObject * object, double units)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  JsonObject *balance = json_object_new ();

  json_object_set_string_member (object, "final_unit_deduction",
      g_ascii_formatd (text, sizeof text, "%.4g", units));
  json_object_set_string_member (balance, "quota", "0");
  json_object_set_string_member (balance, "list_price", "0");
  json_object_set_object_member (object, "final_balance_deduction", balance);
}

JsonObject *
sandbox_official_face (const SandboxFaceView * face)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "face_id", face->span.id);
  json_object_set_string_member (object, "face_image", face->picture);
  json_object_set_int_member (object, "start_time",
      face->span.start * 1000 + 0.5);
  json_object_set_int_member (object, "end_time", face->span.end * 1000 + 0.5);
  return object;
}

/**
 * sandbox_official_session:
 * @session: a session
 *
 * Returns: (transfer full): the answer of identify-face
 */
JsonObject *
sandbox_official_session (const SandboxSessionView * session)
{
  JsonObject *data = json_object_new ();
  JsonArray *faces = json_array_new ();

  for (guint i = 0; i < session->count; i++)
    json_array_add_object_element (faces,
        sandbox_official_face (&session->faces[i]));
  json_object_set_string_member (data, "session_id", session->session_id);
  set_deduction (data, SANDBOX_IDENTIFY_UNITS);
  json_object_set_array_member (data, "face_data", faces);
  return sandbox_official_answer (data);
}

static void
set_external_id (JsonObject * info, const SandboxTaskView * task)
{
  json_object_set_string_member (info, "external_task_id",
      task->external_id ? task->external_id : "");
}

JsonObject *
sandbox_official_created_data (const SandboxTaskView * task, const char *word)
{
  JsonObject *data = json_object_new ();
  JsonObject *info = json_object_new ();

  set_external_id (info, task);
  json_object_set_string_member (data, "task_id", task->id);
  json_object_set_object_member (data, "task_info", info);
  json_object_set_string_member (data, "task_status", word);
  json_object_set_int_member (data, "created_at", task->created / 1000);
  json_object_set_int_member (data, "updated_at", task->created / 1000);
  return data;
}

/**
 * sandbox_official_created:
 * @task: a new task
 *
 * Returns: (transfer full): the answer of advanced-lip-sync and lip-sync
 */
JsonObject *
sandbox_official_created (const SandboxTaskView * task)
{
  return sandbox_official_answer (sandbox_official_created_data (task,
          sandbox_official_word (SANDBOX_WAITING)));
}

/**
 * sandbox_official_result:
 * @task: a task
 *
 * Returns: (transfer full): `task_result`; empty until there is one
 */
JsonObject *
sandbox_official_result (const SandboxTaskView * task)
{
  JsonObject *result = json_object_new ();
  JsonArray *videos;
  JsonObject *video;

  if (task->state != SANDBOX_SUCCEEDED)
    return result;
  videos = json_array_new ();
  video = json_object_new ();
  json_object_set_string_member (video, "id", task->upstream_id);
  json_object_set_string_member (video, "url", task->url);
  if (task->watermark)
    json_object_set_string_member (video, "watermark_url", task->watermark_url);
  set_seconds (video, "duration", task->duration);
  json_array_add_object_element (videos, video);
  json_object_set_array_member (result, "videos", videos);
  return result;
}

static JsonObject *
task_info (const SandboxTaskView * task)
{
  JsonObject *info = json_object_new ();
  JsonObject *parent;

  if (task->parent_id) {
    parent = json_object_new ();
    json_object_set_string_member (parent, "id", task->parent_id);
    json_object_set_string_member (parent, "url", task->parent_url);
    set_seconds (parent, "duration", task->parent_duration);
    json_object_set_object_member (info, "parent_video", parent);
  }
  set_external_id (info, task);
  return info;
}

JsonObject *
sandbox_official_task_data (const SandboxTaskView * task, const char *word)
{
  JsonObject *data = json_object_new ();
  JsonObject *watermark = json_object_new ();
  gint64 updated = MAX (task->created, MAX (task->started, task->finished));

  json_object_set_string_member (data, "task_id", task->id);
  json_object_set_string_member (data, "task_status", word);
  json_object_set_string_member (data, "task_status_msg",
      task->reason ? task->reason : "");
  json_object_set_object_member (data, "task_info", task_info (task));
  json_object_set_object_member (data, "task_result",
      sandbox_official_result (task));
  json_object_set_boolean_member (watermark, "enabled", task->watermark);
  json_object_set_object_member (data, "watermark_info", watermark);
  set_deduction (data, task->units);
  json_object_set_int_member (data, "created_at", task->created / 1000);
  json_object_set_int_member (data, "updated_at", updated / 1000);
  return data;
}

/**
 * sandbox_official_task:
 * @task: a task
 *
 * Returns: (transfer full): the answer of a query
 */
JsonObject *
sandbox_official_task (const SandboxTaskView * task)
{
  return sandbox_official_answer (sandbox_official_task_data (task,
          sandbox_official_word (task->state)));
}

JsonObject *
sandbox_official_audio_data (const SandboxAudioView * audio, const char *word)
{
  JsonObject *data = json_object_new ();
  JsonObject *result = json_object_new ();
  JsonArray *list;
  JsonObject *sound;

  if (audio->state == SANDBOX_SUCCEEDED) {
    list = json_array_new ();
    sound = json_object_new ();
    json_object_set_string_member (sound, "id", audio->id);
    json_object_set_string_member (sound, "url", audio->url);
    set_seconds (sound, "duration", audio->duration);
    json_array_add_object_element (list, sound);
    json_object_set_array_member (result, "audios", list);
  }
  json_object_set_string_member (data, "task_id", audio->task_id);
  json_object_set_string_member (data, "task_status", word);
  json_object_set_string_member (data, "task_status_msg",
      audio->reason ? audio->reason : "");
  json_object_set_object_member (data, "task_result", result);
  return data;
}

/**
 * sandbox_official_audio:
 * @audio: a text that was spoken, or is going to be
 *
 * Returns: (transfer full): the answer of tts, at once or when asked again
 */
JsonObject *
sandbox_official_audio (const SandboxAudioView * audio)
{
  return sandbox_official_answer (sandbox_official_audio_data (audio,
          sandbox_official_word (audio->state)));
}
