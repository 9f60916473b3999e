/* klinglipsync: AWS Signature Version 4
 *
 * Pure functions, for any thread. A signature is an HMAC over a text that says
 * what is asked: method, path, query, some headers and the sum of the body,
 * each written in the one canonical way. The key of that HMAC is made of the
 * secret key, the day, the region and the service, so that it is good for no
 * other.
 *
 * Source: "Authenticating Requests (AWS Signature Version 4)" in the API
 * reference of Amazon S3.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-sigv4.h"

#include <string.h>
#include "kling-secret.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SHA256_SIZE 32
#define DAY_LENGTH 8

/**
 * kling_sigv4_escape:
 * @text: UTF-8
 * @is_path: whether its slashes separate, and stay
 *
 * Returns: (transfer full): @text, percent-encoded as the signature wants it
 */
gchar *
kling_sigv4_escape (const gchar * text, gboolean is_path)
{
  GString *out = g_string_new (NULL);

  for (; *text != '\0'; text++) {
    if (g_ascii_isalnum (*text) || strchr ("-._~", *text)
        || (is_path && *text == '/'))
      g_string_append_c (out, *text);
    else
      g_string_append_printf (out, "%%%02X", (guint) (guchar) * text);
  }
  return g_string_free (out, FALSE);
}

/**
 * kling_sigv4_date:
 * @wall_seconds: seconds since 1970
 *
 * Returns: (transfer full): the value of the header x-amz-date
 */
gchar *
kling_sigv4_date (gint64 wall_seconds)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (wall_seconds);

  return g_date_time_format (date, "%Y%m%dT%H%M%SZ");
}

static void
hmac (const guint8 * key, gsize key_size, const gchar * text, guint8 * digest)
{
  GHmac *state = g_hmac_new (G_CHECKSUM_SHA256, key, key_size);
  gsize size = SHA256_SIZE;

  g_hmac_update (state, (const guchar *) text, strlen (text));
  g_hmac_get_digest (state, digest, &size);
  g_hmac_unref (state);
}

/* Returns: (transfer full): day/region/service, what a signature is good for */
static gchar *
make_scope (const KlingSigv4 * sigv4)
{
  g_autofree gchar *date = kling_sigv4_date (sigv4->wall_seconds);

  return g_strdup_printf ("%.*s/%s/%s/aws4_request", DAY_LENGTH, date,
      sigv4->region, sigv4->service);
}

static void
make_key (const KlingSigv4 * sigv4, guint8 * key)
{
  g_autofree gchar *date = kling_sigv4_date (sigv4->wall_seconds);
  gchar *start = g_strconcat ("AWS4", sigv4->secret_key, NULL);

  date[DAY_LENGTH] = '\0';
  hmac ((const guint8 *) start, strlen (start), date, key);
  hmac (key, SHA256_SIZE, sigv4->region, key);
  hmac (key, SHA256_SIZE, sigv4->service, key);
  hmac (key, SHA256_SIZE, "aws4_request", key);
  kling_secret_wipe_string (start);
}

/* Returns: (transfer full): the signature of a canonical request */
static gchar *
sign_canonical (const KlingSigv4 * sigv4, const gchar * canonical)
{
  g_autofree gchar *date = kling_sigv4_date (sigv4->wall_seconds);
  g_autofree gchar *scope = make_scope (sigv4);
  g_autofree gchar *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      canonical, -1);
  g_autofree gchar *text = g_strdup_printf (ALGORITHM "\n%s\n%s\n%s", date,
      scope, sum);
  guint8 key[SHA256_SIZE];
  gchar *signature;

  make_key (sigv4, key);
  signature = g_compute_hmac_for_string (G_CHECKSUM_SHA256, key, sizeof key,
      text, -1);
  explicit_bzero (key, sizeof key);
  return signature;
}

static gint
compare_headers (gconstpointer a, gconstpointer b)
{
  const gchar *const *left = *(const gchar * const *const *) a;
  const gchar *const *right = *(const gchar * const *const *) b;

  return g_ascii_strcasecmp (left[0], right[0]);
}

/* Writes the headers in their canonical way, and the list of their names */
static void
write_headers (const gchar * const *headers, GString * lines, GString * names)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();

  for (; headers[0] != NULL; headers += 2)
    g_ptr_array_add (sorted, (gpointer) headers);
  g_ptr_array_sort (sorted, compare_headers);

  for (guint i = 0; i < sorted->len; i++) {
    const gchar *const *header = sorted->pdata[i];
    g_autofree gchar *name = g_ascii_strdown (header[0], -1);

    g_string_append_printf (lines, "%s:%s\n", name, header[1]);
    g_string_append_printf (names, "%s%s", i ? ";" : "", name);
  }
}

/**
 * kling_sigv4_sign:
 * @sigv4: who signs, and when
 * @method: method of the request
 * @path: its path, as it is sent
 * @headers: the headers that are signed, name and value in turn; host,
 *   x-amz-date and x-amz-content-sha256 have to be among them
 * @payload_sha256: SHA-256 of the body, 64 hex digits
 *
 * For a request without a query.
 *
 * Returns: (transfer full): the value of its header Authorization
 */
gchar *
kling_sigv4_sign (const KlingSigv4 * sigv4, const gchar * method,
    const gchar * path, const gchar * const *headers,
    const gchar * payload_sha256)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree gchar *scope = make_scope (sigv4);
  g_autofree gchar *signature = NULL;
  gchar *canonical;

  write_headers (headers, lines, names);
  canonical = g_strdup_printf ("%s\n%s\n\n%s\n%s\n%s", method, path,
      lines->str, names->str, payload_sha256);
  signature = sign_canonical (sigv4, canonical);
  /* a session token may be among the headers */
  kling_secret_wipe_string (canonical);
  explicit_bzero (lines->str, lines->len);
  return g_strdup_printf (ALGORITHM
      " Credential=%s/%s,SignedHeaders=%s,Signature=%s", sigv4->access_key,
      scope, names->str, signature);
}

/* Returns: (transfer full): the query of a presigned URL, without its
 * signature; its parameters are in the order of their names */
static gchar *
make_query (const KlingSigv4 * sigv4, guint expires)
{
  g_autofree gchar *date = kling_sigv4_date (sigv4->wall_seconds);
  g_autofree gchar *scope = make_scope (sigv4);
  g_autofree gchar *whom = g_strconcat (sigv4->access_key, "/", scope, NULL);
  g_autofree gchar *credential = kling_sigv4_escape (whom, FALSE);
  g_autofree gchar *token = sigv4->session_token ?
      kling_sigv4_escape (sigv4->session_token, FALSE) : NULL;

  return g_strdup_printf ("X-Amz-Algorithm=" ALGORITHM
      "&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires=%u%s%s"
      "&X-Amz-SignedHeaders=host", credential, date, expires,
      token ? "&X-Amz-Security-Token=" : "", token ? token : "");
}

/**
 * kling_sigv4_presign:
 * @sigv4: who signs, and when
 * @method: method of the request
 * @host: host it goes to, with the port if the header Host has it
 * @path: its path, as it will be sent
 * @expires: seconds for which it is good
 *
 * Whoever has the result can make this request, with any body.
 *
 * Returns: (transfer full): the query of its URL
 */
gchar *
kling_sigv4_presign (const KlingSigv4 * sigv4, const gchar * method,
    const gchar * host, const gchar * path, guint expires)
{
  g_autofree gchar *query = make_query (sigv4, expires);
  g_autofree gchar *canonical = g_strdup_printf
      ("%s\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", method, path, query,
      host);
  g_autofree gchar *signature = sign_canonical (sigv4, canonical);

  return g_strconcat (query, "&X-Amz-Signature=", signature, NULL);
}
