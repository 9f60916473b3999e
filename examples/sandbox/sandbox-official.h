/* How the service itself spells its answers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-dialect.h"

G_BEGIN_DECLS

JsonObject *sandbox_official_answer (JsonObject *data);
JsonObject *sandbox_official_list (JsonArray *list);
const char *sandbox_official_word (SandboxState state);

JsonObject *sandbox_official_session (const SandboxSessionView *session);
JsonObject *sandbox_official_created (const SandboxTaskView *task);
JsonObject *sandbox_official_task (const SandboxTaskView *task);
JsonObject *sandbox_official_audio (const SandboxAudioView *audio);

/* Their data alone, for those who wrap it in something else. */
JsonObject *sandbox_official_face (const SandboxFaceView *face);
JsonObject *sandbox_official_created_data (const SandboxTaskView *task,
    const char *word);
JsonObject *sandbox_official_task_data (const SandboxTaskView *task,
    const char *word);
JsonObject *sandbox_official_audio_data (const SandboxAudioView *audio,
    const char *word);
JsonObject *sandbox_official_result (const SandboxTaskView *task);

G_END_DECLS
