/* How a gateway is asked in its own dialect, and how gateways spell their
 * answers, whichever dialect they pass on: as the shape says.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-gateway.h"

#include "sandbox-official.h"

/* Per set of words: fresh, waiting, running, succeeded, failed. */
static const struct
{
  const char *outer[5];
  const char *inner[5];
} words[] = {
  {{"SUBMITTED", "QUEUED", "PROCESSING", "SUCCESS", "FAILED"},
      {"submitted", "submitted", "processing", "succeed", "failed"}},
  {{"SUBMITTED", "QUEUED", "PROCESSING", "SUCCESS", "FAILED"},
      {"submitted", "submitted", "processing", "succeeded", "failed"}},
  {{"NOT_START", "QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"},
      {"not_start", "queued", "in_progress", "success", "failure"}},
  {{"queued", "queued", "in_progress", "completed", "failed"},
      {"queued", "queued", "in_progress", "completed", "failed"}},
};

/**
 * sandbox_gateway_read_create:
 * @body: of a POST of advanced-lip-sync
 * @create: (out): what it asks for
 * @error: what is wrong with it
 *
 * Returns: whether it says everything that it has to
 */
gboolean
sandbox_gateway_read_create (JsonObject * body, SandboxCreate * create,
    GError ** error)
{
  JsonObject *input = sandbox_json_object (body, "input");
  gboolean text = sandbox_read_text (input, "text") != NULL;
  gboolean audio = sandbox_read_text (input, "audio_url") != NULL;

  create->dialect = SANDBOX_GATEWAY;
  create->session_id = sandbox_read_text (input, "session_id");
  if (input == NULL)
    return sandbox_refuse (error, "input is missing");
  if (create->session_id == NULL)
    return sandbox_refuse (error, "session_id is missing");
  if (text == audio)
    return sandbox_refuse (error, "exactly one of text and audio_url is "
        "needed");
  if (text && !sandbox_read_saying (input, 0, NULL, &create->saying, error))
    return FALSE;
  return sandbox_read_url (input, "audio_url", &create->audio_url, error)
      && sandbox_read_url (input, "face_image_url", &create->image_url, error);
}

/* A bare integer only where the id is one: ids live longer than a shape. */
static void
set_id (const SandboxShape * shape, JsonObject * object, const char *member,
    const char *id)
{
  gint64 number;

  if (shape->integer_ids
      && g_ascii_string_to_signed (id, 10, 0, G_MAXINT64, &number, NULL))
    json_object_set_int_member (object, member, number);
  else
    json_object_set_string_member (object, member, id);
}

static int
word_index (const SandboxTaskView * task)
{
  switch (task->state) {
    case SANDBOX_RUNNING:
      return task->fresh ? 0 : 2;
    case SANDBOX_SUCCEEDED:
      return 3;
    case SANDBOX_FAILED:
      return 4;
    default:
      return task->fresh ? 0 : 1;
  }
}

static JsonObject *
listed_face (const SandboxFaceView * face)
{
  JsonObject *object = json_object_new ();
  JsonObject *rect = json_object_new ();
  g_autofree char *id = g_strdup_printf ("face_%03u", face->number);

  json_object_set_int_member (rect, "x", face->span.x);
  json_object_set_int_member (rect, "y", face->span.y);
  json_object_set_int_member (rect, "width", face->span.width);
  json_object_set_int_member (rect, "height", face->span.height);
  json_object_set_string_member (object, "face_id", id);
  json_object_set_object_member (object, "face_rect", rect);
  return object;
}

static void
time_to_text (JsonObject * face, const char *member)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT,
      json_object_get_int_member (face, member));

  json_object_set_string_member (face, member, text);
}

static JsonObject *
face_data (const SandboxShape * shape, const SandboxFaceView * face)
{
  JsonObject *object = sandbox_official_face (face);

  if (shape->text_times) {
    time_to_text (object, "start_time");
    time_to_text (object, "end_time");
  }
  return object;
}

/**
 * sandbox_gateway_session:
 * @shape: the spelling
 * @session: a session
 *
 * Returns: (transfer full): the answer of identify-face
 */
JsonObject *
sandbox_gateway_session (const SandboxShape * shape,
    const SandboxSessionView * session)
{
  JsonObject *data = json_object_new ();
  JsonArray *faces = json_array_new ();

  for (guint i = 0; i < session->count; i++)
    json_array_add_object_element (faces, shape->face_data ?
        face_data (shape, &session->faces[i]) :
        listed_face (&session->faces[i]));

  json_object_set_string_member (data, "session_id", session->session_id);
  json_object_set_array_member (data,
      shape->face_data ? "face_data" : "face_list", faces);
  return sandbox_official_answer (data);
}

/* The dialect that is passed on decides, unless a shape was chosen. */
static gboolean
create_is_nested (const SandboxShape * shape, const SandboxTaskView * task)
{
  if (shape->create == SANDBOX_CREATE_OWN)
    return task->dialect != SANDBOX_GATEWAY;
  return shape->create == SANDBOX_CREATE_NESTED;
}

static JsonObject *
created_nested (const SandboxShape * shape, const SandboxTaskView * task)
{
  JsonObject *data = sandbox_official_created_data (task,
      words[shape->words].inner[0]);

  set_id (shape, data, "task_id", task->id);
  return sandbox_official_answer (data);
}

/**
 * sandbox_gateway_created:
 * @shape: the spelling
 * @task: a new task
 *
 * Returns: (transfer full): the answer of advanced-lip-sync
 */
JsonObject *
sandbox_gateway_created (const SandboxShape * shape,
    const SandboxTaskView * task)
{
  JsonObject *object;

  if (create_is_nested (shape, task))
    return created_nested (shape, task);

  object = json_object_new ();
  set_id (shape, object, "id", task->id);
  set_id (shape, object, "task_id", task->id);
  json_object_set_string_member (object, "object", "video");
  json_object_set_string_member (object, "model", "kling-lip-sync");
  json_object_set_string_member (object, "status", "");
  json_object_set_int_member (object, "progress", 0);
  json_object_set_int_member (object, "created_at",
      task->created / G_USEC_PER_SEC);
  return object;
}

/* The task as the service itself shows it; times in milliseconds. Gateways of
 * their own dialect tell nothing of what was asked. */
static JsonObject *
inner_task (const SandboxShape * shape, const SandboxTaskView * task,
    const char *id)
{
  JsonObject *data = sandbox_official_task_data (task,
      words[shape->words].inner[word_index (task)]);

  set_id (shape, data, "task_id", id);
  if (task->dialect == SANDBOX_GATEWAY)
    json_object_set_object_member (data, "task_info", json_object_new ());
  return data;
}

/* The gateway's own record around it; times in seconds. */
static JsonObject *
outer_task (const SandboxShape * shape, const SandboxTaskView * task)
{
  JsonObject *data = json_object_new ();
  g_autofree char *progress = g_strdup_printf ("%u%%", task->percent);

  set_id (shape, data, "task_id", task->id);
  json_object_set_string_member (data, "action",
      task->dialect == SANDBOX_LEGACY ? "/kling/v1/videos/lip-sync_POST"
      : "/kling/v1/videos/advanced-lip-sync_POST");
  json_object_set_string_member (data, "status",
      words[shape->words].outer[word_index (task)]);
  json_object_set_string_member (data, "fail_reason",
      task->reason ? task->reason : "");
  json_object_set_int_member (data, "submit_time",
      task->created / G_USEC_PER_SEC);
  json_object_set_int_member (data, "start_time",
      task->started / G_USEC_PER_SEC);
  json_object_set_int_member (data, "finish_time",
      task->finished / G_USEC_PER_SEC);
  json_object_set_string_member (data, "progress", progress);
  return data;
}

/* Gateways of their own dialect document 3, relays 2 and 1, legacy ones 1. */
static int
depth_of (const SandboxShape * shape, SandboxDialect dialect)
{
  if (shape->depth != SANDBOX_DEPTH_OWN)
    return shape->depth;
  if (dialect == SANDBOX_GATEWAY)
    return 3;
  return dialect == SANDBOX_RELAY ? 2 : 1;
}

/**
 * sandbox_gateway_task:
 * @shape: the spelling
 * @task: a task
 *
 * Returns: (transfer full): the answer of a query
 */
JsonObject *
sandbox_gateway_task (const SandboxShape * shape, const SandboxTaskView * task)
{
  int depth = depth_of (shape, task->dialect);
  JsonObject *root, *data;

  if (depth == 1)
    return sandbox_official_answer (inner_task (shape, task, task->id));

  root = json_object_new ();
  data = outer_task (shape, task);
  json_object_set_object_member (data, "data", depth == 2 ?
      inner_task (shape, task, task->upstream_id) :
      sandbox_official_answer (inner_task (shape, task, task->upstream_id)));
  json_object_set_string_member (root, "code", "success");
  json_object_set_string_member (root, "message", "");
  json_object_set_object_member (root, "data", data);
  return root;
}

/**
 * sandbox_gateway_listed_task:
 * @shape: the spelling
 * @task: a task
 *
 * Returns: (transfer full): an entry of the list of tasks
 */
JsonObject *
sandbox_gateway_listed_task (const SandboxShape * shape,
    const SandboxTaskView * task)
{
  return inner_task (shape, task, task->id);
}

/**
 * sandbox_gateway_audio:
 * @shape: the spelling
 * @audio: a text that was spoken, or is going to be
 *
 * Returns: (transfer full): the answer of tts, at once or when asked again
 */
JsonObject *
sandbox_gateway_audio (const SandboxShape * shape,
    const SandboxAudioView * audio)
{
  static const int indices[] = { 0, 2, 3, 4 };

  return sandbox_official_answer (sandbox_official_audio_data (audio,
          words[shape->words].inner[indices[audio->state]]));
}

/* As gateways pass on what the service refused: the answer as text. */
static JsonObject *
refusal_wrapped (JsonObject * body)
{
  JsonObject *root = json_object_new ();
  g_autofree char *text = sandbox_json_print_object (body);

  json_object_set_string_member (root, "code", "fail_to_fetch_task");
  json_object_set_string_member (root, "message", text);
  json_object_set_null_member (root, "data");
  json_object_unref (body);
  return root;
}

static JsonObject *
refusal_nested (JsonObject * body)
{
  JsonObject *root = json_object_new ();
  JsonObject *data = json_object_new ();
  const char *message = sandbox_json_string (body, "message");

  json_object_set_string_member (root, "message", message);
  json_object_set_string_member (data, "message", message);
  json_object_set_object_member (data, "data", body);
  json_object_set_object_member (root, "data", data);
  return root;
}

/**
 * sandbox_gateway_refusal:
 * @shape: the spelling
 * @body: (transfer full): code, message and request_id
 *
 * Returns: (transfer full): the body of a refusal
 */
JsonObject *
sandbox_gateway_refusal (const SandboxShape * shape, JsonObject * body)
{
  switch (shape->errors) {
    case SANDBOX_ERRORS_WRAPPED:
      return refusal_wrapped (body);
    case SANDBOX_ERRORS_NESTED:
      return refusal_nested (body);
    default:
      return body;
  }
}

JsonObject *
sandbox_gateway_no_task (void)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "code", "task_not_exist");
  json_object_set_string_member (object, "message", "task_not_exist");
  json_object_set_null_member (object, "data");
  return object;
}

static JsonObject *
error_object (const char *message, const char *type, const char *code)
{
  JsonObject *root = json_object_new ();
  JsonObject *error = json_object_new ();

  json_object_set_string_member (error, "message", message);
  json_object_set_string_member (error, "type", type);
  json_object_set_string_member (error, "code", code);
  json_object_set_object_member (root, "error", error);
  return root;
}

JsonObject *
sandbox_gateway_no_key (void)
{
  return error_object ("Invalid API key provided.", "authentication_error",
      "invalid_api_key");
}

JsonObject *
sandbox_gateway_no_route (const char *method, const char *path)
{
  g_autofree char *message =
      g_strdup_printf ("Invalid URL (%s %s)", method, path);
  JsonObject *root = error_object (message, "invalid_request_error", "");

  json_object_set_string_member (sandbox_json_object (root, "error"), "param",
      "");
  return root;
}
