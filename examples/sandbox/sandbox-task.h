/* Tasks: what was asked, how far it is, and the file that remembers it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-dialect.h"
#include "sandbox-render.h"

G_BEGIN_DECLS

/* Paths are relative to the state directory, so that it can be moved. The
 * first block does not change once the task was added; a thread that renders
 * may read it. The rest is the main thread's, except `permille`: atomic. */
typedef struct {
  char *id;
  char *upstream_id;
  char *token;                  /* a part of the result's URL */
  char *session_id;
  SandboxDialect dialect;
  gboolean behind_gateway;      /* made by a path below /kling */
  char *external_id;            /* (nullable): the client's own */
  gboolean watermark;           /* a second URL was asked for */
  char *source;                 /* (nullable): a sample */
  SandboxSample sample;         /* without `source` */
  int face;                     /* whose mouth moves, from 0 */
  gboolean has_window;
  SandboxWindow window;         /* with `has_window` */
  char *text;                   /* (nullable) */
  char *voice_id;               /* with `text` */
  char *language;               /* with `text` */
  double speed;                 /* with `text` */
  char *audio;                  /* (nullable): as it was received */
  char *request;                /* the body of the create, JSON */
  char *fails_with;             /* (nullable): ordered */
  gint64 created;               /* unix microseconds */

  SandboxState state;
  gint64 started;
  gint64 finished;
  char *reason;                 /* (nullable): why it failed */
  double duration;              /* of the result, seconds */

  int permille;
} SandboxTask;

SandboxTask *sandbox_task_new (gboolean integer_id);
void sandbox_task_free (SandboxTask *task);
gboolean sandbox_task_save (SandboxTask *task, const char *state,
    GError **error);
SandboxTask *sandbox_task_load (const char *path);
JsonObject *sandbox_task_print (const SandboxTask *task);
double sandbox_task_units (const SandboxTask *task);
char *sandbox_task_path (const SandboxTask *task, const char *state,
    const char *folder, const char *suffix);
char *sandbox_task_speech_path (const SandboxTask *task, const char *state);

/* The tasks of one sandbox, and those that run. */
typedef struct _SandboxTasks SandboxTasks;

SandboxTasks *sandbox_tasks_open (const char *state, guint slots,
    double latency, const char *clip, GError **error);
void sandbox_tasks_free (SandboxTasks *tasks);
void sandbox_tasks_start (SandboxTasks *tasks);
gboolean sandbox_tasks_add (SandboxTasks *tasks, SandboxTask *task,
    GError **error);
SandboxTask *sandbox_tasks_find (SandboxTasks *tasks, const char *id);
SandboxTask *sandbox_tasks_find_external (SandboxTasks *tasks,
    const char *external_id);
SandboxTask *sandbox_tasks_get (SandboxTasks *tasks, guint index);
guint sandbox_tasks_count (SandboxTasks *tasks);
guint sandbox_tasks_open_max (SandboxTasks *tasks);
double sandbox_tasks_units (SandboxTasks *tasks);
JsonArray *sandbox_tasks_list (SandboxTasks *tasks);
void sandbox_tasks_view (SandboxTasks *tasks, SandboxTask *task,
    SandboxTaskView *view);
gboolean sandbox_tasks_result (SandboxTasks *tasks, SandboxTask *task,
    GBytes *parts[2]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxTask, sandbox_task_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxTasks, sandbox_tasks_free)

G_END_DECLS
