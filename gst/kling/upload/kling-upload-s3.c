/* klinglipsync: uploads to S3 and to what speaks like it
 *
 * The file is PUT with a signature in the headers. What the service gets is a
 * presigned URL, so the bucket stays private. Paths have the bucket in them
 * (path style), because a bucket as a host needs a name server and a
 * certificate for it.
 *
 * The credentials are those of the environment, read when the place is made.
 * The secret key signs and is sent nowhere; a session token goes along with the
 * signature, also into the presigned URL, where it is of no use without the key.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-secret.h"
#include "kling-sigv4.h"
#include "kling-url.h"

/* What S3 allows: a week */
#define MAX_EXPIRES 604800
#define MAX_REGION 64
/* SHA-256 of nothing, which is what a DELETE has to say */
#define NO_SHA256 \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct
{
  gchar *endpoint;              /* without a slash at its end */
  gchar *host;                  /* what the header Host says */
  gchar *folder;                /* path of the endpoint, bucket and prefix */
  gchar *region;
  guint expires;                /* seconds; 0: as long as the job may take */

  KlingSecret *access_key;
  KlingSecret *secret_key;
  KlingSecret *session_token;   /* NULL without one */
} Place;

static void
place_free (gpointer data)
{
  Place *place = data;

  g_free (place->endpoint);
  g_free (place->host);
  g_free (place->folder);
  g_free (place->region);
  g_clear_pointer (&place->access_key, kling_secret_unref);
  g_clear_pointer (&place->secret_key, kling_secret_unref);
  g_clear_pointer (&place->session_token, kling_secret_unref);
  g_free (place);
}

/* --- what the environment says --- */

/* Returns: (nullable): the first of these variables that holds something */
static const gchar *
find_variable (const gchar * first, const gchar * second)
{
  const gchar *value = g_getenv (first);

  if ((value == NULL || *value == '\0') && second != NULL)
    value = g_getenv (second);
  return value != NULL && *value != '\0' ? value : NULL;
}

/* Both become parts of headers. */
static gboolean
is_plain (const gchar * text)
{
  while (g_ascii_isgraph (*text))
    text++;
  return *text == '\0';
}

/* Returns: %FALSE when the variable holds what no key has */
static gboolean
read_secret (const gchar * variable, KlingSecret ** secret, GPtrArray * missing,
    GError ** error)
{
  const gchar *value = find_variable (variable, NULL);

  if (value == NULL) {
    if (missing != NULL)
      g_ptr_array_add (missing, (gpointer) variable);
    return TRUE;
  }
  if (!is_plain (value)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The environment variable %s has a blank or another character in it"
        " that it cannot have. Copy it again.", variable);
    return FALSE;
  }
  *secret = kling_secret_new (value);
  return TRUE;
}

static gboolean
read_credentials (Place * place, GError ** error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_autofree gchar *names = NULL;

  if (!read_secret ("AWS_ACCESS_KEY_ID", &place->access_key, missing, error)
      || !read_secret ("AWS_SECRET_ACCESS_KEY", &place->secret_key, missing,
          error)
      || !read_secret ("AWS_SESSION_TOKEN", &place->session_token, NULL, error))
    return FALSE;
  if (missing->len == 0)
    return TRUE;
  g_ptr_array_add (missing, NULL);
  names = g_strjoinv (" and ", (gchar **) missing->pdata);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "Uploads to s3:// need credentials from the environment: %s not set.",
      names);
  return FALSE;
}

/* --- the address --- */

static gboolean
find_region (Place * place, GHashTable * options, GError ** error)
{
  const gchar *region = g_hash_table_lookup (options, "region");

  if (region == NULL)
    region = find_variable ("AWS_REGION", "AWS_DEFAULT_REGION");
  if (region == NULL) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "Uploads to s3:// need a region: add region=... to the address in the"
        " property upload, or set AWS_REGION. A server of your own mostly takes"
        " us-east-1.");
    return FALSE;
  }
  place->region = g_strdup (region);
  if (*region != '\0' && strlen (region) <= MAX_REGION
      && strspn (region, "abcdefghijklmnopqrstuvwxyz"
          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen (region))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The region for s3:// is none; it looks like eu-central-1.");
  return FALSE;
}

/* Returns: (transfer full): host and port as libsoup writes them into Host */
static gchar *
make_host (GUri * endpoint, const gchar * host)
{
  gint port = g_uri_get_port (endpoint);
  gint usual = g_str_equal (g_uri_get_scheme (endpoint), "https") ? 443 : 80;
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  g_autofree gchar *bare = g_strdup_printf ("%s%s%s", is_ipv6 ? "[" : "", host,
      is_ipv6 ? "]" : "");

  if (port <= 0 || port == usual)
    return g_steal_pointer (&bare);
  return g_strdup_printf ("%s:%d", bare, port);
}

/* Who follows a URL writes its host in lower case, so that is signed. GUri has
 * made ASCII of other letters. */
static void
set_endpoint (Place * place, GUri * uri)
{
  g_autofree gchar *host = g_ascii_strdown (g_uri_get_host (uri), -1);

  place->host = make_host (uri, host);
  g_free (place->endpoint);
  place->endpoint = g_strdup_printf ("%s://%s%s", g_uri_get_scheme (uri),
      place->host, g_uri_get_path (uri));
  while (g_str_has_suffix (place->endpoint, "/"))
    place->endpoint[strlen (place->endpoint) - 1] = '\0';
}

static gboolean
find_endpoint (Place * place, GHashTable * options, GError ** error)
{
  const gchar *named = g_hash_table_lookup (options, "endpoint");
  g_autoptr (GUri) uri = NULL;

  if (named == NULL)
    named = find_variable ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  place->endpoint = named ? g_strdup (named) :
      g_strdup_printf ("https://s3.%s.amazonaws.com", place->region);
  if (!kling_url_check_upload ("The endpoint for s3://", place->endpoint,
          error))
    return FALSE;
  uri = g_uri_parse (place->endpoint, G_URI_FLAGS_ENCODED
      | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  if (g_uri_get_query (uri) != NULL) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The endpoint for s3:// must not have a query (?...). In the address,"
        " & separates the options.");
    return FALSE;
  }
  set_endpoint (place, uri);
  return TRUE;
}

static gboolean
find_expires (Place * place, GHashTable * options, GError ** error)
{
  const gchar *text = g_hash_table_lookup (options, "expires");
  guint64 value;

  if (text == NULL)
    return TRUE;
  if (g_ascii_string_to_unsigned (text, 10, 1, MAX_EXPIRES, &value, NULL)) {
    place->expires = (guint) value;
    return TRUE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The option expires of s3:// is a number of seconds from 1 to %d.",
      MAX_EXPIRES);
  return FALSE;
}

static gboolean
bucket_is_valid (const gchar * bucket)
{
  gsize length = strlen (bucket);

  for (const gchar * c = bucket; *c != '\0'; c++) {
    if (!g_ascii_isalnum (*c) && strchr ("._-", *c) == NULL)
      return FALSE;
  }
  return length > 0 && length <= 255 && bucket[strspn (bucket, ".")] != '\0';
}

/* Servers and libraries disagree on what "a//b" and "a/../b" are. */
static gboolean
prefix_is_valid (const gchar * prefix)
{
  g_auto (GStrv) parts = g_strsplit (prefix, "/", -1);

  for (gchar ** part = parts; *part != NULL; part++) {
    if (**part == '\0' || g_str_equal (*part, ".") || g_str_equal (*part, ".."))
      return FALSE;
  }
  return g_utf8_validate (prefix, -1, NULL);
}

/* Takes "bucket/prefix" apart. Returns: (transfer full) (nullable): the bucket,
 * with its prefix, if it has one, percent-encoded */
static gchar *
make_folder (const gchar * text, gsize size)
{
  g_autofree gchar *bucket = g_strndup (text, size);
  gchar *slash = strchr (bucket, '/');
  g_autofree gchar *prefix = NULL;
  g_autofree gchar *escaped = NULL;

  if (slash != NULL) {
    *slash++ = '\0';
    if (g_str_has_suffix (slash, "/"))
      slash[strlen (slash) - 1] = '\0';
  }
  if (!bucket_is_valid (bucket))
    return NULL;
  if (slash == NULL || *slash == '\0')
    return g_strdup (bucket);
  prefix = g_uri_unescape_string (slash, NULL);
  if (prefix == NULL || !prefix_is_valid (prefix))
    return NULL;
  escaped = kling_sigv4_escape (prefix, TRUE);
  return g_strdup_printf ("%s/%s", bucket, escaped);
}

static gboolean
find_folder (Place * place, const gchar * text, GError ** error)
{
  const gchar *path = strstr (place->endpoint, "://") + 3;
  g_autofree gchar *folder = make_folder (text, strcspn (text, "?"));

  if (folder == NULL) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The property upload names no bucket that there can be; it looks like"
        " s3://bucket/prefix?region=eu-central-1.");
    return FALSE;
  }
  path += strcspn (path, "/");
  place->folder = g_strdup_printf ("%s/%s", path, folder);
  return TRUE;
}

/* Returns: (transfer full): the URL of what the files are in */
static gchar *
make_folder_url (const Place * place)
{
  const gchar *host = strstr (place->endpoint, "://") + 3;

  return g_strdup_printf ("%.*s%s",
      (gint) (host + strcspn (host, "/") - place->endpoint), place->endpoint,
      place->folder);
}

static gboolean
s3_parse (KlingUpload * upload, const KlingUploadConfig * config,
    GError ** error)
{
  static const gchar *const names[] = { "endpoint", "region", "expires", NULL };
  const gchar *text = config->address + strlen ("s3:");
  const gchar *query = strchr (text, '?');
  g_autoptr (GHashTable) options = kling_upload_parse_options
      (query ? query + 1 : NULL, names, error);
  Place *place = g_new0 (Place, 1);
  g_autofree gchar *folder = NULL;

  upload->place = place;
  text += strspn (text, "/");
  if (options == NULL || !find_region (place, options, error)
      || !find_endpoint (place, options, error)
      || !find_folder (place, text, error)
      || !find_expires (place, options, error)
      || !read_credentials (place, error))
    return FALSE;
  folder = make_folder_url (place);
  upload->shown = kling_url_display_host (place->endpoint);
  upload->identity = kling_upload_make_identity (folder);
  upload->is_loopback = kling_url_is_loopback (place->endpoint);
  return TRUE;
}

/* --- calls --- */

static KlingSigv4
make_sigv4 (const Place * place)
{
  KlingSigv4 sigv4 = {
    .access_key = kling_secret_peek (place->access_key),
    .secret_key = kling_secret_peek (place->secret_key),
    .region = place->region,
    .service = "s3",
    .wall_seconds = kling_clock_wall_seconds (),
  };

  if (place->session_token != NULL)
    sigv4.session_token = kling_secret_peek (place->session_token);
  return sigv4;
}

/* Returns: (transfer full): the URL of the file, for those who sign */
static gchar *
make_url (const KlingUploaded * uploaded)
{
  g_autofree gchar *folder = make_folder_url (uploaded->upload->place);

  return g_strdup_printf ("%s/%s", folder, uploaded->name);
}

static const gchar *
path_of (const gchar * url)
{
  return strchr (strstr (url, "://") + 3, '/');
}

/* A signature is good for a quarter of an hour: each try has its own. */
static gchar **
s3_make_headers (const KlingUpload * upload, const KlingUploadCall * call)
{
  const Place *place = upload->place;
  KlingSigv4 sigv4 = make_sigv4 (place);
  g_autofree gchar *date = kling_sigv4_date (sigv4.wall_seconds);
  const gchar *sha256 = call->sha256 ? call->sha256 : NO_SHA256;
  const gchar *signed_headers[] = { "host", place->host,
    "x-amz-content-sha256", sha256, "x-amz-date", date,
    sigv4.session_token ? "x-amz-security-token" : NULL, sigv4.session_token,
    NULL
  };
  GPtrArray *headers = g_ptr_array_new ();

  /* libsoup sets Host */
  for (const gchar * const *text = signed_headers + 2; *text != NULL; text++)
    g_ptr_array_add (headers, g_strdup (*text));
  g_ptr_array_add (headers, g_strdup ("Authorization"));
  g_ptr_array_add (headers, kling_sigv4_sign (&sigv4, call->method,
          path_of (call->url), signed_headers, sha256));
  g_ptr_array_add (headers, NULL);
  return (gchar **) g_ptr_array_free (headers, FALSE);
}

static guint
find_life (const Place * place, const KlingUploadWay * way)
{
  if (place->expires != 0)
    return place->expires;
  return (guint) CLAMP (way->life / KLING_SECOND, 1, MAX_EXPIRES);
}

static gchar *
presign (const KlingUploaded * uploaded, const gchar * url,
    const KlingUploadWay * way)
{
  const Place *place = uploaded->upload->place;
  KlingSigv4 sigv4 = make_sigv4 (place);
  g_autofree gchar *query = kling_sigv4_presign (&sigv4, "GET", place->host,
      path_of (url), find_life (place, way));

  return g_strdup_printf ("%s?%s", url, query);
}

static gboolean
s3_put (KlingUploaded * uploaded, const KlingUploadFile * file,
    const KlingUploadWay * way, GError ** error)
{
  g_autofree gchar *url = make_url (uploaded);

  if (!kling_upload_put_file (uploaded->upload, url, file, way, error))
    return FALSE;
  uploaded->url = presign (uploaded, url, way);
  return TRUE;
}

/* It has expired, or is going to before the service is done. */
static void
s3_renew_url (KlingUploaded * uploaded, const KlingUploadWay * way)
{
  g_autofree gchar *url = make_url (uploaded);

  g_free (uploaded->url);
  uploaded->url = presign (uploaded, url, way);
}

static gboolean
s3_remove (KlingUploaded * uploaded, const KlingUploadWay * way,
    GError ** error)
{
  g_autofree gchar *url = make_url (uploaded);

  return kling_upload_delete_file (uploaded, url, way, error);
}

const KlingUploadKind kling_upload_kind_s3 = {
  "s3:",
  FALSE,
  FALSE,
  "It does not accept the credentials of the upload place, which are not those"
      " of the service: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and"
      " AWS_SESSION_TOKEN, what they may do in this bucket, the region, and"
      " the clock of this machine.",
  "The bucket is not there: create it, or correct its name, region or endpoint"
      " in the property upload.",
  s3_parse,
  place_free,
  s3_make_headers,
  s3_put,
  s3_remove,
  NULL,
  s3_renew_url,
};
