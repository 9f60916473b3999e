/* Whose credentials a request carries.
 *
 * A client that sends a key to a host that it does not belong to may do so
 * anywhere in a request, so all headers and the query are looked at. Only
 * whose it is is told; the key itself is written down nowhere.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-credential.h"

#include <string.h>

typedef struct
{
  const SandboxKeys *keys;
  const char *upload_auth;      /* (nullable) */
  SandboxCredentials found;
} Search;

/* With its scheme ("Bearer KEY") or without. */
static gboolean
is_same (const char *value, const char *credential)
{
  const char *blank, *bare;

  if (credential == NULL || value == NULL)
    return FALSE;
  blank = strchr (value, ' ');
  bare = strchr (credential, ' ');
  return strcmp (value, credential) == 0
      || (blank && strcmp (blank + 1, credential) == 0)
      || (bare && strcmp (value, bare + 1) == 0);
}

/* A token with its scheme or without. */
static gboolean
is_token (const char *value, const SandboxKeys * keys)
{
  const char *blank = value ? strchr (value, ' ') : NULL;

  return value && sandbox_auth_is_signed (keys, blank ? blank + 1 : value);
}

static SandboxCredentials
compare (Search * search, const char *value)
{
  SandboxCredentials same = SANDBOX_CREDENTIAL_NONE;

  if (is_same (value, search->keys->api_key))
    same |= SANDBOX_CREDENTIAL_SERVICE;
  if (is_token (value, search->keys))
    same |= SANDBOX_CREDENTIAL_JWT;
  if (is_same (value, search->upload_auth))
    same |= SANDBOX_CREDENTIAL_UPLOAD;
  search->found |= same;
  return same;
}

static void
look_at_header (const char *name, const char *value, gpointer data)
{
  static const char *const carriers[] =
      { "Authorization", "Proxy-Authorization", "Cookie", NULL };
  Search *search = data;

  if (compare (search, value) != SANDBOX_CREDENTIAL_NONE)
    return;
  for (guint i = 0; carriers[i]; i++)
    if (g_ascii_strcasecmp (carriers[i], name) == 0)
      search->found |= SANDBOX_CREDENTIAL_OTHER;
}

static void
look_at_parameter (gpointer name, gpointer value, gpointer data)
{
  compare (data, value);
}

/**
 * sandbox_credentials_find:
 * @headers: of a request
 * @query: (nullable): of a request
 * @keys: the service's
 * @upload_auth: (nullable): what uploading asks for
 *
 * Returns: whose credentials it carries, wherever they stand
 */
SandboxCredentials
sandbox_credentials_find (SoupMessageHeaders * headers, GHashTable * query,
    const SandboxKeys * keys, const char *upload_auth)
{
  Search search = { keys, upload_auth, SANDBOX_CREDENTIAL_NONE };

  soup_message_headers_foreach (headers, look_at_header, &search);
  if (query)
    g_hash_table_foreach (query, look_at_parameter, &search);
  return search.found;
}

JsonArray *
sandbox_credentials_print (SandboxCredentials credentials)
{
  JsonArray *list = json_array_new ();

  if (credentials & SANDBOX_CREDENTIAL_SERVICE)
    json_array_add_string_element (list, "service");
  if (credentials & SANDBOX_CREDENTIAL_JWT)
    json_array_add_string_element (list, "jwt");
  if (credentials & SANDBOX_CREDENTIAL_UPLOAD)
    json_array_add_string_element (list, "upload");
  if (credentials & SANDBOX_CREDENTIAL_OTHER)
    json_array_add_string_element (list, "other");
  return list;
}
