/* Whose credentials a request carries.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

#include "sandbox-auth.h"

G_BEGIN_DECLS

typedef enum {
  SANDBOX_CREDENTIAL_NONE = 0,
  SANDBOX_CREDENTIAL_SERVICE = 1 << 0,  /* the key of --api-key */
  SANDBOX_CREDENTIAL_UPLOAD = 1 << 1,   /* the value of --upload-auth */
  SANDBOX_CREDENTIAL_JWT = 1 << 2,      /* signed by --secret-key */
  SANDBOX_CREDENTIAL_OTHER = 1 << 3,
} SandboxCredentials;

SandboxCredentials sandbox_credentials_find (SoupMessageHeaders *headers,
    GHashTable *query, const SandboxKeys *keys, const char *upload_auth);
JsonArray *sandbox_credentials_print (SandboxCredentials credentials);

G_END_DECLS
