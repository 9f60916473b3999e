/* The book of calls: what came, how it was answered, what was paid.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-credential.h"
#include "sandbox-util.h"

G_BEGIN_DECLS

typedef struct _SandboxLedger SandboxLedger;

typedef struct {
  gint64 time;                  /* unix microseconds, when it came */
  const char *method;
  const char *path;             /* without query */
  const char *kind;             /* create identify tts query upload other */
  guint status;                 /* 0: the client got none */
  gboolean paid;                /* made a lip-sync task */
  gboolean charged;             /* made a session, or speech */
  gboolean authorization;       /* the header was there */
  SandboxCredentials credentials;       /* whose, wherever they stood */
  const char *task;             /* (nullable) */
} SandboxCall;

SandboxLedger *sandbox_ledger_open (const char *path, guint tasks,
    GError **error);
void sandbox_ledger_free (SandboxLedger *ledger);
void sandbox_ledger_add (SandboxLedger *ledger, const SandboxCall *call);
JsonObject *sandbox_ledger_print (SandboxLedger *ledger, double task_units);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxLedger, sandbox_ledger_free)

G_END_DECLS
