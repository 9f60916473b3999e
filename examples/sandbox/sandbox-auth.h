/* Who may call the service: an API key, or a token signed with a secret.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

/* What an Authorization header may hold. */
typedef struct {
  const char *api_key;
  const char *access_key;
  const char *secret_key;
} SandboxKeys;

gboolean sandbox_auth_is_key (const SandboxKeys *keys, const char *header);
gint64 sandbox_auth_check (const SandboxKeys *keys, const char *header,
    gint64 now);
gboolean sandbox_auth_is_signed (const SandboxKeys *keys, const char *token);

G_END_DECLS
