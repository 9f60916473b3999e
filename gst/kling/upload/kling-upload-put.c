/* klinglipsync: uploads by PUT: WebDAV, nginx, presigned URLs
 *
 * The address says where the file goes, and without its query it is where the
 * file can be read, unless upload-public-url says otherwise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include <string.h>
#include "kling-secret.h"
#include "kling-url.h"

/* Templates: with {name}, or neither has it */
typedef struct
{
  gchar *address;
  gchar *public_url;
} Place;

static void
place_free (gpointer data)
{
  Place *place = data;

  kling_secret_wipe_string (place->address);
  kling_secret_wipe_string (place->public_url);
  g_free (place);
}

/* A name in the host would send each file, and the credentials, elsewhere. */
static gboolean
check_template (const gchar * what, const gchar * text, GError ** error)
{
  g_autofree gchar *one = kling_upload_insert_name (text, "one");
  g_autofree gchar *two = kling_upload_insert_name (text, "two");
  g_autofree gchar *one_origin = kling_url_origin (one);
  g_autofree gchar *two_origin = kling_url_origin (two);

  if (!kling_url_check_upload (what, one, error))
    return FALSE;
  if (g_strcmp0 (one_origin, two_origin) == 0)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "%s has " KLING_UPLOAD_NAME " in its host; it belongs into the path, as"
      " in https://host/dir/" KLING_UPLOAD_NAME ".", what);
  return FALSE;
}

static gboolean
check_names (const Place * place, GError ** error)
{
  gboolean in_address = strstr (place->address, KLING_UPLOAD_NAME) != NULL;
  gboolean in_public = strstr (place->public_url, KLING_UPLOAD_NAME) != NULL;

  if (in_address == in_public)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS, "%s",
      in_address ? "The property upload has " KLING_UPLOAD_NAME " in it, and"
      " the URL to read from has not: set the property upload-public-url to"
      " one with " KLING_UPLOAD_NAME "." :
      "The property upload-public-url has " KLING_UPLOAD_NAME " in it, and the"
      " property upload has not.");
  return FALSE;
}

static gboolean
put_parse (KlingUpload * upload, const KlingUploadConfig * config,
    GError ** error)
{
  Place *place = g_new0 (Place, 1);

  upload->place = place;
  place->address = g_strdup (config->address);
  place->public_url = config->public_url ? g_strdup (config->public_url)
      : g_strndup (config->address, strcspn (config->address, "?"));
  if (!check_template ("The property upload", place->address, error)
      || !check_template ("The property upload-public-url", place->public_url,
          error)
      || !check_names (place, error))
    return FALSE;
  upload->shown = kling_url_display_host (place->address);
  upload->identity = kling_upload_make_identity (place->address);
  upload->holds_one = strstr (place->address, KLING_UPLOAD_NAME) == NULL;
  upload->is_loopback = kling_url_is_loopback (place->public_url);
  return TRUE;
}

static gboolean
put_put (KlingUploaded * uploaded, const KlingUploadFile * file,
    const KlingUploadWay * way, GError ** error)
{
  const Place *place = uploaded->upload->place;
  g_autofree gchar *url = kling_upload_insert_name (place->address,
      uploaded->name);

  if (!kling_upload_put_file (uploaded->upload, url, file, way, error))
    return FALSE;
  uploaded->url = kling_upload_insert_name (place->public_url, uploaded->name);
  return TRUE;
}

static gboolean
put_remove (KlingUploaded * uploaded, const KlingUploadWay * way,
    GError ** error)
{
  const Place *place = uploaded->upload->place;
  g_autofree gchar *url = kling_upload_insert_name (place->address,
      uploaded->name);

  return kling_upload_delete_file (uploaded, url, way, error);
}

const KlingUploadKind kling_upload_kind_put = {
  "https:",
  TRUE,
  TRUE,
  "It does not accept the credentials of the upload place, which are not those"
      " of the service: check upload-headers, or the signature in the address.",
  "The directory is not there: create it, or correct the path in the property"
      " upload.",
  put_parse,
  place_free,
  NULL,
  put_put,
  put_remove,
  NULL,
};
