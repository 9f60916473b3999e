/* The tasks of one sandbox, and those that run.
 *
 * A task waits for a slot, is rendered on a worker's thread, and is done when
 * it is rendered and its latency is over; until then it keeps the slot. With
 * a clip there is nothing to render.
 *
 * Main thread only, no lock. Tasks are never removed, so a renderer may hold
 * on to the one it works for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib/gstdio.h>
#include <string.h>

#include "sandbox-render.h"
#include "sandbox-task.h"
#include "sandbox-worker.h"

#define MAX_TASKS 100000
#define MAX_RENDERERS 8

/* What a client sees of a task that was accepted: so much of its time. */
#define FRESH_PART 0.1

struct _SandboxTasks
{
  char *state;
  guint slots;
  double latency;               /* seconds */
  GBytes *clip;                 /* (nullable) */
  double clip_seconds;
  GHashTable *by_id;            /* owns them */
  GPtrArray *in_order;          /* of SandboxTask, by age */
  GQueue waiting;               /* of SandboxTask */
  guint running;
  guint open_max;               /* most that waited or ran at once */
  SandboxWorker *renderers;
  GCancellable *stop;
};

typedef struct
{
  SandboxTasks *tasks;
  SandboxTask *task;
  double duration;
  GError *error;
} Run;

static void sandbox_tasks_pump (SandboxTasks * tasks);

static void
save (SandboxTasks * tasks, SandboxTask * task)
{
  g_autoptr (GError) error = NULL;

  if (!sandbox_task_save (task, tasks->state, &error))
    g_warning ("cannot keep task %s: %s", task->id, error->message);
}

static void
run_free (Run * run)
{
  g_clear_error (&run->error);
  g_free (run);
}

static void
run_end (Run * run)
{
  SandboxTask *task = run->task;
  SandboxTasks *tasks = run->tasks;

  task->finished = g_get_real_time ();
  task->duration = run->duration;
  task->state = run->error ? SANDBOX_FAILED : SANDBOX_SUCCEEDED;
  task->reason = run->error ? g_strdup (run->error->message) : NULL;
  save (tasks, task);
  tasks->running--;
  run_free (run);
  sandbox_tasks_pump (tasks);
}

static gboolean
on_latency_over (gpointer data)
{
  run_end (data);
  return G_SOURCE_REMOVE;
}

/* Rendered, or nothing to render: the latency counts from the create. */
static void
run_rendered (gpointer data)
{
  Run *run = data;
  gint64 end = run->task->created + run->tasks->latency * G_USEC_PER_SEC;
  gint64 left = end - g_get_real_time ();

  if (left > 0)
    g_timeout_add (left / 1000 + 1, on_latency_over, run);
  else
    run_end (run);
}

/* On a renderer's thread. The result appears under its name when it is
 * whole. */
static void
run_render (gpointer data)
{
  Run *run = data;
  const SandboxTask *task = run->task;
  const char *state = run->tasks->state;
  g_autofree char *source =
      task->source ? g_build_filename (state, task->source, NULL) : NULL;
  g_autofree char *speech = sandbox_task_speech_path (task, state);
  g_autofree char *part = sandbox_task_path (task, state, "results", ".part");
  g_autofree char *result = sandbox_task_path (task, state, "results", ".mp4");
  SandboxRender render = {
    .source = source,
    .sample = task->sample,
    .face = task->face,
    .window = task->has_window ? &task->window : NULL,
    .text = task->text,
    .voice = sandbox_voice_find (task->voice_id),
    .language = task->language,
    .speed = task->speed,
    .speech = speech,
    .result = part,
    .permille = &run->task->permille,
    .stop = run->tasks->stop,
  };

  if (sandbox_render_run (&render, &run->duration, &run->error))
    g_rename (part, result);
  else
    g_unlink (part);
}

static void
start (SandboxTasks * tasks, SandboxTask * task)
{
  Run *run = g_new0 (Run, 1);

  run->tasks = tasks;
  run->task = task;
  tasks->running++;
  task->state = SANDBOX_RUNNING;
  task->started = g_get_real_time ();
  save (tasks, task);
  if (task->fails_with) {
    run->error = g_error_new_literal (SANDBOX_ERROR, SANDBOX_ERROR_VALUE,
        task->fails_with);
    run_rendered (run);
  } else if (tasks->clip) {
    run->duration = tasks->clip_seconds;
    task->permille = 1000;
    run_rendered (run);
  } else {
    sandbox_worker_run (tasks->renderers, run_render, run_rendered, run);
  }
}

static void
sandbox_tasks_pump (SandboxTasks * tasks)
{
  SandboxTask *task;

  while (tasks->running < tasks->slots
      && (task = g_queue_pop_head (&tasks->waiting)))
    start (tasks, task);
}

static void
note_open (SandboxTasks * tasks)
{
  guint open = tasks->running + g_queue_get_length (&tasks->waiting);

  tasks->open_max = MAX (tasks->open_max, open);
}

static void
remember (SandboxTasks * tasks, SandboxTask * task)
{
  g_hash_table_insert (tasks->by_id, task->id, task);
  g_ptr_array_add (tasks->in_order, task);
}

static int
compare_age (gconstpointer a, gconstpointer b)
{
  const SandboxTask *first = *(SandboxTask * const *) a;
  const SandboxTask *second = *(SandboxTask * const *) b;

  return (first->created > second->created)
      - (first->created < second->created);
}

static void
load_task (const char *path, gpointer data)
{
  SandboxTask *task = sandbox_task_load (path);

  if (task)
    remember (data, task);
}

static void
load (SandboxTasks * tasks)
{
  g_autofree char *folder = g_build_filename (tasks->state, "tasks", NULL);

  sandbox_load_folder (folder, load_task, tasks);
  g_ptr_array_sort (tasks->in_order, compare_age);
  for (guint i = 0; i < tasks->in_order->len; i++) {
    SandboxTask *task = tasks->in_order->pdata[i];

    if (task->state == SANDBOX_WAITING)
      g_queue_push_tail (&tasks->waiting, task);
  }
  note_open (tasks);
}

static gboolean
load_clip (SandboxTasks * tasks, const char *clip, GError ** error)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (clip, FALSE, error);
  SandboxVideoInfo info = {.duration = 5 };

  if (map == NULL)
    return FALSE;
  if (!sandbox_media_probe_video (clip, &info, NULL))
    g_message ("%s is no readable MP4; it is served all the same", clip);
  tasks->clip = g_mapped_file_get_bytes (map);
  tasks->clip_seconds = info.duration;
  return TRUE;
}

/**
 * sandbox_tasks_open:
 * @state: the state directory
 * @slots: how many tasks run at once
 * @latency: seconds from create to done, at least
 * @clip: (nullable): a file that is every task's result
 * @error: return location
 *
 * Returns: (transfer full): the tasks of earlier runs; none is started yet
 */
SandboxTasks *
sandbox_tasks_open (const char *state, guint slots, double latency,
    const char *clip, GError ** error)
{
  g_autoptr (SandboxTasks) tasks = g_new0 (SandboxTasks, 1);

  tasks->state = g_strdup (state);
  tasks->slots = slots;
  tasks->latency = latency;
  tasks->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      (GDestroyNotify) sandbox_task_free);
  tasks->in_order = g_ptr_array_new ();
  tasks->stop = g_cancellable_new ();
  tasks->renderers = sandbox_worker_new (MIN (slots, MAX_RENDERERS));
  if (clip && !load_clip (tasks, clip, error))
    return NULL;
  load (tasks);
  return g_steal_pointer (&tasks);
}

/* Ends what is being rendered; it starts anew with the next run. */
void
sandbox_tasks_free (SandboxTasks * tasks)
{
  g_cancellable_cancel (tasks->stop);
  sandbox_worker_free (tasks->renderers);
  g_queue_clear (&tasks->waiting);
  g_ptr_array_unref (tasks->in_order);
  g_hash_table_unref (tasks->by_id);
  g_clear_pointer (&tasks->clip, g_bytes_unref);
  g_clear_object (&tasks->stop);
  g_free (tasks->state);
  g_free (tasks);
}

void
sandbox_tasks_start (SandboxTasks * tasks)
{
  sandbox_tasks_pump (tasks);
}

/**
 * sandbox_tasks_add:
 * @tasks: the tasks
 * @task: (transfer full): a new one; freed on error
 * @error: return location
 *
 * From here on the task is paid for: it is on disk before this returns.
 *
 * Returns: whether it was taken
 */
gboolean
sandbox_tasks_add (SandboxTasks * tasks, SandboxTask * task, GError ** error)
{
  g_autoptr (SandboxTask) owned = task;

  if (tasks->in_order->len >= MAX_TASKS) {
    g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
        "the state directory holds %d tasks; start with a new one", MAX_TASKS);
    return FALSE;
  }
  if (!sandbox_task_save (task, tasks->state, error))
    return FALSE;
  remember (tasks, g_steal_pointer (&owned));
  g_queue_push_tail (&tasks->waiting, task);
  note_open (tasks);
  sandbox_tasks_pump (tasks);
  return TRUE;
}

SandboxTask *
sandbox_tasks_find (SandboxTasks * tasks, const char *id)
{
  return g_hash_table_lookup (tasks->by_id, id);
}

/**
 * sandbox_tasks_find_external:
 * @tasks: the tasks
 * @external_id: what a client calls one of its tasks
 *
 * Returns: (transfer none) (nullable): that task
 */
SandboxTask *
sandbox_tasks_find_external (SandboxTasks * tasks, const char *external_id)
{
  for (guint i = 0; i < tasks->in_order->len; i++) {
    SandboxTask *task = tasks->in_order->pdata[i];

    if (g_strcmp0 (task->external_id, external_id) == 0)
      return task;
  }
  return NULL;
}

/* By age, the oldest first. */
SandboxTask *
sandbox_tasks_get (SandboxTasks * tasks, guint index)
{
  return tasks->in_order->pdata[index];
}

guint
sandbox_tasks_count (SandboxTasks * tasks)
{
  return tasks->in_order->len;
}

/* Since the sandbox was started: the most tasks that had not ended at once. */
guint
sandbox_tasks_open_max (SandboxTasks * tasks)
{
  return tasks->open_max;
}

double
sandbox_tasks_units (SandboxTasks * tasks)
{
  double units = 0;

  for (guint i = 0; i < tasks->in_order->len; i++)
    units += sandbox_task_units (tasks->in_order->pdata[i]);
  return units;
}

JsonArray *
sandbox_tasks_list (SandboxTasks * tasks)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < tasks->in_order->len; i++)
    json_array_add_object_element (list,
        sandbox_task_print (tasks->in_order->pdata[i]));
  return list;
}

/* Between 30 and 99 while it runs: the slower of rendering and latency. */
static guint
percent_of (SandboxTasks * tasks, SandboxTask * task, double age)
{
  double part = g_atomic_int_get (&task->permille) / 1000.0;

  if (task->state == SANDBOX_SUCCEEDED || task->state == SANDBOX_FAILED)
    return 100;
  if (task->state == SANDBOX_WAITING)
    return 10;
  if (tasks->latency > 0)
    part = MIN (part, age / tasks->latency);
  return 30 + 69 * CLAMP (part, 0, 1);
}

/**
 * sandbox_tasks_view:
 * @tasks: the tasks
 * @task: one of them
 * @view: (out): what a client may see of it now, without URLs
 */
void
sandbox_tasks_view (SandboxTasks * tasks, SandboxTask * task,
    SandboxTaskView * view)
{
  double age = (g_get_real_time () - task->created) / 1e6;

  memset (view, 0, sizeof *view);
  view->id = task->id;
  view->upstream_id = task->upstream_id;
  view->dialect = task->dialect;
  view->state = task->state;
  view->fresh = age < tasks->latency * FRESH_PART;
  view->reason = task->reason;
  view->watermark = task->watermark;
  view->external_id = task->external_id;
  view->units = sandbox_task_units (task);
  view->duration = task->duration;
  view->created = task->created;
  view->started = task->started;
  view->finished = task->finished;
  view->percent = view->fresh
      && task->state != SANDBOX_FAILED ? 0 : percent_of (tasks, task, age);
}

/* A top-level box that players skip, with the id: another SHA-256 for each
 * task, at no cost. */
static GBytes *
free_box (const SandboxTask * task)
{
  g_autoptr (GByteArray) box = g_byte_array_new ();
  guint32 size = GUINT32_TO_BE (8 + strlen (task->id));

  g_byte_array_append (box, (guint8 *) & size, 4);
  g_byte_array_append (box, (guint8 *) "free", 4);
  g_byte_array_append (box, (guint8 *) task->id, strlen (task->id));
  return g_byte_array_free_to_bytes (g_steal_pointer (&box));
}

/**
 * sandbox_tasks_result:
 * @tasks: the tasks
 * @task: one of them
 * @parts: (out): the file, in one or two parts
 *
 * Returns: whether there is a result
 */
gboolean
sandbox_tasks_result (SandboxTasks * tasks, SandboxTask * task,
    GBytes * parts[2])
{
  g_autofree char *path = NULL;
  g_autoptr (GMappedFile) map = NULL;

  if (task->state != SANDBOX_SUCCEEDED)
    return FALSE;
  if (tasks->clip) {
    parts[0] = g_bytes_ref (tasks->clip);
    parts[1] = free_box (task);
    return TRUE;
  }
  path = sandbox_task_path (task, tasks->state, "results", ".mp4");
  map = g_mapped_file_new (path, FALSE, NULL);
  if (map == NULL)
    return FALSE;
  parts[0] = g_mapped_file_get_bytes (map);
  return TRUE;
}
