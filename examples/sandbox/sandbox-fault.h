/* Orders to misbehave, and which request they are for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

/* When a connection is cut or left hanging: not at all, before the request
 * was looked at (nothing was paid), or after it was carried out. */
typedef enum {
  SANDBOX_WHEN_NEVER,
  SANDBOX_WHEN_BEFORE,
  SANDBOX_WHEN_AFTER,
} SandboxWhen;

/* What is done to one exchange. Read-only once it was parsed. */
typedef struct {
  guint status;                 /* 0: as it would have been */
  gint64 code;                  /* service code in the body, 0: none */
  char *body;                   /* literal, %NULL: as it would have been */
  gboolean body_is_json;
  gint64 fill;                  /* bytes of filler as body, -1: none */
  double delay;                 /* seconds */
  gint64 truncate;              /* body bytes sent, -1: all */
  gint64 length;                /* Content-Length told, -1: the true one */
  gint64 receive;               /* body bytes read of the request, -1: all */
  gint64 drip;                  /* bytes per second, 0: as fast as it goes */
  SandboxWhen reset;
  SandboxWhen hang;
  gboolean ignore_range;
  gboolean commit;              /* carried out although the answer is ours */
  char *fail;                   /* a created task fails with this reason */
  JsonObject *headers;          /* (nullable) */
} SandboxFaultAction;

typedef struct _SandboxFault SandboxFault;
typedef struct _SandboxFaults SandboxFaults;

typedef struct {
  const char *method;
  const char *path;
  const char *kind;
  const char *task;             /* (nullable) */
} SandboxFaultSubject;

SandboxFaults *sandbox_faults_new (void);
void sandbox_faults_free (SandboxFaults *faults);
gint64 sandbox_faults_add (SandboxFaults *faults, JsonObject *order,
    GError **error);
void sandbox_faults_clear (SandboxFaults *faults);
JsonArray *sandbox_faults_list (SandboxFaults *faults);
SandboxFault *sandbox_faults_take (SandboxFaults *faults,
    const SandboxFaultSubject *subject);

void sandbox_fault_unref (SandboxFault *fault);
const SandboxFaultAction *sandbox_fault_action (SandboxFault *fault);
gboolean sandbox_fault_has_own_answer (const SandboxFaultAction *action);
gboolean sandbox_fault_stops_processing (const SandboxFaultAction *action);

guint sandbox_code_status (gint64 code);
const char *sandbox_code_message (gint64 code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxFaults, sandbox_faults_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxFault, sandbox_fault_unref)

G_END_DECLS
