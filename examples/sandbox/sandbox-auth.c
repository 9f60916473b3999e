/* Who may call the service: an API key, or a token signed with a secret.
 *
 * The token is a JWT: header and payload, both JSON in base64url without
 * padding, and their HMAC-SHA256. Here it is really verified, because a
 * mistake in it is seen nowhere else than at the service.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-auth.h"

#include <string.h>

#define BEARER "Bearer "
#define MAX_TOKEN 4096

/* Of the service's table. */
enum
{
  CODE_GOOD = 0,
  CODE_FAILED = 1000,
  CODE_EMPTY = 1001,
  CODE_INVALID = 1002,
  CODE_TOO_EARLY = 1003,
  CODE_EXPIRED = 1004,
};

/* A token, taken apart. */
typedef struct
{
  char *signed_text;            /* header "." payload, as they came */
  JsonObject *header;
  JsonObject *payload;
  guint8 *signature;
  gsize signature_size;
} Token;

static void
token_clear (Token * token)
{
  g_clear_pointer (&token->signed_text, g_free);
  g_clear_pointer (&token->header, json_object_unref);
  g_clear_pointer (&token->payload, json_object_unref);
  g_clear_pointer (&token->signature, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Token, token_clear);

/* base64url without padding; GLib reads the other alphabet, padded. */
static guint8 *
decode (const char *text, gsize * size)
{
  g_autoptr (GString) base64 = g_string_new (text);

  if (*text == '\0' || strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
          "abcdefghijklmnopqrstuvwxyz0123456789-_") != base64->len
      || base64->len % 4 == 1)
    return NULL;
  g_string_replace (base64, "-", "+", 0);
  g_string_replace (base64, "_", "/", 0);
  while (base64->len % 4 != 0)
    g_string_append_c (base64, '=');
  return g_base64_decode (base64->str, size);
}

static JsonObject *
decode_object (const char *text)
{
  gsize size;
  g_autofree guint8 *json = decode (text, &size);

  return json ? sandbox_json_parse_object ((char *) json, size, NULL) : NULL;
}

/* Whether it has the form of a token; nothing is verified yet. */
static gboolean
token_read (Token * token, const char *text)
{
  g_auto (GStrv) parts = NULL;

  if (strlen (text) > MAX_TOKEN)
    return FALSE;
  parts = g_strsplit (text, ".", 4);
  if (g_strv_length (parts) != 3)
    return FALSE;
  token->signed_text = g_strconcat (parts[0], ".", parts[1], NULL);
  token->header = decode_object (parts[0]);
  token->payload = decode_object (parts[1]);
  token->signature = decode (parts[2], &token->signature_size);
  return token->header && token->payload && token->signature
      && g_strcmp0 (sandbox_json_string (token->header, "alg"), "HS256") == 0
      && g_strcmp0 (sandbox_json_string (token->header, "typ"), "JWT") == 0;
}

/* The secret's bytes are the key as they are. */
static gboolean
token_is_signed (const Token * token, const SandboxKeys * keys)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256,
      (const guchar *) keys->secret_key, strlen (keys->secret_key));
  guint8 digest[32];
  gsize size = sizeof digest;

  g_hmac_update (hmac, (const guchar *) token->signed_text, -1);
  g_hmac_get_digest (hmac, digest, &size);
  return token->signature_size == size
      && memcmp (token->signature, digest, size) == 0
      && g_strcmp0 (sandbox_json_string (token->payload, "iss"),
      keys->access_key) == 0;
}

static gint64
check_token (const SandboxKeys * keys, const char *text, gint64 now)
{
  g_auto (Token) token = { 0 };
  gint64 expires, not_before;

  if (!token_read (&token, text))
    return CODE_INVALID;
  if (!token_is_signed (&token, keys))
    return CODE_FAILED;
  expires = sandbox_json_integer (token.payload, "exp", -1);
  not_before = sandbox_json_integer (token.payload, "nbf", -1);
  if (expires < 0 || not_before < 0)
    return CODE_INVALID;
  if (not_before > now)
    return CODE_TOO_EARLY;
  return expires <= now ? CODE_EXPIRED : CODE_GOOD;
}

/**
 * sandbox_auth_is_key:
 * @keys: what is right
 * @header: (nullable): the Authorization header
 *
 * Returns: whether it holds the API key
 */
gboolean
sandbox_auth_is_key (const SandboxKeys * keys, const char *header)
{
  return header && g_str_has_prefix (header, BEARER)
      && strcmp (header + strlen (BEARER), keys->api_key) == 0;
}

/**
 * sandbox_auth_check:
 * @keys: what is right
 * @header: (nullable): the Authorization header
 * @now: the service's time, unix seconds
 *
 * Returns: 0 when it holds the API key or a valid token, or the code that the
 *   service refuses it with
 */
gint64
sandbox_auth_check (const SandboxKeys * keys, const char *header, gint64 now)
{
  if (header == NULL || *header == '\0')
    return CODE_EMPTY;
  if (sandbox_auth_is_key (keys, header))
    return CODE_GOOD;
  if (!g_str_has_prefix (header, BEARER))
    return CODE_INVALID;
  return check_token (keys, header + strlen (BEARER), now);
}

/**
 * sandbox_auth_is_signed:
 * @keys: what is right
 * @token: something
 *
 * Returns: whether it is a token of these keys, at whatever time
 */
gboolean
sandbox_auth_is_signed (const SandboxKeys * keys, const char *token)
{
  g_auto (Token) read = { 0 };

  return token_read (&read, token) && token_is_signed (&read, keys);
}
