/* klinglipsync: the token that stands for an access key and a secret key
 *
 * One pure function, for any thread. The token is a JSON Web Token (RFC 7519),
 * signed with HMAC-SHA256 (RFC 7515); its claims, and that the secret key is
 * used as it is and not decoded, are those of
 * https://klingai.com/document-api/api/get-started/authentication.md
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-jwt.h"

#include <string.h>
#include "kling-json.h"
#include "kling-secret.h"

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define SHA256_SIZE 32

/* Seconds for which a token is good, and by which our clock may be ahead */
#define LIFE 1800
#define TOLERANCE 5

/* Returns: (transfer full): Base64 in the alphabet of URLs, without padding */
static gchar *
encode (const guint8 * data, gsize size)
{
  gchar *text = g_base64_encode (data, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static gchar *
encode_text (const gchar * text)
{
  return encode ((const guint8 *) text, strlen (text));
}

/* Returns: (transfer full): what the token says, as JSON. The copies that
 * json-glib makes of the access key are not wiped: without the secret key it
 * opens nothing. */
static gchar *
make_claims (const gchar * access_key, gint64 wall_seconds)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  kling_json_add (builder, "iss", access_key);
  json_builder_set_member_name (builder, "exp");
  json_builder_add_int_value (builder, wall_seconds + LIFE);
  json_builder_set_member_name (builder, "nbf");
  json_builder_add_int_value (builder, wall_seconds - TOLERANCE);
  json_builder_end_object (builder);
  return kling_json_print (builder);
}

/* Returns: (transfer full): header and claims, encoded */
static gchar *
make_body (const gchar * access_key, gint64 wall_seconds)
{
  g_autofree gchar *header = encode_text (HEADER);
  gchar *claims = make_claims (access_key, wall_seconds);
  gchar *encoded = encode_text (claims);
  gchar *body = g_strconcat (header, ".", encoded, NULL);

  kling_secret_wipe_string (encoded);
  kling_secret_wipe_string (claims);
  return body;
}

static gchar *
make_signature (const gchar * body, const gchar * secret_key)
{
  GHmac *state = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) secret_key,
      strlen (secret_key));
  guint8 digest[SHA256_SIZE];
  gsize size = sizeof digest;
  gchar *signature;

  g_hmac_update (state, (const guchar *) body, strlen (body));
  g_hmac_get_digest (state, digest, &size);
  g_hmac_unref (state);
  signature = encode (digest, size);
  explicit_bzero (digest, sizeof digest);
  return signature;
}

/**
 * kling_jwt_sign:
 * @access_key: UTF-8; stands in the token, for everybody to read
 * @secret_key: what it is signed with
 * @wall_seconds: now at the service, in seconds since 1970
 *
 * The token is good from five seconds before @wall_seconds to half an hour after
 * it, for everything that the account may do.
 *
 * Returns: (transfer full): the token, for kling_secret_wipe_string()
 */
gchar *
kling_jwt_sign (const gchar * access_key, const gchar * secret_key,
    gint64 wall_seconds)
{
  gchar *body = make_body (access_key, wall_seconds);
  gchar *signature = make_signature (body, secret_key);
  gchar *token = g_strconcat (body, ".", signature, NULL);

  kling_secret_wipe_string (signature);
  kling_secret_wipe_string (body);
  return token;
}
