/* How the gateway dialect spells its answers.
 *
 * The documents of these gateways disagree with each other, so a client has
 * to read several spellings; each can be chosen here. The first of each list
 * is what the gateway's own pages show.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-gateway.h"

static const char *const depth_names[] = { "1", "2", "3", NULL };
static const char *const id_names[] = { "string", "integer", NULL };
static const char *const face_names[] = { "face_list", "face_data", NULL };
static const char *const create_names[] = { "flat", "nested", NULL };

static const char *const word_names[] =
    { "succeed", "succeeded", "success", "completed", NULL };
static const char *const error_names[] = { "flat", "wrapped", "nested", NULL };
static const char *const upload_names[] = { "flat", "nested", NULL };

enum
{ ERRORS_FLAT, ERRORS_WRAPPED, ERRORS_NESTED };

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

void
sandbox_shape_init (SandboxShape * shape)
{
  *shape = (SandboxShape) {
  .depth = 3};
}

static int
find_name (const char *const *names, const char *name)
{
  for (int i = 0; name && names[i]; i++)
    if (g_str_equal (names[i], name))
      return i;
  return -1;
}

static gboolean
read_choice (JsonObject * wish, const char *member, const char *const *names,
    int *value, GError ** error)
{
  g_autofree char *list = NULL;
  g_autofree char *number = NULL;
  int index;

  if (!json_object_has_member (wish, member))
    return TRUE;
  number = g_strdup_printf ("%" G_GINT64_FORMAT,
      sandbox_json_integer (wish, member, -1));
  index = find_name (names, sandbox_json_string (wish, member));
  if (index < 0)
    index = find_name (names, number);
  if (index >= 0) {
    *value = index;
    return TRUE;
  }
  list = g_strjoinv (", ", (char **) names);
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER,
      "%s is one of %s", member, list);
  return FALSE;
}

/**
 * sandbox_shape_set:
 * @shape: changed on success only
 * @wish: members as sandbox_shape_print() shows them, each optional
 * @error: return location
 *
 * Returns: whether every wish was understood
 */
gboolean
sandbox_shape_set (SandboxShape * shape, JsonObject * wish, GError ** error)
{
  int depth = shape->depth - 1, ids = shape->integer_ids;
  int faces = shape->face_data, create = shape->nested_create;
  int upload = shape->nested_upload;
  SandboxShape next = *shape;

  if (!read_choice (wish, "depth", depth_names, &depth, error)
      || !read_choice (wish, "ids", id_names, &ids, error)
      || !read_choice (wish, "faces", face_names, &faces, error)
      || !read_choice (wish, "create", create_names, &create, error)
      || !read_choice (wish, "words", word_names, &next.words, error)
      || !read_choice (wish, "errors", error_names, &next.errors, error)
      || !read_choice (wish, "upload", upload_names, &upload, error))
    return FALSE;
  next.depth = depth + 1;
  next.integer_ids = ids;
  next.face_data = faces;
  next.nested_create = create;
  next.nested_upload = upload;
  *shape = next;
  return TRUE;
}

JsonObject *
sandbox_shape_print (const SandboxShape * shape)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "depth", shape->depth);
  json_object_set_string_member (object, "ids", id_names[shape->integer_ids]);
  json_object_set_string_member (object, "faces", face_names[shape->face_data]);
  json_object_set_string_member (object, "create",
      create_names[shape->nested_create]);
  json_object_set_string_member (object, "words", word_names[shape->words]);
  json_object_set_string_member (object, "errors", error_names[shape->errors]);
  json_object_set_string_member (object, "upload",
      upload_names[shape->nested_upload]);
  return object;
}

/* What wraps every answer of the service itself. */
static JsonObject *
service_answer (JsonObject * data)
{
  JsonObject *object = json_object_new ();
  g_autofree char *id = sandbox_random_hex (16);

  json_object_set_int_member (object, "code", 0);
  json_object_set_string_member (object, "message", "SUCCEED");
  json_object_set_string_member (object, "request_id", id);
  json_object_set_object_member (object, "data", data);
  return object;
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

/* The one face lies around the mouth, in the lower third of the centre. */
static JsonObject *
face_rect (const SandboxSessionView * session)
{
  JsonObject *rect = json_object_new ();
  guint side = MIN (session->width, session->height) / 2;

  json_object_set_int_member (rect, "x", (session->width - side) / 2);
  json_object_set_int_member (rect, "y", session->height / 2 - side / 2);
  json_object_set_int_member (rect, "width", side);
  json_object_set_int_member (rect, "height", side);
  return rect;
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
  JsonObject *face = json_object_new ();
  JsonArray *faces = json_array_new ();

  if (shape->face_data) {
    json_object_set_string_member (face, "face_id", "0");
    json_object_set_string_member (face, "face_image", "");
    json_object_set_int_member (face, "start_time", 0);
    json_object_set_int_member (face, "end_time", session->duration * 1000);
  } else {
    json_object_set_string_member (face, "face_id", "face_001");
    json_object_set_object_member (face, "face_rect", face_rect (session));
  }
  json_array_add_object_element (faces, face);
  json_object_set_string_member (data, "session_id", session->session_id);
  json_object_set_array_member (data, face_names[shape->face_data], faces);
  return service_answer (data);
}

static JsonObject *
created_nested (const SandboxShape * shape, const SandboxTaskView * task)
{
  JsonObject *data = json_object_new ();

  set_id (shape, data, "task_id", task->id);
  json_object_set_string_member (data, "task_status",
      words[shape->words].inner[0]);
  json_object_set_int_member (data, "created_at", task->created / 1000);
  json_object_set_int_member (data, "updated_at", task->created / 1000);
  return service_answer (data);
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

  if (shape->nested_create)
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

static JsonObject *
task_result (const SandboxTaskView * task)
{
  JsonObject *result = json_object_new ();
  JsonArray *videos;
  JsonObject *video;
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];

  if (task->state != SANDBOX_SUCCEEDED)
    return result;
  videos = json_array_new ();
  video = json_object_new ();
  g_ascii_formatd (seconds, sizeof seconds, "%.3f", task->duration);
  json_object_set_string_member (video, "id", task->upstream_id);
  json_object_set_string_member (video, "url", task->url);
  json_object_set_string_member (video, "duration", seconds);
  json_array_add_object_element (videos, video);
  json_object_set_array_member (result, "videos", videos);
  return result;
}

/* The task as the service itself shows it; times in milliseconds. */
static JsonObject *
inner_task (const SandboxShape * shape, const SandboxTaskView * task,
    const char *id)
{
  JsonObject *data = json_object_new ();
  gint64 updated = MAX (task->created, MAX (task->started, task->finished));

  set_id (shape, data, "task_id", id);
  json_object_set_string_member (data, "task_status",
      words[shape->words].inner[word_index (task)]);
  json_object_set_string_member (data, "task_status_msg",
      task->reason ? task->reason : "");
  json_object_set_object_member (data, "task_info", json_object_new ());
  json_object_set_object_member (data, "task_result", task_result (task));
  json_object_set_int_member (data, "created_at", task->created / 1000);
  json_object_set_int_member (data, "updated_at", updated / 1000);
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
      "/kling/v1/videos/advanced-lip-sync_POST");
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
  JsonObject *root, *data;

  if (shape->depth == 1)
    return service_answer (inner_task (shape, task, task->id));

  root = json_object_new ();
  data = outer_task (shape, task);
  json_object_set_object_member (data, "data", shape->depth == 2 ?
      inner_task (shape, task, task->upstream_id) :
      service_answer (inner_task (shape, task, task->upstream_id)));
  json_object_set_string_member (root, "code", "success");
  json_object_set_string_member (root, "message", "");
  json_object_set_object_member (root, "data", data);
  return root;
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
    case ERRORS_WRAPPED:
      return refusal_wrapped (body);
    case ERRORS_NESTED:
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
