/* One task: what was asked, how far it is, and the file that remembers it.
 *
 * The file is written whenever the state changes and renamed into place, so
 * that a SIGKILL leaves the old state or the new one.
 *
 * Main thread only, no lock; see the header for what a renderer may read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-task.h"

#include <math.h>
#include <string.h>

#define UNITS_PER_STEP 0.5
#define SECONDS_PER_STEP 5.0

static const char *const state_names[] =
    { "waiting", "running", "succeeded", "failed" };

/* The members that are plain strings, by name. */
static const struct
{
  const char *name;
  gsize offset;
} strings[] = {
  {"id", G_STRUCT_OFFSET (SandboxTask, id)},
  {"upstream_id", G_STRUCT_OFFSET (SandboxTask, upstream_id)},
  {"token", G_STRUCT_OFFSET (SandboxTask, token)},
  {"session_id", G_STRUCT_OFFSET (SandboxTask, session_id)},
  {"external_id", G_STRUCT_OFFSET (SandboxTask, external_id)},
  {"source", G_STRUCT_OFFSET (SandboxTask, source)},
  {"text", G_STRUCT_OFFSET (SandboxTask, text)},
  {"voice_id", G_STRUCT_OFFSET (SandboxTask, voice_id)},
  {"voice_language", G_STRUCT_OFFSET (SandboxTask, language)},
  {"audio", G_STRUCT_OFFSET (SandboxTask, audio)},
  {"fails_with", G_STRUCT_OFFSET (SandboxTask, fails_with)},
  {"reason", G_STRUCT_OFFSET (SandboxTask, reason)},
};

/**
 * sandbox_task_new:
 * @integer_id: an id of digits only
 *
 * Returns: (transfer full): a task with its ids and nothing else
 */
SandboxTask *
sandbox_task_new (gboolean integer_id)
{
  SandboxTask *task = g_new0 (SandboxTask, 1);
  g_autofree char *hex = sandbox_random_hex (16);

  task->id = integer_id ? sandbox_random_digits (18)
      : g_strconcat ("task_", hex, NULL);
  task->upstream_id = sandbox_random_digits (18);
  task->token = sandbox_random_hex (16);
  task->created = g_get_real_time ();
  task->speed = 1;
  return task;
}

void
sandbox_task_free (SandboxTask * task)
{
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (G_STRUCT_MEMBER (char *, task, strings[i].offset));

  g_free (task->request);
  g_free (task);
}

double
sandbox_task_units (const SandboxTask * task)
{
  if (task->state != SANDBOX_SUCCEEDED)
    return 0;
  return UNITS_PER_STEP * ceil (task->duration / SECONDS_PER_STEP - 1e-6);
}

static void
print_window (JsonObject * object, const SandboxWindow * window)
{
  JsonObject *member = json_object_new ();

  json_object_set_double_member (member, "start", window->start);
  json_object_set_double_member (member, "end", window->end);
  json_object_set_double_member (member, "insert", window->insert);
  json_object_set_double_member (member, "volume", window->volume);
  json_object_set_double_member (member, "original_volume",
      window->original_volume);
  json_object_set_object_member (object, "window", member);
}

/* What was asked beside the plain strings. */
static void
print_wishes (JsonObject * object, const SandboxTask * task)
{
  json_object_set_string_member (object, "dialect",
      sandbox_dialect_name (task->dialect));
  json_object_set_boolean_member (object, "behind_gateway",
      task->behind_gateway);
  json_object_set_boolean_member (object, "watermark", task->watermark);
  json_object_set_int_member (object, "sample", task->sample);
  json_object_set_int_member (object, "face", task->face);
  json_object_set_double_member (object, "speed", task->speed);
  if (task->has_window)
    print_window (object, &task->window);
}

/**
 * sandbox_task_print:
 * @task: a task
 *
 * Returns: (transfer full): all of it, as it is kept and as
 *   GET /sandbox/tasks shows it
 */
JsonObject *
sandbox_task_print (const SandboxTask * task)
{
  JsonObject *object = json_object_new ();
  g_autoptr (JsonNode) request = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (strings); i++) {
    const char *value = G_STRUCT_MEMBER (char *, task, strings[i].offset);

    if (value)
      json_object_set_string_member (object, strings[i].name, value);
  }
  if (task->request)
    request = sandbox_json_parse (task->request, strlen (task->request), NULL);
  if (request)
    json_object_set_member (object, "request", g_steal_pointer (&request));
  print_wishes (object, task);
  json_object_set_string_member (object, "state", state_names[task->state]);
  json_object_set_int_member (object, "created", task->created);
  json_object_set_int_member (object, "started", task->started);
  json_object_set_int_member (object, "finished", task->finished);
  json_object_set_double_member (object, "duration", task->duration);
  json_object_set_double_member (object, "units", sandbox_task_units (task));
  return object;
}

/**
 * sandbox_task_path:
 * @task: a task
 * @state: the state directory
 * @folder: a folder in it
 * @suffix: what follows the id
 *
 * Returns: (transfer full): where a file of this task is
 */
char *
sandbox_task_path (const SandboxTask * task, const char *state,
    const char *folder, const char *suffix)
{
  g_autofree char *name = g_strconcat (task->id, suffix, NULL);

  return g_build_filename (state, folder, name, NULL);
}

char *
sandbox_task_speech_path (const SandboxTask * task, const char *state)
{
  if (task->audio)
    return g_build_filename (state, task->audio, NULL);
  return sandbox_task_path (task, state, "speech", ".wav");
}

gboolean
sandbox_task_save (SandboxTask * task, const char *state, GError ** error)
{
  g_autofree char *path = sandbox_task_path (task, state, "tasks", ".json");
  g_autoptr (JsonObject) object = sandbox_task_print (task);
  g_autofree char *text = sandbox_json_print_object (object);

  return sandbox_write_file (path, text, error);
}

static SandboxState
state_from_name (const char *name)
{
  for (guint i = 0; name && i < G_N_ELEMENTS (state_names); i++)
    if (strcmp (state_names[i], name) == 0)
      return i;
  return SANDBOX_WAITING;
}

static void
load_window (SandboxTask * task, JsonObject * window)
{
  task->has_window = window != NULL;
  sandbox_json_number (window, "start", &task->window.start);
  sandbox_json_number (window, "end", &task->window.end);
  sandbox_json_number (window, "insert", &task->window.insert);
  sandbox_json_number (window, "volume", &task->window.volume);
  sandbox_json_number (window, "original_volume",
      &task->window.original_volume);
}

/* The tasks of older sandboxes are all of the gateway dialect. */
static void
load_wishes (SandboxTask * task, JsonObject * object)
{
  task->dialect =
      sandbox_dialect_from_name (sandbox_json_string (object, "dialect"));
  task->behind_gateway = !json_object_has_member (object, "behind_gateway")
      || sandbox_json_true (object, "behind_gateway");
  task->watermark = sandbox_json_true (object, "watermark");
  task->sample = CLAMP (sandbox_json_integer (object, "sample",
          SANDBOX_ONE_FACE), SANDBOX_NO_SAMPLE, SANDBOX_SAMPLES - 1);
  task->face = sandbox_json_integer (object, "face", 0);
  task->speed = 1;
  sandbox_json_number (object, "speed", &task->speed);
  load_window (task, sandbox_json_object (object, "window"));
}

/**
 * sandbox_task_load:
 * @path: a file that sandbox_task_save() wrote
 *
 * Returns: (transfer full) (nullable): the task; one that was running waits
 *   again
 */
SandboxTask *
sandbox_task_load (const char *path)
{
  g_autoptr (SandboxTask) task = g_new0 (SandboxTask, 1);
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;
  JsonNode *request;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return NULL;
  object = sandbox_json_parse_object (text, size, NULL);
  if (object == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    G_STRUCT_MEMBER (char *, task, strings[i].offset) =
        g_strdup (sandbox_json_string (object, strings[i].name));

  load_wishes (task, object);
  request = json_object_get_member (object, "request");
  task->request = request ? sandbox_json_print (request) : NULL;
  task->state = state_from_name (sandbox_json_string (object, "state"));
  task->created = sandbox_json_integer (object, "created", 0);
  task->started = sandbox_json_integer (object, "started", 0);
  task->finished = sandbox_json_integer (object, "finished", 0);
  sandbox_json_number (object, "duration", &task->duration);
  if (task->state == SANDBOX_RUNNING)
    task->state = SANDBOX_WAITING;
  return task->id && task->token ? g_steal_pointer (&task) : NULL;
}
