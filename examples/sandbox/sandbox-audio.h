/* The texts that were spoken, by audio id.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-dialect.h"

G_BEGIN_DECLS

typedef struct {
  char *id;
  char *task_id;                /* of the tts call */
  SandboxState state;
  char *reason;                 /* (nullable): why it failed */
  double duration;              /* seconds */
  gint64 created;               /* unix microseconds */
  gboolean hidden;              /* its end is not shown yet */
} SandboxAudio;

typedef struct _SandboxAudios SandboxAudios;

SandboxAudios *sandbox_audios_open (const char *folder);
void sandbox_audios_free (SandboxAudios *audios);
SandboxAudio *sandbox_audios_add (SandboxAudios *audios, GError **error);
void sandbox_audios_finish (SandboxAudios *audios, SandboxAudio *audio,
    double duration, const char *reason);
SandboxAudio *sandbox_audios_find (SandboxAudios *audios, const char *id);
SandboxAudio *sandbox_audios_find_task (SandboxAudios *audios,
    const char *task_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxAudios, sandbox_audios_free)

G_END_DECLS
