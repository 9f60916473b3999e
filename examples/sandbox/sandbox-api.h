/* The service's own calls.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"
#include "sandbox-session.h"

G_BEGIN_DECLS

void sandbox_api_identify (SandboxExchange *exchange);
void sandbox_api_create (SandboxExchange *exchange);
void sandbox_api_create_legacy (SandboxExchange *exchange);
void sandbox_api_query (SandboxExchange *exchange);
void sandbox_api_list (SandboxExchange *exchange);
void sandbox_api_tts (SandboxExchange *exchange);
void sandbox_api_query_tts (SandboxExchange *exchange);

/* What they share. */
gboolean sandbox_api_admit (SandboxExchange *exchange);
JsonObject *sandbox_api_accept (SandboxExchange *exchange);
void sandbox_api_refuse (SandboxExchange *exchange, const GError *error);
void sandbox_api_answer_unknown (SandboxExchange *exchange);
char *sandbox_api_url (SandboxExchange *exchange, const char *format, ...)
G_GNUC_PRINTF (2, 3);
SandboxSession *sandbox_api_find_video (Sandbox *sandbox, const char *id,
    GError **error);

G_END_DECLS
