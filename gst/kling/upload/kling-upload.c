/* klinglipsync: where a local file becomes a URL that the service can read
 *
 * What all kinds of places have in common: finding the kind, headers, names,
 * and what is shown of a file. A kind is a table of functions, in a file of its
 * own; how often a call is made is in kling-upload-call.c, and whether the
 * service will be able to read the file in kling-upload-check.c.
 *
 * A place is immutable, so any thread may use it. An uploaded file belongs to
 * the job's thread, on which all that waits happens.
 *
 * Whoever knows the URL of an uploaded file can read it. So neither the URL nor
 * the name is logged or said in full.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "kling-secret.h"
#include "kling-url.h"

#define TOKEN_BYTES (KLING_UPLOAD_TOKEN_LENGTH / 2)
/* As much of the digest as it takes to recognise a file by its name */
#define DIGEST_IN_NAME 16
/* As much of it as it takes to tell one place from another */
#define DIGEST_OF_PLACE 16
/* More than any name that we give */
#define MAX_NAME 200
#define SHOWN_OF_NAME 4
/* As much of what nobody can guess may be said: few of its 32 digits */
#define QUOTED_OF_SECRET 8

static const struct
{
  const gchar *prefix;
  const KlingUploadKind *kind;
} kinds[] = {
  {"https:", &kling_upload_kind_put},
  {"http:", &kling_upload_kind_put},
  {"post+https:", &kling_upload_kind_post},
  {"post+http:", &kling_upload_kind_post},
  {"s3:", &kling_upload_kind_s3},
  {"serve:", &kling_upload_kind_serve},
};

/* --- places --- */

static const KlingUploadKind *
find_kind (const gchar * address, GError ** error)
{
  g_autofree gchar *shown = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (g_ascii_strncasecmp (address, kinds[i].prefix,
            strlen (kinds[i].prefix)) == 0)
      return kinds[i].kind;
  }
  shown = kling_url_display_host (address);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The property upload, %s, is none of the places that files can be"
      " uploaded to: https://host/dir/{name} for PUT,"
      " post+https://host/upload#field=file&url=/url for a form,"
      " s3://bucket/prefix?region=eu-central-1 for S3, or"
      " serve:8080?public=https://my.host/ for this process.", shown);
  return NULL;
}

/* Headers that say where a call goes and how long it is are ours. */
static gboolean
is_own_header (const gchar * name)
{
  static const gchar *const names[] = { "Host", "Content-Length", "Connection",
    "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect",
    "Proxy-Authorization",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_headers (const KlingUploadKind * kind, const gchar * const *headers,
    GError ** error)
{
  if (headers == NULL || headers[0] == NULL)
    return TRUE;
  if (!kind->takes_headers) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The property upload-headers has no meaning for %s; it is for places"
        " that are reached by https.", kind->scheme);
    return FALSE;
  }
  for (; headers[0] != NULL; headers += 2) {
    g_autofree gchar *shown = kling_text_clean (headers[0], 40);

    if (kling_http_header_is_valid (headers[0], headers[1])
        && !is_own_header (headers[0]))
      continue;
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The header \"%s\" in upload-headers cannot be sent: its name or its"
        " value has a character that headers must not have, or it is one that"
        " is set by the plugin.", shown);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_public_url (const KlingUploadKind * kind, const gchar * public_url,
    GError ** error)
{
  if (public_url == NULL || kind->takes_public_url)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The property upload-public-url has no meaning for %s, which has its own"
      " way to make the URL; it is for https://host/dir/{name}.", kind->scheme);
  return FALSE;
}

/**
 * kling_upload_new:
 * @config: what the properties say; not used after the return
 * @error: set to %KLING_ERROR_SETTINGS
 *
 * Sends nothing. For S3 the environment is read for credentials.
 *
 * Returns: (transfer full) (nullable): the place
 */
KlingUpload *
kling_upload_new (const KlingUploadConfig * config, GError ** error)
{
  const KlingUploadKind *kind = find_kind (config->address, error);
  g_autoptr (KlingUpload) upload = NULL;

  if (kind == NULL || !check_headers (kind, config->headers, error)
      || !check_public_url (kind, config->public_url, error))
    return NULL;
  upload = g_new0 (KlingUpload, 1);
  g_atomic_ref_count_init (&upload->refs);
  upload->kind = kind;
  upload->headers = g_strdupv ((gchar **) config->headers);
  upload->cleanup = config->cleanup;
  if (!kind->parse (upload, config, error))
    return NULL;
  return g_steal_pointer (&upload);
}

/**
 * kling_upload_ref:
 * @upload: a place
 *
 * Returns: (transfer full): @upload
 */
KlingUpload *
kling_upload_ref (KlingUpload * upload)
{
  g_atomic_ref_count_inc (&upload->refs);
  return upload;
}

/**
 * kling_upload_unref:
 * @upload: (transfer full): a place
 */
void
kling_upload_unref (KlingUpload * upload)
{
  if (!g_atomic_ref_count_dec (&upload->refs))
    return;
  if (upload->place != NULL)
    upload->kind->free_place (upload->place);
  for (gchar ** text = upload->headers; text != NULL && *text != NULL; text++)
    kling_secret_wipe_string (*text);
  g_free (upload->headers);
  g_free (upload->shown);
  g_free (upload->identity);
  g_free (upload);
}

/**
 * kling_upload_get_shown:
 * @upload: a place
 *
 * Returns: (transfer none): the place in words for people: its scheme and host
 */
const gchar *
kling_upload_get_shown (const KlingUpload * upload)
{
  return upload->shown;
}

/**
 * kling_upload_is_loopback:
 * @upload: a place
 *
 * Returns: whether the URLs of its files lead to this machine and cannot be
 *   read from anywhere else
 */
gboolean
kling_upload_is_loopback (const KlingUpload * upload)
{
  return upload->is_loopback;
}

/**
 * kling_upload_holds_one:
 * @upload: a place
 *
 * Returns: whether a second file would take the place of the first
 */
gboolean
kling_upload_holds_one (const KlingUpload * upload)
{
  return upload->holds_one;
}

/**
 * kling_upload_get_method:
 * @upload: a place
 *
 * Returns: (transfer none) (nullable): "PUT" or "POST"; %NULL when the files are
 *   served by this process and go nowhere
 */
const gchar *
kling_upload_get_method (const KlingUpload * upload)
{
  if (upload->kind == &kling_upload_kind_serve)
    return NULL;
  return upload->kind == &kling_upload_kind_post ? "POST" : "PUT";
}

/**
 * kling_upload_cleans_up:
 * @upload: a place
 *
 * Returns: whether a file that was put there is deleted by a call, when its task
 *   has ended
 */
gboolean
kling_upload_cleans_up (const KlingUpload * upload)
{
  return upload->cleanup && upload->kind->remove != NULL
      && upload->kind != &kling_upload_kind_serve;
}

/**
 * kling_upload_dup_place:
 * @upload: a place
 *
 * By this a later process knows whether its place is the one at which a file
 * was left. Credentials, options and queries do not change it.
 *
 * Returns: (transfer full): what tells @upload from other places, without saying
 *   where it is: scheme and host, '#' and hex digits
 */
gchar *
kling_upload_dup_place (const KlingUpload * upload)
{
  g_autofree gchar *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      upload->identity ? upload->identity : upload->shown, -1);
  g_autofree gchar *host = g_ascii_strdown (upload->shown, -1);

  return g_strdup_printf ("%s#%.*s", host, DIGEST_OF_PLACE, digest);
}

/* --- names and addresses --- */

/**
 * kling_upload_make_identity:
 * @address: a URL, perhaps with {name} in it
 *
 * The query is left out: it is where secrets stand, and what changes from one
 * presigned address to the next.
 *
 * Returns: (transfer full): @address, written in one way for all spellings
 */
gchar *
kling_upload_make_identity (const gchar * address)
{
  g_autofree gchar *bare = g_strndup (address, strcspn (address, "?#"));

  return kling_url_identity (bare);
}

/**
 * kling_upload_make_token:
 * @error: set to %KLING_ERROR_LOCAL
 *
 * Comes from the system's generator: the name is all that protects a file on a
 * public place. g_uuid_string_random() and g_random_int() are Mersenne twisters,
 * whose next numbers can be computed from some earlier ones; and uuids have six
 * bits that are always the same.
 *
 * Returns: (transfer full) (nullable): 128 random bits, as
 *   %KLING_UPLOAD_TOKEN_LENGTH hex digits
 */
gchar *
kling_upload_make_token (GError ** error)
{
  guint8 bytes[TOKEN_BYTES];
  GString *token;
  gssize n;

  do {
    n = getrandom (bytes, sizeof bytes, 0);
  } while (n < 0 && errno == EINTR);
  if (n != sizeof bytes) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "This machine has no random numbers for the name of a file: %s."
        KLING_UPLOAD_UNPAID, g_strerror (errno));
    return NULL;
  }
  token = g_string_new (NULL);
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (token, "%02x", bytes[i]);
  return g_string_free (token, FALSE);
}

/* A name that is used once can be deleted without taking it from anyone else;
 * a name that stays is the same for the same file. */
static gchar *
make_name (const KlingUpload * upload, const KlingUploadFile * file,
    GError ** error)
{
  g_autofree gchar *token = NULL;

  if (!upload->cleanup)
    return g_strdup_printf ("%s.%s", file->digest, file->extension);
  token = kling_upload_make_token (error);
  if (token == NULL)
    return NULL;
  return g_strdup_printf ("%.*s-%s.%s", DIGEST_IN_NAME, file->digest, token,
      file->extension);
}

/**
 * kling_upload_insert_name:
 * @address: a template
 * @name: name of a file
 *
 * Returns: (transfer full): @address with @name for each {name}
 */
gchar *
kling_upload_insert_name (const gchar * address, const gchar * name)
{
  g_auto (GStrv) parts = g_strsplit (address, KLING_UPLOAD_NAME, -1);

  return g_strjoinv (name, parts);
}

/**
 * kling_upload_parse_options:
 * @text: (nullable): name=value&name=value, percent-encoded
 * @names: which there are
 * @error: set to %KLING_ERROR_SETTINGS
 *
 * Returns: (transfer full) (nullable): the values by their names
 */
GHashTable *
kling_upload_parse_options (const gchar * text, const gchar * const *names,
    GError ** error)
{
  g_autoptr (GHashTable) options = g_uri_parse_params (text ? text : "", -1,
      "&", G_URI_PARAMS_NONE, NULL);
  g_autofree gchar *known = g_strjoinv (", ", (gchar **) names);
  GHashTableIter iter;
  gpointer name;

  if (options == NULL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The options at the end of the property upload are not name=value"
        " pairs with & between them. There are: %s.", known);
    return NULL;
  }
  g_hash_table_iter_init (&iter, options);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    g_autofree gchar *shown = kling_text_clean (name, 40);

    if (g_strv_contains (names, name))
      continue;
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The property upload has an option \"%s\", which is none of those that"
        " this kind of place has: %s.", shown, known);
    return NULL;
  }
  return g_steal_pointer (&options);
}

/* --- uploaded files --- */

/**
 * kling_upload_prepare:
 * @upload: a place
 * @file: what is to be brought there
 * @error: set to %KLING_ERROR_LOCAL
 *
 * Sends nothing. From now on kling_uploaded_is_owed() answers for the case that
 * kling_uploaded_put() is stopped halfway.
 *
 * Returns: (transfer full) (nullable): a file with a name
 */
KlingUploaded *
kling_upload_prepare (KlingUpload * upload, const KlingUploadFile * file,
    GError ** error)
{
  g_autoptr (KlingUploaded) uploaded = g_new0 (KlingUploaded, 1);

  uploaded->upload = kling_upload_ref (upload);
  uploaded->size = kling_spool_get_size (file->spool);
  uploaded->name = make_name (upload, file, error);
  uploaded->owed = upload->cleanup && upload->kind != &kling_upload_kind_serve;
  return uploaded->name ? g_steal_pointer (&uploaded) : NULL;
}

/* Returns: whether a file can be found by its name there, by another process. If
 * a place holds one file only, what is there may be somebody else's by then. */
static gboolean
keeps_names (const KlingUpload * upload)
{
  return upload->kind->remove != NULL && upload->identity != NULL
      && !upload->holds_one;
}

/* It becomes a part of a URL that is deleted. */
static gboolean
name_is_valid (const gchar * name)
{
  gsize length = name ? strlen (name) : 0;

  return length > 0 && length <= MAX_NAME && name[0] != '.'
      && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-") == length;
}

/**
 * kling_upload_recall:
 * @upload: the place, as kling_upload_dup_place() tells
 * @name: (nullable): what kling_uploaded_get_name() said in an earlier process;
 *   it comes from a file, so it may be anything
 * @error: set to %KLING_ERROR_LOCAL for a name that is none of ours, and to
 *   %KLING_ERROR_SETTINGS for a place where files cannot be found again
 *
 * For kling_uploaded_remove(), whatever upload-cleanup says by now, or to put it
 * there again. Sends nothing, and does not know whether the file is still there,
 * nor its size.
 *
 * Returns: (transfer full) (nullable): a file that an earlier process left there
 */
KlingUploaded *
kling_upload_recall (KlingUpload * upload, const gchar * name, GError ** error)
{
  KlingUploaded *uploaded;

  if (!keeps_names (upload)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "A file that an earlier run has left at %s cannot be removed from here:"
        " this kind of place does not find it by its name.", upload->shown);
    return NULL;
  }
  /* not shown: it may be most of one */
  if (!name_is_valid (name)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "What an earlier run has written down as the name of a file at %s is"
        " none that it can have. Nothing was removed.", upload->shown);
    return NULL;
  }
  uploaded = g_new0 (KlingUploaded, 1);
  uploaded->upload = kling_upload_ref (upload);
  uploaded->name = g_strdup (name);
  uploaded->owed = TRUE;
  return uploaded;
}

/**
 * kling_uploaded_put:
 * @uploaded: a file of kling_upload_prepare() or kling_upload_recall()
 * @file: the same file
 * @way: how to get there
 * @error: set to %KLING_ERROR_CANCELLED, %KLING_ERROR_NOT_AUTHORIZED,
 *   %KLING_ERROR_SETTINGS, %KLING_ERROR_SERVICE, %KLING_ERROR_NETWORK,
 *   %KLING_ERROR_TIMED_OUT or %KLING_ERROR_LOCAL
 *
 * Blocks the calling thread, and may try several times. No key of the service
 * is sent.
 *
 * Returns: whether the file is at that place
 */
gboolean
kling_uploaded_put (KlingUploaded * uploaded, const KlingUploadFile * file,
    const KlingUploadWay * way, GError ** error)
{
  g_autoptr (GError) reason = NULL;

  uploaded->size = kling_spool_get_size (file->spool);
  if (uploaded->upload->kind->put (uploaded, file, way, &reason))
    return TRUE;
  /* what was stopped may have arrived all the same; what failed was taken back */
  if (reason->code != KLING_ERROR_CANCELLED)
    uploaded->owed = FALSE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/**
 * kling_uploaded_free:
 * @uploaded: (transfer full): an uploaded file
 *
 * The file stays where it is, unless this process serves it.
 */
void
kling_uploaded_free (KlingUploaded * uploaded)
{
  if (uploaded->state != NULL)
    uploaded->upload->kind->free_state (uploaded->state);
  kling_secret_wipe_string (uploaded->url);
  g_free (uploaded->name);
  kling_upload_unref (uploaded->upload);
  g_free (uploaded);
}

/**
 * kling_uploaded_get_url:
 * @uploaded: an uploaded file
 *
 * Returns: (transfer none) (nullable): the URL for the service, for nobody
 *   else; %NULL when the file has not arrived
 */
const gchar *
kling_uploaded_get_url (const KlingUploaded * uploaded)
{
  return uploaded->url;
}

/**
 * kling_uploaded_is_owed:
 * @uploaded: an uploaded file
 *
 * Returns: whether it has to be removed when the service needs it no more, as
 *   far as it is there
 */
gboolean
kling_uploaded_is_owed (const KlingUploaded * uploaded)
{
  return uploaded->owed;
}

/**
 * kling_uploaded_get_name:
 * @uploaded: an uploaded file
 *
 * Whoever knows it, and the place, can read the file where that is public: to be
 * written down where only we can read, and shown to nobody.
 *
 * Returns: (transfer none) (nullable): by what kling_upload_recall() finds it,
 *   as long as it is owed; %NULL where no other process can remove it
 */
const gchar *
kling_uploaded_get_name (const KlingUploaded * uploaded)
{
  return uploaded->owed && keeps_names (uploaded->upload) ? uploaded->name
      : NULL;
}

/**
 * kling_uploaded_remove:
 * @uploaded: an uploaded file
 * @way: how to get there
 * @error: set as by kling_uploaded_put()
 *
 * Blocks the calling thread, and may try several times.
 *
 * Returns: whether the file is gone
 */
gboolean
kling_uploaded_remove (KlingUploaded * uploaded, const KlingUploadWay * way,
    GError ** error)
{
  const KlingUpload *upload = uploaded->upload;

  if (upload->kind->remove == NULL) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "This kind of place has no way to delete it. If it may stay there, say so"
        " with upload-cleanup=false.");
    return FALSE;
  }
  return upload->kind->remove (uploaded, way, error);
}

/**
 * kling_uploaded_describe:
 * @uploaded: an uploaded file
 *
 * Returns: (transfer full): words for people, to be put into a sentence; they
 *   do not help to find the file
 */
gchar *
kling_uploaded_describe (const KlingUploaded * uploaded)
{
  const gchar *name = uploaded->name;

  if (uploaded->upload->kind == &kling_upload_kind_serve)
    return g_strdup ("the file served by this process");
  if (uploaded->url == NULL)
    return g_strdup_printf ("the file at %s, if it has arrived",
        uploaded->upload->shown);
  if (strstr (uploaded->url, name) == NULL)
    return g_strdup_printf ("the file at %s", uploaded->upload->shown);
  return g_strdup_printf ("the file %.*s...%s at %s", SHOWN_OF_NAME, name,
      strrchr (name, '.'), uploaded->upload->shown);
}

/* Returns: where in @name begins what nobody can guess */
static const gchar *
find_token (const gchar * name)
{
  const gchar *dash = strchr (name, '-');

  return dash ? dash + 1 : name;
}

/* Where in @text, the URL or its path, begins what nobody can guess: with the
 * token of our name, and right after the host if the name is not ours */
static gsize
find_secret (const KlingUploaded * uploaded, const gchar * text,
    const gchar * path)
{
  const gchar *name = strstr (text, uploaded->name);

  if (name == NULL)
    return path + 1 - text;
  return name - text + (find_token (uploaded->name) - uploaded->name);
}

/* Returns: how many bytes of @text are the start of @secret: at least @whole, or
 * at least %QUOTED_OF_SECRET more than @guessable and then cut; otherwise 0 */
static gsize
match (const gchar * text, const gchar * secret, gsize whole, gsize guessable)
{
  gboolean is_cut;
  gsize n = 0;

  while (secret[n] != '\0' && text[n] == secret[n])
    n++;
  is_cut = !g_ascii_isalnum (text[n]) && text[n] != '/';
  if (n >= whole || (is_cut && n >= guessable + QUOTED_OF_SECRET))
    return n;
  return 0;
}

/* A service may cut what it quotes, and we cut long texts, so what begins as the
 * URL and goes far enough is the URL. Returns: how many bytes of @text are to be
 * replaced */
static gsize
match_uploaded (const KlingUploaded * uploaded, const gchar * text)
{
  const gchar *url = uploaded->url;
  const gchar *name = uploaded->name;
  const gchar *token = find_token (name);
  const gchar *path = strchr (strstr (url, "://") + 3, '/');
  gsize path_size = path ? strcspn (path, "?#") : 0;
  gsize n = 0;

  if (path == NULL)
    path = url + strlen (url);
  n = match (text, url, strcspn (url, "?#"), find_secret (uploaded, url, path));
  if (n == 0 && path_size > strlen ("/"))
    n = match (text, path, path_size, find_secret (uploaded, path, path));
  if (n == 0)
    n = match (text, name, strcspn (name, "."), token - name);
  if (n == 0)
    n = match (text, token, strcspn (token, "."), 0);
  return n;
}

/**
 * kling_uploaded_redact:
 * @uploaded: an uploaded file
 * @text: (nullable): what the service says about it
 *
 * Returns: (transfer full) (nullable): @text without its URL, path and name, be
 *   they whole or cut
 */
gchar *
kling_uploaded_redact (const KlingUploaded * uploaded, const gchar * text)
{
  GString *out;

  if (text == NULL || uploaded->url == NULL)
    return g_strdup (text);
  out = g_string_new (NULL);
  while (*text != '\0') {
    gsize n = match_uploaded (uploaded, text);

    if (n > 0)
      g_string_append (out, "(the uploaded file)");
    else
      g_string_append_c (out, *text);
    text += MAX (n, 1);
  }
  return g_string_free (out, FALSE);
}
