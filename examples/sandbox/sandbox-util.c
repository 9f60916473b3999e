/* Small helpers of the sandbox: bounded JSON, files, random names.
 *
 * Pure functions, on any thread; none of them keeps state.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-util.h"

#include <glib/gstdio.h>
#include <string.h>

G_DEFINE_QUARK (sandbox - error, sandbox_error);

/* Counts brackets outside of strings. Whether they match is json-glib's
 * business; that there are few is ours. */
static gboolean
depth_is_bounded (const char *data, gsize length)
{
  guint depth = 0;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < length; i++) {
    char c = data[i];

    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = FALSE;
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '{' || c == '[') {
      if (++depth > SANDBOX_JSON_DEPTH)
        return FALSE;
    } else if ((c == '}' || c == ']') && depth > 0) {
      depth--;
    }
  }
  return TRUE;
}

/**
 * sandbox_json_parse:
 * @data: bytes from outside, not necessarily terminated
 * @length: how many
 * @error: return location
 *
 * Reads JSON that nobody vouches for: UTF-8 only, at most
 * %SANDBOX_JSON_DEPTH levels.
 *
 * Returns: (transfer full): the root, or %NULL
 */
JsonNode *
sandbox_json_parse (const char *data, gsize length, GError ** error)
{
  g_autoptr (JsonParser) parser = NULL;

  if (length == 0 || !g_utf8_validate (data, length, NULL)) {
    g_set_error_literal (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER,
        "the body is not JSON in UTF-8");
    return NULL;
  }
  if (!depth_is_bounded (data, length)) {
    g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER,
        "the JSON is nested deeper than %d levels", SANDBOX_JSON_DEPTH);
    return NULL;
  }
  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, data, length, error))
    return NULL;
  return json_parser_steal_root (parser);
}

/**
 * sandbox_json_parse_object:
 * @data: bytes from outside
 * @length: how many
 * @error: return location
 *
 * As sandbox_json_parse(), for a body that has to be an object.
 *
 * Returns: (transfer full): the object, or %NULL
 */
JsonObject *
sandbox_json_parse_object (const char *data, gsize length, GError ** error)
{
  g_autoptr (JsonNode) root = sandbox_json_parse (data, length, error);

  if (root == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error_literal (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER,
        "the JSON is not an object");
    return NULL;
  }
  return json_node_dup_object (root);
}

char *
sandbox_json_print (JsonNode * node)
{
  return json_to_string (node, FALSE);
}

char *
sandbox_json_print_object (JsonObject * object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return json_to_string (node, FALSE);
}

static JsonNode *
get_value (JsonObject * object, const char *member)
{
  JsonNode *node = object ? json_object_get_member (object, member) : NULL;

  return node && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

/**
 * sandbox_json_string:
 * @object: (nullable): where to look
 * @member: its name
 *
 * Returns: (transfer none) (nullable): the string, or %NULL when there is
 *   none or something else stands there
 */
const char *
sandbox_json_string (JsonObject * object, const char *member)
{
  JsonNode *node = get_value (object, member);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

JsonObject *
sandbox_json_object (JsonObject * object, const char *member)
{
  JsonNode *node = object ? json_object_get_member (object, member) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ?
      json_node_get_object (node) : NULL;
}

gboolean
sandbox_json_number (JsonObject * object, const char *member, double *value)
{
  JsonNode *node = get_value (object, member);
  GType type = node ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
    return FALSE;
  *value = json_node_get_double (node);
  return TRUE;
}

gint64
sandbox_json_integer (JsonObject * object, const char *member, gint64 fallback)
{
  JsonNode *node = get_value (object, member);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_INT64)
    return fallback;
  return json_node_get_int (node);
}

gboolean
sandbox_json_true (JsonObject * object, const char *member)
{
  JsonNode *node = get_value (object, member);

  return node && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
      json_node_get_boolean (node);
}

char *
sandbox_random_hex (guint bytes)
{
  GString *hex = g_string_sized_new (bytes * 2);

  for (guint i = 0; i < bytes; i++)
    g_string_append_printf (hex, "%02x", g_random_int_range (0, 256));
  return g_string_free (hex, FALSE);
}

/* A number as the service's ids are: too long for a double, so that a client
 * which reads it as one is found out: near 10^17 every double is even. */
char *
sandbox_random_digits (guint digits)
{
  GString *number = g_string_sized_new (digits);

  g_string_append_c (number, '8');
  while (number->len < digits - 1)
    g_string_append_c (number, '0' + g_random_int_range (0, 10));
  g_string_append_c (number, '7');
  return g_string_free (number, FALSE);
}

char *
sandbox_file_sha256 (const char *path, GError ** error)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, error);
  g_autoptr (GBytes) bytes = NULL;

  if (map == NULL)
    return NULL;
  bytes = g_mapped_file_get_bytes (map);
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

/* Renamed into place: whoever reads, also after a SIGKILL, finds the old text
 * or the new one. */
gboolean
sandbox_write_file (const char *path, const char *text, GError ** error)
{
  return g_file_set_contents_full (path, text, -1,
      G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* Only for the temporary state directory, which this process made. Does not
 * follow symbolic links: what is not a real directory is unlinked. */
gboolean
sandbox_remove_tree (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (g_file_test (path, G_FILE_TEST_IS_SYMLINK)
      || !g_file_test (path, G_FILE_TEST_IS_DIR))
    return g_unlink (path) == 0;

  dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    sandbox_remove_tree (child);
  }
  return g_rmdir (path) == 0;
}

/**
 * sandbox_load_folder:
 * @folder: a folder of ours; nothing is loaded when it is not there
 * @load: called with the path of each of its .json files
 * @data: for @load
 */
void
sandbox_load_folder (const char *folder, SandboxLoad load, gpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_str_has_suffix (name, ".json"))
      load (path, data);
  }
}

/* What may be written down of a URL: the query of a signed one is a key. */
char *
sandbox_url_without_query (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL)
    return g_strdup ("(no URL)");
  return g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO |
      G_URI_HIDE_QUERY | G_URI_HIDE_FRAGMENT);
}

gboolean
sandbox_host_is_loopback (const char *host)
{
  return host != NULL && (g_ascii_strcasecmp (host, "localhost") == 0
      || strcmp (host, "127.0.0.1") == 0 || strcmp (host, "::1") == 0
      || strcmp (host, "[::1]") == 0);
}
