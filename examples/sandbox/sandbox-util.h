/* Small helpers of the sandbox: bounded JSON, files, random names.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* json-glib parses by recursion: nothing deeper than this reaches it. */
#define SANDBOX_JSON_DEPTH 64

#define SANDBOX_ERROR (sandbox_error_quark ())
GQuark sandbox_error_quark (void);

/* The code of a SANDBOX_ERROR is the service code of the answer. */
typedef enum {
  SANDBOX_ERROR_INTERNAL = 5000,
  SANDBOX_ERROR_PARAMETER = 1200,
  SANDBOX_ERROR_VALUE = 1201,
} SandboxError;

JsonNode *sandbox_json_parse (const char *data, gsize length, GError **error);
JsonObject *sandbox_json_parse_object (const char *data, gsize length,
    GError **error);
char *sandbox_json_print (JsonNode *node);
char *sandbox_json_print_object (JsonObject *object);

const char *sandbox_json_string (JsonObject *object, const char *member);
JsonObject *sandbox_json_object (JsonObject *object, const char *member);
gboolean sandbox_json_number (JsonObject *object, const char *member,
    double *value);
gint64 sandbox_json_integer (JsonObject *object, const char *member,
    gint64 fallback);
gboolean sandbox_json_true (JsonObject *object, const char *member);

char *sandbox_random_hex (guint bytes);
char *sandbox_random_digits (guint digits);
char *sandbox_file_sha256 (const char *path, GError **error);
gboolean sandbox_write_file (const char *path, const char *text,
    GError **error);
gboolean sandbox_remove_tree (const char *path);

typedef void (*SandboxLoad) (const char *path, gpointer data);
void sandbox_load_folder (const char *folder, SandboxLoad load, gpointer data);

char *sandbox_url_without_query (const char *url);
gboolean sandbox_host_is_loopback (const char *host);

G_END_DECLS
