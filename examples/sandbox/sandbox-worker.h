/* Threads for what takes time, and the way back to the main loop.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SandboxWorker SandboxWorker;

/* Runs on a thread of the worker. */
typedef void (*SandboxWorkFunc) (gpointer data);

SandboxWorker *sandbox_worker_new (guint threads);
void sandbox_worker_free (SandboxWorker *worker);
void sandbox_worker_run (SandboxWorker *worker, SandboxWorkFunc work,
    SandboxWorkFunc done, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxWorker, sandbox_worker_free)

G_END_DECLS
