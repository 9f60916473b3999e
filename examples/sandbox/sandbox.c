/* Puts the parts together and owns the state directory.
 *
 * Main thread only.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "sandbox-exchange.h"
#include "sandbox-render.h"
#include "sandbox-server.h"

#define FETCHERS 8

static const char *const folders[] =
    { "tasks", "sessions", "sources", "results", "speech", "audios",
  "uploads", "incoming"
};

/**
 * sandbox_path:
 * @sandbox: a sandbox
 * @folder: a folder or a file of its state directory
 * @name: (nullable): a file in @folder
 *
 * Returns: (transfer full): the path
 */
char *
sandbox_path (Sandbox * sandbox, const char *folder, const char *name)
{
  return g_build_filename (sandbox->state, folder, name, NULL);
}

/**
 * sandbox_now:
 * @sandbox: a sandbox
 *
 * Returns: the time that the service believes it is, unix seconds
 */
gint64
sandbox_now (Sandbox * sandbox)
{
  return g_get_real_time () / G_USEC_PER_SEC + sandbox->clock_offset;
}

static gboolean
fail (GError ** error, const char *path)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
      "cannot use %s: %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean
make_state (Sandbox * sandbox, GError ** error)
{
  if (sandbox->options->state == NULL) {
    sandbox->state = g_dir_make_tmp ("kling-sandbox-XXXXXX", error);
    sandbox->state_is_temporary = sandbox->state != NULL;
    return sandbox->state != NULL;
  }
  sandbox->state = g_canonicalize_filename (sandbox->options->state, NULL);
  return g_mkdir_with_parents (sandbox->state, 0700) == 0
      || fail (error, sandbox->state);
}

/* The kernel lets go of the lock whatever way the process ends. */
static gboolean
lock_state (Sandbox * sandbox, GError ** error)
{
  g_autofree char *path = sandbox_path (sandbox, "lock", NULL);

  sandbox->lock = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (sandbox->lock < 0)
    return fail (error, path);
  if (flock (sandbox->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
      "%s is in use by another kling-sandbox", sandbox->state);
  return FALSE;
}

static gboolean
make_folders (Sandbox * sandbox, GError ** error)
{
  g_autofree char *incoming = sandbox_path (sandbox, "incoming", NULL);

  /* left behind by a run that was killed */
  sandbox_remove_tree (incoming);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *path = sandbox_path (sandbox, folders[i], NULL);

    if (g_mkdir_with_parents (path, 0700) != 0)
      return fail (error, path);
  }
  return TRUE;
}

static gboolean
open_books (Sandbox * sandbox, GError ** error)
{
  SandboxOptions *options = sandbox->options;
  g_autofree char *sessions = sandbox_path (sandbox, "sessions", NULL);
  g_autofree char *audios = sandbox_path (sandbox, "audios", NULL);
  g_autofree char *uploads = sandbox_path (sandbox, "uploads", NULL);
  g_autofree char *ledger = sandbox_path (sandbox, "ledger.jsonl", NULL);

  sandbox->sessions = sandbox_sessions_open (sessions);
  sandbox->files = sandbox_files_open (uploads);
  sandbox->audios = sandbox_audios_open (audios);
  sandbox->tasks = sandbox_tasks_open (sandbox->state, options->slots,
      options->latency, options->clip, error);
  if (sandbox->tasks == NULL)
    return FALSE;
  sandbox->ledger = sandbox_ledger_open (ledger,
      sandbox_tasks_count (sandbox->tasks), error);
  return sandbox->ledger != NULL;
}

/**
 * sandbox_new:
 * @options: (transfer none): outlives the sandbox
 * @error: one sentence for the person who started it
 *
 * Returns: (transfer full): a sandbox that does not listen yet
 */
Sandbox *
sandbox_new (SandboxOptions * options, GError ** error)
{
  g_autoptr (Sandbox) sandbox = g_new0 (Sandbox, 1);

  sandbox->options = options;
  sandbox->lock = -1;
  sandbox->stop = g_cancellable_new ();
  if (!sandbox_render_is_possible (error) || !make_state (sandbox, error)
      || !lock_state (sandbox, error) || !make_folders (sandbox, error)
      || !open_books (sandbox, error))
    return NULL;
  sandbox->faults = sandbox_faults_new ();
  sandbox->fetchers = sandbox_worker_new (FETCHERS);
  sandbox->painters = sandbox_worker_new (1);
  sandbox->server = sandbox_server_new (sandbox);
  return g_steal_pointer (&sandbox);
}

/* Workers first: they look at the rest. */
void
sandbox_free (Sandbox * sandbox)
{
  g_cancellable_cancel (sandbox->stop);
  if (sandbox->server)
    soup_server_disconnect (sandbox->server);
  g_clear_pointer (&sandbox->fetchers, sandbox_worker_free);
  g_clear_pointer (&sandbox->painters, sandbox_worker_free);
  g_clear_pointer (&sandbox->tasks, sandbox_tasks_free);
  g_clear_object (&sandbox->server);
  g_clear_pointer (&sandbox->sessions, sandbox_sessions_free);
  g_clear_pointer (&sandbox->audios, sandbox_audios_free);
  g_clear_pointer (&sandbox->files, sandbox_files_free);
  g_clear_pointer (&sandbox->ledger, sandbox_ledger_free);
  g_clear_pointer (&sandbox->faults, sandbox_faults_free);
  if (sandbox->state_is_temporary)
    sandbox_remove_tree (sandbox->state);
  if (sandbox->lock >= 0)
    close (sandbox->lock);
  g_clear_object (&sandbox->stop);
  g_free (sandbox->state);
  g_free (sandbox);
}

/**
 * sandbox_listen:
 * @sandbox: a sandbox
 * @error: return location
 *
 * Opens the door and goes on with the tasks of earlier runs.
 *
 * Returns: the port, or 0
 */
guint
sandbox_listen (Sandbox * sandbox, GError ** error)
{
  guint port = sandbox_server_listen (sandbox->server, sandbox->options->port,
      error);

  if (port != 0)
    sandbox_tasks_start (sandbox->tasks);
  return port;
}
