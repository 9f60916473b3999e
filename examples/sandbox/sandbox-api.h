/* The service's own calls: identify-face, advanced-lip-sync, query.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"

G_BEGIN_DECLS

void sandbox_api_identify (SandboxExchange *exchange);
void sandbox_api_create (SandboxExchange *exchange);
void sandbox_api_query (SandboxExchange *exchange);

G_END_DECLS
