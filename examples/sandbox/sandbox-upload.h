/* A place to upload to: /sandbox/uploads/NAME and /sandbox/upload.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"

G_BEGIN_DECLS

void sandbox_upload_put (SandboxExchange *exchange);
void sandbox_upload_delete (SandboxExchange *exchange);
void sandbox_upload_get (SandboxExchange *exchange);
void sandbox_upload_list (SandboxExchange *exchange);
void sandbox_upload_post (SandboxExchange *exchange);

G_END_DECLS
