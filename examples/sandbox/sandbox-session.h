/* The videos that were looked at, by session id.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-sample.h"

G_BEGIN_DECLS

typedef struct {
  char *id;
  char *source;                 /* (nullable): below the state; a sample */
  SandboxSample sample;         /* without `source` */
  SandboxVideoInfo video;
  gint64 created;               /* unix microseconds */
} SandboxSession;

typedef struct _SandboxSessions SandboxSessions;

SandboxSessions *sandbox_sessions_open (const char *folder);
void sandbox_sessions_free (SandboxSessions *sessions);
SandboxSession *sandbox_sessions_add (SandboxSessions *sessions,
    const char *source, SandboxSample sample, const SandboxVideoInfo *video,
    GError **error);
SandboxSession *sandbox_sessions_find (SandboxSessions *sessions,
    const char *id);
gboolean sandbox_session_face (const SandboxSession *session, guint index,
    SandboxFaceSpan *face);
int sandbox_session_find_face (const SandboxSession *session, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxSessions, sandbox_sessions_free)

G_END_DECLS
