/* What the sandbox offers beside the service: /sandbox/...
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"

G_BEGIN_DECLS

void sandbox_local_about (SandboxExchange *exchange);
void sandbox_local_face (SandboxExchange *exchange);
void sandbox_local_faces (SandboxExchange *exchange);
void sandbox_local_result (SandboxExchange *exchange);
void sandbox_local_session_video (SandboxExchange *exchange);
void sandbox_local_ledger (SandboxExchange *exchange);
void sandbox_local_tasks (SandboxExchange *exchange);
void sandbox_local_task (SandboxExchange *exchange);
void sandbox_local_speech (SandboxExchange *exchange);
void sandbox_local_voices (SandboxExchange *exchange);
void sandbox_local_shape (SandboxExchange *exchange);
void sandbox_local_set_shape (SandboxExchange *exchange);
void sandbox_local_audio (SandboxExchange *exchange);
void sandbox_local_clock (SandboxExchange *exchange);
void sandbox_local_set_clock (SandboxExchange *exchange);
void sandbox_local_faults (SandboxExchange *exchange);
void sandbox_local_add_fault (SandboxExchange *exchange);
void sandbox_local_clear_faults (SandboxExchange *exchange);

G_END_DECLS
