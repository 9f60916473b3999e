/* klinglipsync: no upload at all: this process serves the file
 *
 * For a machine that the service can reach, directly or through a tunnel, and
 * for the sandbox, which is on this machine. The path is 128 random bits.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include <string.h>
#include "kling-upload-server.h"
#include "kling-url.h"

typedef struct
{
  guint16 port;
  gchar *public_url;            /* NULL: on loopback */
} Place;

static void
place_free (gpointer data)
{
  Place *place = data;

  g_free (place->public_url);
  g_free (place);
}

static gboolean
parse_port (Place * place, const gchar * text, gsize size, GError ** error)
{
  g_autofree gchar *port = g_strndup (text, size);
  guint64 value;

  if (g_ascii_string_to_unsigned (port, 10, 0, G_MAXUINT16, &value, NULL)) {
    place->port = (guint16) value;
    return TRUE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The property upload has no port from 0 to %d after serve:. It looks like"
      " serve:8080?public=https://my.host/, or serve:0 for any free port of"
      " this machine.", G_MAXUINT16);
  return FALSE;
}

static gboolean
parse_public (Place * place, const gchar * text, GError ** error)
{
  static const gchar *const names[] = { "public", NULL };
  g_autoptr (GHashTable) options = kling_upload_parse_options (text, names,
      error);

  if (options == NULL)
    return FALSE;
  place->public_url = g_strdup (g_hash_table_lookup (options, "public"));
  if (place->public_url == NULL)
    return TRUE;
  if (!kling_url_check_upload ("The option public of serve:",
          place->public_url, error))
    return FALSE;
  if (strchr (place->public_url, '?') == NULL)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The option public of serve: must not have a query (?...): the name of"
      " the file is put at its end.");
  return FALSE;
}

static gboolean
serve_parse (KlingUpload * upload, const KlingUploadConfig * config,
    GError ** error)
{
  const gchar *text = config->address + strlen ("serve:");
  const gchar *query = strchr (text, '?');
  Place *place = g_new0 (Place, 1);

  upload->place = place;
  if (!parse_port (place, text, strcspn (text, "?"), error)
      || !parse_public (place, query ? query + 1 : NULL, error))
    return FALSE;
  upload->shown = place->public_url ? kling_url_display_host (place->public_url)
      : g_strdup ("http://127.0.0.1");
  upload->is_loopback = place->public_url == NULL
      || kling_url_is_loopback (place->public_url);
  return TRUE;
}

/* Returns: (transfer full): where the service finds the file */
static gchar *
make_url (const Place * place, const KlingServedFile * served,
    const gchar * path)
{
  g_autofree gchar *base = NULL;

  if (place->public_url != NULL)
    return kling_url_join (place->public_url, path);
  base = g_strdup_printf ("http://127.0.0.1:%u",
      kling_served_file_get_port (served));
  return kling_url_join (base, path);
}

/* The file does not stay: it is served as long as the upload is there. */
static gboolean
serve_put (KlingUploaded * uploaded, const KlingUploadFile * file,
    const KlingUploadWay * way, GError ** error)
{
  const Place *place = uploaded->upload->place;
  g_autofree gchar *token = kling_upload_make_token (error);
  g_autoptr (GBytes) bytes = token ?
      kling_spool_get_bytes (file->spool, error) : NULL;
  g_autofree gchar *path = NULL;

  if (bytes == NULL)
    return FALSE;
  g_free (uploaded->name);
  uploaded->name = g_strdup_printf ("%s.%s", token, file->extension);
  path = g_strconcat ("/", uploaded->name, NULL);
  uploaded->state = kling_served_file_new (place->port,
      place->public_url != NULL, path, file->content_type, bytes, error);
  if (uploaded->state == NULL)
    return FALSE;
  uploaded->url = make_url (place, uploaded->state, path);
  return TRUE;
}

static void
serve_free_state (gpointer state)
{
  kling_served_file_free (state);
}

static gboolean
serve_remove (KlingUploaded * uploaded, const KlingUploadWay * way,
    GError ** error)
{
  g_clear_pointer (&uploaded->state, serve_free_state);
  return TRUE;
}

const KlingUploadKind kling_upload_kind_serve = {
  "serve:",
  FALSE,
  FALSE,
  NULL,
  NULL,
  serve_parse,
  place_free,
  NULL,
  serve_put,
  serve_remove,
  serve_free_state,
};
