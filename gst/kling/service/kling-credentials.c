/* klinglipsync: who pays, and where that is written
 *
 * Keys are looked for in the properties, in the environment and in a file, in
 * this order, by whoever calls. The first place that has any is the one that
 * counts: what is wrong there is an error, and never a reason to let another
 * account pay. No error and no log line holds any part of a key or of the file:
 * even the complaint of a parser quotes the line it does not understand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kling-error.h"
#include "kling-url.h"

#define GENERAL_GROUP "klinglipsync"
#define MAX_FILE_SIZE (64 * 1024)

enum
{
  API_KEY,
  ACCESS_KEY,
  SECRET_KEY,
  N_KEYS
};

/* In properties and files */
static const gchar *const names[N_KEYS] = {
  "api-key", "access-key", "secret-key"
};

static const gchar *const variables[N_KEYS] = {
  "KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY"
};

/**
 * kling_credentials_new:
 * @api_key: (nullable): a key that is sent as it is
 * @access_key: (nullable): the name of an account
 * @secret_key: (nullable): what goes with @access_key
 *
 * Returns: (transfer full): all of them together, as they are
 */
KlingCredentials *
kling_credentials_new (KlingSecret * api_key, KlingSecret * access_key,
    KlingSecret * secret_key)
{
  KlingCredentials *credentials = g_new0 (KlingCredentials, 1);

  g_atomic_ref_count_init (&credentials->refs);
  credentials->api_key = api_key ? kling_secret_ref (api_key) : NULL;
  credentials->access_key = access_key ? kling_secret_ref (access_key) : NULL;
  credentials->secret_key = secret_key ? kling_secret_ref (secret_key) : NULL;
  return credentials;
}

/**
 * kling_credentials_ref:
 * @credentials: credentials
 *
 * Returns: (transfer full): @credentials
 */
KlingCredentials *
kling_credentials_ref (KlingCredentials * credentials)
{
  g_atomic_ref_count_inc (&credentials->refs);
  return credentials;
}

/**
 * kling_credentials_unref:
 * @credentials: (transfer full): credentials
 */
void
kling_credentials_unref (KlingCredentials * credentials)
{
  if (!g_atomic_ref_count_dec (&credentials->refs))
    return;
  g_clear_pointer (&credentials->api_key, kling_secret_unref);
  g_clear_pointer (&credentials->access_key, kling_secret_unref);
  g_clear_pointer (&credentials->secret_key, kling_secret_unref);
  g_free (credentials);
}

/**
 * kling_credentials_default_file:
 *
 * Returns: (transfer full): path of the file that is read when no other is
 *   named; it need not exist
 */
gchar *
kling_credentials_default_file (void)
{
  return g_build_filename (g_get_user_config_dir (), "klinglipsync",
      "credentials", NULL);
}

static void
set_error (GError ** error, const gchar * format, ...)
G_GNUC_PRINTF (2, 3);

     static void set_error (GError ** error, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (KLING_ERROR, KLING_ERROR_CREDENTIALS, format,
        args);
  va_end (args);
}

/* --- one place --- */

/* A place where keys may stand, and those that stand there. A key is called
 * @kind, its name, @where; two of them @kinds, their names, @where. */
typedef struct
{
  const gchar *kind;
  const gchar *kinds;
  const gchar *where;
  const gchar *const *names;
  gchar *values[N_KEYS];
} Place;

static void
place_clear (Place * place)
{
  for (guint i = 0; i < N_KEYS; i++)
    g_clear_pointer (&place->values[i], kling_secret_wipe_string);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear);

/* Keys are pasted with what stood around them. */
static void
place_set (Place * place, guint key, const gchar * text)
{
  gchar *value = g_strstrip (g_strdup (text ? text : ""));

  if (*value != '\0')
    place->values[key] = g_steal_pointer (&value);
  kling_secret_wipe_string (value);
}

/* Returns: (transfer full): what one of the keys is called */
static gchar *
place_describe (const Place * place, guint key)
{
  return g_strconcat (place->kind, place->names[key], place->where, NULL);
}

/* Returns: (transfer full): what the access key and the secret key are called,
 * those that are there */
static gchar *
place_describe_pair (const Place * place)
{
  if (place->values[SECRET_KEY] == NULL)
    return place_describe (place, ACCESS_KEY);
  if (place->values[ACCESS_KEY] == NULL)
    return place_describe (place, SECRET_KEY);
  return g_strconcat (place->kinds, place->names[ACCESS_KEY], " and ",
      place->names[SECRET_KEY], place->where, NULL);
}

static void
set_unfit (const Place * place, const KlingDialect * dialect, GError ** error)
{
  g_autofree gchar *found = place_describe_pair (place);
  g_autofree gchar *dialects = kling_dialect_list_jwt ();

  set_error (error, "The dialect %s takes an API key only, and there is none"
      " beside the %s. Set KLING_API_KEY, the property api-key, or api-key in"
      " the credentials file. If your service takes an access key with a secret"
      " key, its dialect is one of: %s.", dialect->nick, found, dialects);
}

static void
set_both (const Place * place, GError ** error)
{
  g_autofree gchar *key = place_describe (place, API_KEY);
  g_autofree gchar *pair = place_describe_pair (place);

  set_error (error, "There are two ways to say who pays, the %s and the %s."
      " Leave one and unset the other.", key, pair);
}

static void
set_half (const Place * place, GError ** error)
{
  guint missing = place->values[ACCESS_KEY] ? SECRET_KEY : ACCESS_KEY;
  g_autofree gchar *found = place_describe_pair (place);
  g_autofree gchar *wanted = place_describe (place, missing);

  set_error (error, "There is the %s, but not the %s: one is of no use without"
      " the other. Set it, too.", found, wanted);
}

/* Whether what stands here is none or one way to say who pays. */
static gboolean
place_check (const Place * place, const KlingDialect * dialect, GError ** error)
{
  gboolean has_key = place->values[API_KEY] != NULL;
  gboolean has_access = place->values[ACCESS_KEY] != NULL;
  gboolean has_secret = place->values[SECRET_KEY] != NULL;

  if (!has_access && !has_secret)
    return TRUE;
  /* a pair may be there for another dialect */
  if (!dialect->takes_jwt && has_key)
    return TRUE;
  if (!dialect->takes_jwt)
    set_unfit (place, dialect, error);
  else if (has_key)
    set_both (place, error);
  else if (!has_access || !has_secret)
    set_half (place, error);
  else
    return TRUE;
  return FALSE;
}

/* A key becomes the value of a header, or part of a token. */
static KlingSecret *
place_make_secret (const Place * place, guint key, GError ** error)
{
  const gchar *value = place->values[key];
  g_autofree gchar *called = NULL;

  while (g_ascii_isgraph (*value))
    value++;
  if (*value == '\0')
    return kling_secret_new (place->values[key]);
  called = place_describe (place, key);
  set_error (error, "The %s has a blank or another character in it that no key"
      " has. Copy it again from the service's console.", called);
  return NULL;
}

static KlingCredentials *
place_take_key (const Place * place, gchar ** source, GError ** error)
{
  g_autoptr (KlingSecret) key = place_make_secret (place, API_KEY, error);

  if (key == NULL)
    return NULL;
  *source = place_describe (place, API_KEY);
  return kling_credentials_new (key, NULL, NULL);
}

static KlingCredentials *
place_take_pair (const Place * place, gchar ** source, GError ** error)
{
  g_autoptr (KlingSecret) access_key = place_make_secret (place, ACCESS_KEY,
      error);
  g_autoptr (KlingSecret) secret_key = access_key ?
      place_make_secret (place, SECRET_KEY, error) : NULL;

  if (secret_key == NULL)
    return NULL;
  *source = place_describe_pair (place);
  return kling_credentials_new (NULL, access_key, secret_key);
}

/* Returns: (transfer full) (nullable): what stands here; %NULL without an error
 * when nothing does */
static KlingCredentials *
place_take (const Place * place, const KlingDialect * dialect, gchar ** source,
    GError ** error)
{
  if (!place_check (place, dialect, error))
    return NULL;
  if (place->values[API_KEY] != NULL)
    return place_take_key (place, source, error);
  if (place->values[ACCESS_KEY] != NULL)
    return place_take_pair (place, source, error);
  return NULL;
}

static KlingCredentials *
find_in_properties (const KlingCredentials * properties,
    const KlingDialect * dialect, gchar ** source, GError ** error)
{
  g_auto (Place) place = { "property ", "properties ", "", names };
  const KlingSecret *secrets[] = {
    properties->api_key, properties->access_key, properties->secret_key
  };

  for (guint i = 0; i < N_KEYS; i++)
    place_set (&place, i, secrets[i] ? kling_secret_peek (secrets[i]) : NULL);
  return place_take (&place, dialect, source, error);
}

static KlingCredentials *
find_in_environment (const KlingDialect * dialect, gchar ** source,
    GError ** error)
{
  g_auto (Place) place = { "environment ", "environment ", "", variables };

  for (guint i = 0; i < N_KEYS; i++)
    place_set (&place, i, g_getenv (variables[i]));
  return place_take (&place, dialect, source, error);
}

/* --- the file --- */

/* Whoever else can read the file can spend the money, and whoever owns it can
 * choose whose account is used. A link to a private file is fine: what was
 * opened is judged. */
static gboolean
check_file (gint fd, const gchar * path, gsize * size, GError ** error)
{
  struct stat st;

  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode)) {
    set_error (error, "The credentials file %s is not a regular file.", path);
    return FALSE;
  }
  if (st.st_uid != geteuid () && st.st_uid != 0) {
    set_error (error, "The credentials file %s belongs to another user and is"
        " not used.", path);
    return FALSE;
  }
  if (st.st_mode & 077) {
    set_error (error, "The credentials file %s has mode %04o: others can get at"
        " it, so it is not used. Run: chmod 600 '%s'", path,
        (guint) st.st_mode & 07777, path);
    return FALSE;
  }
  if (st.st_size > MAX_FILE_SIZE) {
    set_error (error, "The credentials file %s has more than %d bytes, so it"
        " is not one.", path, MAX_FILE_SIZE);
    return FALSE;
  }
  *size = st.st_size;
  return TRUE;
}

/* Returns: (nullable): the text of @fd, for kling_secret_wipe_string() */
static gchar *
read_text (gint fd, gsize size)
{
  gchar *text = g_malloc0 (size + 1);
  gsize filled = 0;

  while (filled < size) {
    gssize n = read (fd, text + filled, size - filled);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      kling_secret_wipe_string (text);
      return NULL;
    }
    if (n == 0)
      break;
    filled += n;
  }
  return text;
}

/* Returns: (transfer full) (nullable): the text of the file; %NULL without an
 * error when it does not exist and @must_exist is %FALSE */
static gchar *
load_file (const gchar * path, gboolean must_exist, GError ** error)
{
  /* not blocking: it could be a pipe that nobody writes to */
  gint fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
  gint code = errno;
  gchar *text = NULL;
  gsize size;

  if (fd < 0) {
    if (must_exist || (code != ENOENT && code != ENOTDIR))
      set_error (error, "The credentials file %s cannot be opened: %s.", path,
          g_strerror (code));
    return NULL;
  }
  if (check_file (fd, path, &size, error)) {
    text = read_text (fd, size);
    if (text == NULL)
      set_error (error, "The credentials file %s cannot be read.", path);
  }
  close (fd);
  return text;
}

static gboolean
has_any_key (GKeyFile * keys, const gchar * group)
{
  for (guint i = 0; i < N_KEYS; i++) {
    if (g_key_file_has_key (keys, group, names[i], NULL))
      return TRUE;
  }
  return FALSE;
}

/* Returns: (transfer full): the group for @base_url, or the general one */
static gchar *
find_group (GKeyFile * keys, const gchar * base_url)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  g_autofree gchar *wanted = kling_url_origin (base_url);

  for (guint i = 0; wanted != NULL && groups[i] != NULL; i++) {
    g_autofree gchar *origin = kling_url_origin (groups[i]);

    if (g_strcmp0 (origin, wanted) == 0 && has_any_key (keys, groups[i]))
      return g_strdup (groups[i]);
  }
  return g_strdup (GENERAL_GROUP);
}

/* Puts the keys in the text of a file into @place. */
static gboolean
place_read (Place * place, const gchar * text, const gchar * path,
    const gchar * base_url, GError ** error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autofree gchar *group = NULL;

  if (!g_key_file_load_from_data (keys, text, strlen (text), G_KEY_FILE_NONE,
          NULL)) {
    set_error (error, "The credentials file %s cannot be understood; it has a"
        " line [%s] and below it a line %s=KEY.", path, GENERAL_GROUP,
        names[API_KEY]);
    return FALSE;
  }
  group = find_group (keys, base_url);
  for (guint i = 0; i < N_KEYS; i++) {
    gchar *value = g_key_file_get_string (keys, group, names[i], NULL);

    place_set (place, i, value);
    kling_secret_wipe_string (value);
  }
  return TRUE;
}

static void
set_not_in_file (const KlingDialect * dialect, const gchar * path,
    const gchar * base_url, GError ** error)
{
  g_autofree gchar *shown = kling_url_display (base_url);

  set_error (error, "The credentials file %s has no line api-key=KEY%s, neither"
      " in a group [%s] nor in the group [%s].", path, dialect->takes_jwt ?
      ", nor the lines access-key=KEY and secret-key=KEY" : "", shown,
      GENERAL_GROUP);
}

/* @must_have: the file was named, so that there has to be a key in it */
static KlingCredentials *
find_in_file (const gchar * path, gboolean must_have,
    const KlingDialect * dialect, const gchar * base_url, gchar ** source,
    GError ** error)
{
  g_autofree gchar *where = g_strconcat (" in the file ", path, NULL);
  g_auto (Place) place = { "", "", where, names };
  g_autoptr (GError) cause = NULL;
  KlingCredentials *credentials = NULL;
  gchar *text = load_file (path, must_have, error);

  if (text == NULL)
    return NULL;
  if (place_read (&place, text, path, base_url, &cause))
    credentials = place_take (&place, dialect, source, &cause);
  kling_secret_wipe_string (text);

  if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  else if (credentials == NULL && must_have)
    set_not_in_file (dialect, path, base_url, error);
  return credentials;
}

/* --- all places --- */

static void
set_not_found (const KlingDialect * dialect, const gchar * path,
    GError ** error)
{
  set_error (error, "There is no key for the service. Set the environment"
      " variable KLING_API_KEY, or the property api-key, or put it into %s.%s"
      " To try things without an account, use the sandbox: examples/sandbox,"
      " kling-sandbox --help.", path, dialect->takes_jwt ? " An access key with"
      " a secret key is as good: KLING_ACCESS_KEY and KLING_SECRET_KEY, or the"
      " properties access-key and secret-key." : "");
}

static KlingCredentials *
find_anywhere (const KlingCredentials * properties,
    const KlingDialect * dialect, const gchar * file, const gchar * base_url,
    gchar ** source, GError ** error)
{
  gboolean is_named = file != NULL && *file != '\0';
  g_autofree gchar *path = is_named ? g_strdup (file) :
      kling_credentials_default_file ();
  g_autoptr (GError) cause = NULL;
  KlingCredentials *credentials = find_in_properties (properties, dialect,
      source, &cause);

  if (credentials == NULL && cause == NULL)
    credentials = find_in_environment (dialect, source, &cause);
  if (credentials == NULL && cause == NULL)
    credentials = find_in_file (path, is_named, dialect, base_url, source,
        &cause);
  if (credentials == NULL && cause == NULL)
    set_not_found (dialect, path, &cause);
  if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return credentials;
}

/**
 * kling_credentials_find:
 * @properties: what the properties api-key, access-key and secret-key are set to
 * @dialect: how the service spells the API; some take an access key with a
 *   secret key instead of an API key
 * @file: (nullable): the credentials file that was named, or %NULL for the
 *   default one, which need not exist
 * @base_url: (nullable): base URL of the service; a file may have keys for
 *   several, in groups named by their URLs
 * @source: (out) (optional): what was found and where, for people
 * @error: set to %KLING_ERROR_CREDENTIALS
 *
 * Reads the environment and at most one small local file, so it may be called
 * from a state change.
 *
 * Returns: (transfer full) (nullable): an API key, or an access key with a
 *   secret key
 */
KlingCredentials *
kling_credentials_find (const KlingCredentials * properties,
    const KlingDialect * dialect, const gchar * file, const gchar * base_url,
    gchar ** source, GError ** error)
{
  g_autofree gchar *found = NULL;
  KlingCredentials *credentials = find_anywhere (properties, dialect, file,
      base_url, &found, error);

  if (source != NULL)
    *source = g_steal_pointer (&found);
  return credentials;
}
