/* Answers that no well-behaved HTTP server would give.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"

G_BEGIN_DECLS

gboolean sandbox_wire_is_needed (const SandboxFaultAction *action);
void sandbox_wire_send (SandboxExchange *exchange, SandboxReply *reply);

G_END_DECLS
