/* The whole of one sandbox: its options, its state and its parts.
 *
 * Everything here belongs to the main thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

#include "sandbox-audio.h"
#include "sandbox-auth.h"
#include "sandbox-fault.h"
#include "sandbox-files.h"
#include "sandbox-ledger.h"
#include "sandbox-session.h"
#include "sandbox-shape.h"
#include "sandbox-task.h"
#include "sandbox-worker.h"

G_BEGIN_DECLS

#define SANDBOX_DEFAULT_PORT 8765
#define SANDBOX_MAX_REQUEST (16 * 1024 * 1024)

typedef struct {
  int port;                     /* 0: any free one */
  char *port_file;              /* (nullable) */
  char *state;                  /* (nullable): a temporary one */
  double latency;               /* seconds from create to done, at least */
  int slots;                    /* tasks that run at once */
  SandboxKeys keys;
  char *upload_auth;            /* (nullable): the Authorization of uploads */
  char *clip;                   /* (nullable): served for every task */
} SandboxOptions;

typedef struct _Sandbox Sandbox;
struct _Sandbox {
  SandboxOptions *options;
  char *state;
  gboolean state_is_temporary;
  int lock;                     /* descriptor that holds the state's lock */
  SoupServer *server;
  SandboxShape shape;
  gint64 clock_offset;          /* seconds that the service's clock is ahead */
  SandboxLedger *ledger;
  SandboxFaults *faults;
  SandboxSessions *sessions;
  SandboxFiles *files;          /* that were uploaded */
  SandboxTasks *tasks;
  SandboxAudios *audios;        /* texts that were spoken */
  SandboxWorker *fetchers;      /* fetch and look at media */
  SandboxWorker *painters;      /* one: makes the samples, speaks on demand */
  GCancellable *stop;           /* ends what the workers do */
};

Sandbox *sandbox_new (SandboxOptions *options, GError **error);
void sandbox_free (Sandbox *sandbox);
guint sandbox_listen (Sandbox *sandbox, GError **error);
gint64 sandbox_now (Sandbox *sandbox);
char *sandbox_path (Sandbox *sandbox, const char *folder, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sandbox, sandbox_free)

G_END_DECLS
