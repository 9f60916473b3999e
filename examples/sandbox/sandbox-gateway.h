/* How gateways spell their answers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-dialect.h"
#include "sandbox-shape.h"

G_BEGIN_DECLS

JsonObject *sandbox_gateway_session (const SandboxShape *shape,
    const SandboxSessionView *session);
JsonObject *sandbox_gateway_created (const SandboxShape *shape,
    const SandboxTaskView *task);
JsonObject *sandbox_gateway_task (const SandboxShape *shape,
    const SandboxTaskView *task);
JsonObject *sandbox_gateway_listed_task (const SandboxShape *shape,
    const SandboxTaskView *task);
JsonObject *sandbox_gateway_audio (const SandboxShape *shape,
    const SandboxAudioView *audio);
JsonObject *sandbox_gateway_refusal (const SandboxShape *shape,
    JsonObject *body);
JsonObject *sandbox_gateway_no_task (void);
JsonObject *sandbox_gateway_no_key (void);
JsonObject *sandbox_gateway_no_route (const char *method, const char *path);

G_END_DECLS
