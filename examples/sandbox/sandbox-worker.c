/* Threads for what takes time, and the way back to the main loop.
 *
 * Everything that waits for a network, a decoder or a child process runs
 * here, in straight lines; its `done` runs on the main loop again. Between
 * the two the data belongs to exactly one thread, so it needs no lock.
 *
 * These are pools of our own and not GTask's, because GIO resolves names in
 * GTask's: blocked work there could starve the very look-up it waits for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-worker.h"

struct _SandboxWorker
{
  GThreadPool *pool;
};

typedef struct
{
  SandboxWorkFunc work;
  SandboxWorkFunc done;
  gpointer data;
  int handed;                   /* how often it changed threads; atomic */
} Job;

/* GLib's queues hand a job over safely, but by means that thread sanitizers do
 * not see; this they see. */
static void
hand_over (Job * job)
{
  g_atomic_int_inc (&job->handed);
}

static void
take_over (Job * job)
{
  g_atomic_int_get (&job->handed);
}

static gboolean
job_done (gpointer data)
{
  Job *job = data;

  take_over (job);
  job->done (job->data);
  g_free (job);
  return G_SOURCE_REMOVE;
}

static void
job_run (gpointer data, gpointer user_data)
{
  Job *job = data;

  take_over (job);
  job->work (job->data);
  hand_over (job);
  g_idle_add_full (G_PRIORITY_DEFAULT, job_done, job, NULL);
}

/**
 * sandbox_worker_new:
 * @threads: how many pieces of work may run side by side
 *
 * Returns: (transfer full): a worker; the rest of the work waits its turn
 */
SandboxWorker *
sandbox_worker_new (guint threads)
{
  SandboxWorker *worker = g_new0 (SandboxWorker, 1);

  worker->pool = g_thread_pool_new (job_run, worker, threads, FALSE, NULL);
  return worker;
}

/* Waits for the work that runs, which was told to stop, and drops the rest:
 * nothing may be freed under a thread that looks at it. What is unfinished
 * starts anew from its state directory. */
void
sandbox_worker_free (SandboxWorker * worker)
{
  g_thread_pool_free (worker->pool, TRUE, TRUE);
  g_free (worker);
}

/**
 * sandbox_worker_run:
 * @worker: a worker
 * @work: runs on one of its threads
 * @done: runs on the main loop afterwards, always
 * @data: for both; @done frees it
 */
void
sandbox_worker_run (SandboxWorker * worker, SandboxWorkFunc work,
    SandboxWorkFunc done, gpointer data)
{
  Job *job = g_new0 (Job, 1);

  job->work = work;
  job->done = done;
  job->data = data;
  hand_over (job);
  g_thread_pool_push (worker->pool, job, NULL);
}
