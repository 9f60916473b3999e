/* klinglipsync: where keys come from
 *
 * A key is looked for in the property, in the environment and in a file, in
 * this order, by whoever calls. No error and no log line holds any part of a
 * key or of the file: even the complaint of a parser quotes the line it does
 * not understand.
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

#define KEY_VARIABLE "KLING_API_KEY"
#define KEY_NAME "api-key"
#define GENERAL_GROUP "klinglipsync"
#define MAX_FILE_SIZE (64 * 1024)

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

/* A key becomes the value of a header. */
static KlingSecret *
make_secret (const gchar * text, const gchar * source, GError ** error)
{
  gchar *key = g_strstrip (g_strdup (text));
  KlingSecret *secret = NULL;
  gsize i = 0;

  while (g_ascii_isgraph (key[i]))
    i++;
  if (key[i] == '\0')
    secret = kling_secret_new (key);
  else
    set_error (error, "The key in the %s has a blank or another character in"
        " it that no key has. Copy it again from the service's console.",
        source);
  kling_secret_wipe_string (key);
  return secret;
}

static gboolean
is_blank (const gchar * text)
{
  return text == NULL || text[strspn (text, " \t\r\n")] == '\0';
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

/* Returns: (transfer full): the group for @base_url, or the general one */
static gchar *
find_group (GKeyFile * keys, const gchar * base_url)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  g_autofree gchar *wanted = kling_url_origin (base_url);

  for (guint i = 0; wanted != NULL && groups[i] != NULL; i++) {
    g_autofree gchar *origin = kling_url_origin (groups[i]);

    if (g_strcmp0 (origin, wanted) == 0
        && g_key_file_has_key (keys, groups[i], KEY_NAME, NULL))
      return g_strdup (groups[i]);
  }
  return g_strdup (GENERAL_GROUP);
}

/* Returns: (nullable): the key in the text of a file, for
 * kling_secret_wipe_string() */
static gchar *
find_in_text (const gchar * text, const gchar * path, const gchar * base_url,
    GError ** error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autofree gchar *group = NULL;

  if (!g_key_file_load_from_data (keys, text, strlen (text), G_KEY_FILE_NONE,
          NULL)) {
    set_error (error, "The credentials file %s cannot be understood; it has a"
        " line [%s] and below it a line %s=KEY.", path, GENERAL_GROUP,
        KEY_NAME);
    return NULL;
  }
  group = find_group (keys, base_url);
  return g_key_file_get_string (keys, group, KEY_NAME, NULL);
}

static KlingSecret *
find_in_file (const gchar * path, gboolean is_named, const gchar * base_url,
    gchar ** source, GError ** error)
{
  gchar *text, *key;
  KlingSecret *secret = NULL;
  g_autoptr (GError) cause = NULL;

  text = load_file (path, is_named, error);
  if (text == NULL)
    return NULL;
  key = find_in_text (text, path, base_url, &cause);
  kling_secret_wipe_string (text);
  *source = g_strdup_printf ("file %s", path);

  if (!is_blank (key)) {
    secret = make_secret (key, *source, error);
  } else if (cause != NULL) {
    g_propagate_error (error, g_steal_pointer (&cause));
  } else if (is_named) {
    g_autofree gchar *shown = kling_url_display (base_url);

    set_error (error, "The credentials file %s has no line %s=KEY, neither in"
        " a group [%s] nor in the group [%s].", path, KEY_NAME, shown,
        GENERAL_GROUP);
  }
  kling_secret_wipe_string (key);
  return secret;
}

/* --- all places --- */

static void
set_not_found (GError ** error, const gchar * path)
{
  set_error (error, "There is no key for the service. Set the environment"
      " variable " KEY_VARIABLE ", or the property " KEY_NAME ", or put it"
      " into %s. To try things without an account, use the sandbox:"
      " examples/sandbox, kling-sandbox --help.", path);
}

static KlingSecret *
find_anywhere (const KlingSecret * property, const gchar * file,
    const gchar * base_url, gchar ** source, GError ** error)
{
  const gchar *variable = g_getenv (KEY_VARIABLE);
  gboolean is_named = file != NULL && *file != '\0';
  g_autofree gchar *path = NULL;
  g_autoptr (GError) cause = NULL;
  KlingSecret *secret;

  if (property != NULL && !is_blank (kling_secret_peek (property))) {
    *source = g_strdup ("property " KEY_NAME);
    return make_secret (kling_secret_peek (property), *source, error);
  }
  if (!is_blank (variable)) {
    *source = g_strdup ("environment " KEY_VARIABLE);
    return make_secret (variable, *source, error);
  }

  path = is_named ? g_strdup (file) : kling_credentials_default_file ();
  secret = find_in_file (path, is_named, base_url, source, &cause);
  if (secret == NULL && cause == NULL)
    set_not_found (error, path);
  else if (secret == NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return secret;
}

/**
 * kling_credentials_find:
 * @property: (nullable): what the property api-key is set to
 * @file: (nullable): the credentials file that was named, or %NULL for the
 *   default one, which need not exist
 * @base_url: (nullable): base URL of the service; a file may have keys for
 *   several, in groups named by their URLs
 * @source: (out) (optional): where the key was found, for people
 * @error: set to %KLING_ERROR_CREDENTIALS
 *
 * Reads the environment and at most one small local file, so it may be called
 * from a state change.
 *
 * Returns: (transfer full) (nullable): the key
 */
KlingSecret *
kling_credentials_find (const KlingSecret * property, const gchar * file,
    const gchar * base_url, gchar ** source, GError ** error)
{
  g_autofree gchar *found = NULL;
  KlingSecret *secret = find_anywhere (property, file, base_url, &found,
      error);

  if (source != NULL)
    *source = secret ? g_steal_pointer (&found) : NULL;
  return secret;
}
